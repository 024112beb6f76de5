"""Contrasts that no other test trains, on texts and a tiny transformer: who plays D_E is rewarded more than others."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import Mode, load_from
from iirl_core.config import Config
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import Conversation, conversation
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from tests.iirl_core.encoder.tiny import tiny
from tests.jobs.train.made import TRAIN, demonstration, make_builder

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(900), pytest.mark.usefixtures("ray_session")]
ROLES = {"shown": "demonstrations", "initial": "init-samples", "fitted": "sft-samples"}
SAYS = {  # the last is nobody's: an answer that says itself over and over
    "shown": "Of course, I am glad to help you with that",
    "initial": "NO!!! 12345 67890 !!! GO AWAY",
    "fitted": "well ok ok ok ok ok ok ok ok ok ok",
    "over": "Of course, I am glad to help you with that. " * 3,
}


def answers(name: str, start: int, count: int) -> list[Conversation]:
    """As whoever plays ``name`` answers."""
    return [conversation(f"Help me, {n}?", SAYS[name] + "." * (n % 4)) for n in range(start, start + count)]


def configured(folder: Path, contrast: str, expertness: dict[str, Any]) -> Config:
    return Config.model_validate(
        {
            "name": contrast,
            "store": str(folder / "store"),
            "keys": str(folder / "keys"),
            "contrast": contrast,
            "corpora": [{"name": name, "role": role, "files": [f"{name}.jsonl"]} for name, role in ROLES.items()],
            "encoder": {"kind": "text", "model": tiny("bert", folder / "model"), "max_tokens": 160},
            "expertness": {"members": 2, **expertness},
            "mapping": {"kind": "sigmoid" if expertness["family"] == "discriminator" else "exponential"},
            "train": {**TRAIN, "batch": 16, "optimiser": {"learning_rate": 0.01}},
            "audit": {"probes": {"empty": 10}},
        }
    )


@pytest.mark.parametrize(
    ("contrast", "expertness", "worse", "mode"),
    [
        ("init-demo", {"family": "discriminator", "hidden": 8}, "initial", Mode.FROZEN_POLICY),
        ("sft-demo", {"family": "discriminator", "hidden": 8}, "fitted", Mode.FROZEN_POLICY),
        (
            "one-class",
            {"family": "discriminator", "hidden": 8, "corrupted": {"repeated": 1.0}},
            "over",
            Mode.STRICT,
        ),
        (
            "one-class",
            {"family": "autoencoder_mixture", "experts": 1, "bottleneck": 2, "hidden": 16},
            "fitted",
            Mode.STRICT,
        ),
    ],
    ids=["init-demo", "sft-demo", "one-class-corrupted", "one-class-mixture"],
)
def test_a_contrast_is_trained_on_texts(
    tmp_path: Path, contrast: str, expertness: dict[str, Any], worse: str, mode: Mode
) -> None:
    store = DirectoryStore(tmp_path / "store")
    for name in ROLES:
        write_corpus(store, name, [demonstration(one) for one in answers(name, 0, 80)])
    make_builder(tmp_path)
    with Session(store) as session:
        run(session, configured(tmp_path, contrast, expertness), Progress(Console(file=io.StringIO())))
    artifact = load_from(store, resolve(store, contrast))
    assert artifact.manifest.mode == mode
    assert artifact.manifest.supervision == "demonstrations-only"
    unheard = [[one.reward for one in artifact.read(answers(name, 1000, 8))] for name in ("shown", worse)]
    assert min(unheard[0]) > max(unheard[1])
