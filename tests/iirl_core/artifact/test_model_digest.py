"""Repairs are of one model: another of the same shapes refuses them, however they came beside it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from iirl_core.artifact import Artifact, ArtifactDraft, load, load_from, seal, seal_child
from iirl_core.artifact.entries import FileEntry
from iirl_core.artifact.files import digest_file
from iirl_core.artifact.model_digest import encoder_digest, model_digest
from iirl_core.artifact.patch_file import PATCH_FILE
from iirl_core.artifact.repair_files import SCULPT_FILE
from iirl_core.canonical import canonical_json
from iirl_core.demonstration import conversation
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import ArtifactError
from iirl_core.patch import Repairs, Sculpt
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import patch_at, text_draft, trajectory_draft, walks
from tests.iirl_core.classifier.test_classifier import BAD, PLAIN, sealed
from tests.iirl_core.encoder.tiny import tiny


def elsewhere() -> ArtifactDraft:
    """The sample with an encoder of the same shape, that reads every state a little aside."""
    draft = trajectory_draft()
    encoder = draft.model.encoder
    assert isinstance(encoder, TrajectoryEncoder)
    other = dataclasses.replace(encoder, mean=encoder.mean + 0.05)
    return dataclasses.replace(draft, model=draft.model.with_encoder(other))


def repaired(store: DirectoryStore, draft: ArtifactDraft) -> Artifact:
    """With a kernel and a sculpted map."""
    root = load_from(store, seal(store, draft))
    low = float(root.model.rows(root.guard.z).signal.min())
    kernel = patch_at(root.model, walks(1, seed=9)[0], strength=0.01)
    sculpt = Sculpt("lower", ((low - 2, 0.05), (low - 1, 1.0)), ("f-1",), ("n",), 1)
    return load_from(store, seal_child(store, root, Repairs((kernel,), sculpts=(sculpt,))))


def exchanged(artifact: Artifact, path: str, data: bytes, folder: Path) -> Artifact:
    """The artifact with other bytes in one of its files, and a manifest that lists them."""
    shutil.copytree(artifact.folder, folder)
    (folder / path).write_bytes(data)
    entry = FileEntry(path, *digest_file(folder / path))
    files = tuple(entry if one.path == path else one for one in artifact.manifest.files)
    (folder / "manifest.json").write_bytes(dataclasses.replace(artifact.manifest, files=files).bytes())
    return load(folder)


@pytest.mark.parametrize("path", [PATCH_FILE, SCULPT_FILE])
def test_repairs_that_were_made_for_another_encoder_are_refused_at_loading(tmp_path: Path, path: str) -> None:
    store = DirectoryStore(tmp_path / "store")
    ours, theirs = repaired(store, trajectory_draft()), repaired(store, elsewhere())
    with pytest.raises(ArtifactError, match=r"made for another encoder.*sha256:\w+; expected .*iirl patch") as refused:
        exchanged(ours, path, (theirs.folder / path).read_bytes(), tmp_path / "forged")
    assert path in str(refused.value)
    assert "\n" not in str(refused.value)
    exchanged(ours, path, (ours.folder / path).read_bytes(), tmp_path / "same")


def test_repairs_that_do_not_say_for_what_they_were_made_are_taken_as_before(tmp_path: Path) -> None:
    artifact = repaired(DirectoryStore(tmp_path / "store"), trajectory_draft())
    document = json.loads((artifact.folder / PATCH_FILE).read_bytes())
    former = canonical_json([{name: value for name, value in one.items() if name != "model"} for one in document])
    assert exchanged(artifact, PATCH_FILE, former, tmp_path / "former").model.repairs == artifact.model.repairs


def test_repairs_leave_the_model_what_it_was_and_all_else_makes_another(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    child = repaired(store, trajectory_draft())
    assert child.manifest.parent is not None
    root = load_from(store, child.manifest.parent)
    mine = model_digest(root.manifest)
    assert model_digest(child.manifest) == mine
    calibration = dataclasses.replace(root.manifest.calibration, input=2 * root.manifest.calibration.input)
    assert model_digest(dataclasses.replace(root.manifest, calibration=calibration)) != mine
    weights = root.manifest.file("model/expertness.safetensors")
    others = tuple(one for one in root.manifest.files if one != weights)
    assert model_digest(dataclasses.replace(root.manifest, files=others)) != mine


def test_a_classifier_that_tells_of_patches_is_still_the_same_model(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    root = load_from(store, seal(store, text_draft()))
    assert root.manifest.has_classifier
    far = patch_at(root.model, conversation("Can you help me?", "No, go away."), strength=0.01)
    child = load_from(store, seal_child(store, root, [far]))
    assert model_digest(child.manifest) == model_digest(root.manifest)
    (record,) = json.loads((child.folder / PATCH_FILE).read_bytes())
    assert record["model"] == model_digest(root.manifest)


def test_a_patched_child_has_its_parents_encoder_and_another_training_has_not(tmp_path: Path) -> None:
    parent = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN)
    store = DirectoryStore(tmp_path / "store")
    child = load_from(store, seal_child(store, parent, [patch_at(parent.model, BAD[0], strength=0.01)]))
    other = sealed(tmp_path, str(tmp_path / "bert"), PLAIN, pooling="cls")
    assert encoder_digest(child.manifest) == encoder_digest(parent.manifest)
    assert encoder_digest(other.manifest) != encoder_digest(parent.manifest)
