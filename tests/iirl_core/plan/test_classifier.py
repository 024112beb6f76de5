"""What a plan says of a stock classifier is what sealing finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iirl_core.config.encoding import TextEncoderSection
from iirl_core.plan import backbone_of, classifier_refusal
from tests.iirl_core.artifact.samples import config
from tests.iirl_core.classifier.test_classifier import sealed
from tests.iirl_core.encoder.tiny import Kind, tiny

PLAIN = {"family": "discriminator", "hidden": 8, "members": 3}


@pytest.mark.parametrize(
    ("kind", "pooling", "family", "why"),
    [
        ("bert", "mean", {"family": "discriminator", "members": 2}, None),
        ("bert", "mean", {"family": "discriminator", "members": 4}, "at most 32"),
        ("bert", "mean", {**PLAIN, "hidden": 0}, "hidden above 0"),
        ("bert", "last", PLAIN, "encoder.pooling: mean"),
        ("bert", "mean", {**PLAIN, "combine": "min"}, "expertness.combine: mean"),
        ("roberta", "cls", {"family": "joint", "hidden": 8, "steps": 1}, None),
        ("roberta", "cls", {"family": "joint", "hidden": 8}, "expertness.steps: 1"),
        ("llama", "last", {**PLAIN, "hidden": 0}, None),
        ("llama", "last", PLAIN, "expertness.hidden: 0"),
        ("llama", "mean", {**PLAIN, "hidden": 0}, "encoder.pooling: last"),
        ("qwen2", "last", {"family": "joint", "hidden": 0, "steps": 1}, "without a constant"),
        ("bert", "mean", {"family": "autoencoder_mixture", "experts": 1, "bottleneck": 2}, "no head of its own"),
    ],
)
def test_a_plan_knows_what_sealing_will_refuse(
    tmp_path: Path, kind: Kind, pooling: str, family: dict[str, Any], why: str | None
) -> None:
    model = tiny(kind, tmp_path / "model")
    artifact = sealed(tmp_path, model, family, pooling=pooling)
    shape = backbone_of(json.loads((Path(model) / "config.json").read_text()))
    sections = config("conversation", encoder={"kind": "text", "model": model, "pooling": pooling}, expertness=family)
    assert isinstance(sections.encoder, TextEncoderSection)
    said = classifier_refusal(sections.encoder, sections.expertness, shape)
    assert (said is None) == artifact.manifest.has_classifier
    if why is not None:
        assert artifact.manifest.classifier is not None
        assert artifact.manifest.classifier["why"] == said
        assert why in str(said)
