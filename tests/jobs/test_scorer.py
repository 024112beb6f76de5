from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from iirl_core.canonical import Digest, digest_json
from iirl_core.demonstration import Input, conversation
from iirl_core.encoder import Encoded
from jobs.scorer import Assignment, Scorer


class Rows:
    kind = "conversation"

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        return Encoded(torch.zeros(len(inputs), 2), (1,) * len(inputs), (None,) * len(inputs))


class Model:
    def __init__(self) -> None:
        self.encoder = Rows()

    def with_encoder(self, encoder: Any) -> Any:
        return type("Asked", (), {"encoder": encoder})()


class Artifact:
    """As a scorer takes one; ``files`` say which encoder it has."""

    def __init__(self, encoder: str) -> None:
        self.model = Model()
        self.manifest = type("Manifest", (), {"kind": "conversation", "encoder": encoder, "files": ()})()


def assignment(name: str) -> Assignment:
    return Assignment(digest_json(name), held=None, trust_remote_code=False)  # type: ignore[arg-type]


def test_a_scorer_holds_one_encoder_at_a_time_and_remembers_what_the_last_one_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer(str(tmp_path), threads=1, device="cpu")
    loaded: list[weakref.ref[Any]] = []
    named = {digest_json("root"): "a", digest_json("child"): "a", digest_json("other"): "b"}

    def load_from(_: object, digest: Digest, **__: object) -> Artifact:
        gc.collect()
        assert [one() for one in loaded] == [None] * len(loaded)
        made = Artifact(named[digest])
        loaded.append(weakref.ref(made.model.encoder))
        return made

    monkeypatch.setattr("iirl_core.artifact.load_from", load_from)
    item = conversation("Is it open?", "Until six.")
    known = []
    for name in ("root", "child", "other"):
        scorer._load(assignment(name))
        scorer.assignment = assignment(name)
        known.append(item in scorer.encoder.memory)
        scorer.encoder.encode([item])
    assert known == [False, True, False]
