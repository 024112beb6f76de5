"""Every family goes through an artifact and comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from iirl_core.artifact import ArtifactDraft, CorpusEntry, Guard, Provenance, Supervision, load_from, seal
from iirl_core.canonical import digest_bytes
from iirl_core.demonstration import Input, conversation
from iirl_core.expertness import build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, fit, text_draft, text_encoder

TOPICS = ["the bill", "my visit", "the bus", "a refund", "the garden", "my key", "the report", "a seat"]
SIDES = [
    {"name": "kind", "files": ["pairs.jsonl"], "take": "chosen", "paired": True},
    {"name": "rude", "files": ["pairs.jsonl"], "take": "rejected", "paired": True, "role": "negatives"},
]
FAMILIES: list[dict[str, Any]] = [
    {"family": "joint", "hidden": 16, "members": 2},
    {"family": "bradley_terry", "hidden": 16, "members": 2},
]


def answers(text: str) -> list[Input]:
    return [conversation(f"Can you help me with {topic}?", text.format(topic)) for topic in TOPICS]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family["family"]))
def test_a_sealed_artifact_reads_as_the_model_did(family: dict[str, Any], tmp_path: Path) -> None:
    sections = config("conversation", corpora=SIDES, expertness=family, train={"batch": 16})
    encoder = text_encoder()
    good, bad = answers("Of course, I am glad to help with {}."), answers("No. {} is your own problem, go away.")
    z_good, z_bad = encoder.encode(good).z, encoder.encode(bad).z
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    pairs = torch.stack([z_bad[:6], z_good[:6]], dim=1).reshape(12, -1)
    fit(expertness, pairs, torch.tensor([0.0, 1.0]).repeat(6), steps=60)
    model = assemble(sections.mapping, encoder, expertness, z_train=z_good[:6], z_guard=z_good[6:], z_contrast=z_bad)
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z_good[6:], z_good[:6]),
        config=sections,
        corpora=(CorpusEntry("kind", "demonstrations", digest_bytes(b"kind")),),
        metrics={},
        provenance=Provenance(supervision=Supervision.PREFERENCE),
    )
    store = DirectoryStore(tmp_path / "store")
    artifact = load_from(store, seal(store, draft))
    rewards = [reading.reward for reading in artifact.read([*good[6:], *bad[6:]])]
    assert rewards == [reading.reward for reading in model.read([*good[6:], *bad[6:]])]
    assert min(rewards[:2]) > 0.6
    assert max(rewards[2:]) < 0.3
    assert artifact.manifest.calibration.mapping["kind"] == "sigmoid"
    assert artifact.manifest.supervision == "preference"


def test_an_artifact_that_does_not_say_how_many_units_it_has_keeps_those_of_its_weights(tmp_path: Path) -> None:
    draft = text_draft()
    family = {**draft.config.expertness.model_dump(), "hidden": None}
    open_ = replace(draft, config=config("conversation", expertness=family))
    artifact = load_from(store := DirectoryStore(tmp_path / "store"), seal(store, open_))
    assert artifact.manifest.expertness["hidden"] is None
    assert artifact.model.expertness.get_parameter("dense").shape == (3, 384, 16)
    asked = answers("I do not know anything about {}.")
    assert artifact.read(asked) == draft.model.read(asked)
