from __future__ import annotations

from pathlib import Path

from iirl_core.artifact import load_from, seal_child
from iirl_core.store import DirectoryStore
from jobs.scorer import encoder_of
from tests.iirl_core.artifact.samples import patch_at
from tests.iirl_core.classifier.test_classifier import BAD, PLAIN, sealed
from tests.iirl_core.encoder.tiny import tiny


def test_a_patched_child_has_its_parents_encoder_and_another_training_has_not(tmp_path: Path) -> None:
    parent = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN)
    store = DirectoryStore(tmp_path / "store")
    child = load_from(store, seal_child(store, parent, [patch_at(parent.model, BAD[0], strength=0.01)]))
    other = sealed(tmp_path, str(tmp_path / "bert"), PLAIN, pooling="cls")
    assert encoder_of(child) == encoder_of(parent)
    assert encoder_of(other) != encoder_of(parent)
