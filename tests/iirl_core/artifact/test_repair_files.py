"""Repairs beside patches, sealed: the child holds them, says so, and gives the same Readings wherever it is loaded."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from iirl_core.artifact import load_from, seal, seal_child
from iirl_core.artifact.edit_file import EDIT_FILE
from iirl_core.artifact.model_digest import model_digest
from iirl_core.artifact.repair_files import (
    PROJECTION_FILE,
    SCULPT_FILE,
    repairs_document,
    repairs_from,
    repairs_of,
    stored_repairs,
    write_repairs,
)
from iirl_core.canonical import canonical_json, digest_json
from iirl_core.errors import ArtifactError, Tampered
from iirl_core.patch import Ball, Projection, Repairs, Sculpt, WeightEdit
from iirl_core.patch.edit import Change
from iirl_core.reward_model import RewardModel
from iirl_core.signing import Fields
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import patch_at, text_draft, trajectory_draft, walks

MODEL = digest_json("a model")


def gentle(width: int = 4) -> Projection:
    """Noise of the walks, along which rewards hardly move: the third number never changes."""
    draft = trajectory_draft()
    return Projection.of(torch.eye(width)[2:3], draft.guard.z.mean(dim=0), ("f-1", "f-2"), ("n",), 1)


def test_a_removed_direction_is_sealed_with_the_child_and_read_back(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, trajectory_draft()))
    patch = patch_at(root.model, walks(1, seed=9)[0], strength=0.01)
    child = load_from(store, seal_child(store, root, Repairs((patch,), (gentle(),))))
    assert child.model.repairs == Repairs((patch,), (gentle(),))
    assert stored_repairs(store, child.digest) == child.model.repairs
    assert child.manifest.repairs == {"patches": 1, "projections": 1}
    assert "1 patch, 1 projection enabled" in (child.folder / "README.md").read_text(encoding="utf-8")
    assert child.manifest.golden != root.manifest.golden
    items = walks(3, seed=5)
    expected = root.model.with_repairs(child.model.repairs).read(items)
    assert [one.reward for one in child.read(items)] == pytest.approx([one.reward for one in expected], abs=1e-6)
    for path in ("model/expertness.safetensors", "guard/guard.safetensors"):
        assert child.manifest.file(path) == root.manifest.file(path)


def test_a_sculpted_map_is_sealed_beside_the_map_of_training(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, trajectory_draft()))
    low = float(root.model.rows(root.guard.z).signal.min())
    held = Sculpt("lower", ((low - 2, 0.05), (low - 1, 1.0)), ("f-1",), ("n",), 3)
    child = load_from(store, seal_child(store, root, Repairs(sculpts=(held,))))
    assert child.model.repairs.sculpts == (held,)
    assert child.manifest.repairs == {"patches": 0, "sculpts": 1}
    assert child.manifest.calibration == root.manifest.calibration
    far = root.guard.z + 9
    assert torch.equal(child.model.rewards(far), root.model.with_repairs(Repairs(sculpts=(held,))).rewards(far))
    document = json.loads((child.folder / SCULPT_FILE).read_bytes())
    for field, value in (("side", "sideways"), ("knots", [[1.0]]), ("knots", 3), ("round", 4)):
        folder = tmp_path / f"{field}-{value}"
        write_repairs(folder_in(folder), Repairs(), MODEL)
        changed = [{**document[0], field: value}]
        (folder / SCULPT_FILE).write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(Tampered):
            repairs_of(folder, model_digest(root.manifest))


def slight(model: RewardModel, name: str = "decode_2", size: float = 0.01) -> WeightEdit:
    """Of rank 1, the same for every member and expert."""
    *batch, rows, columns = model.expertness.get_parameter(name).shape
    change = Change.of(name, torch.ones(*batch, rows, 1), size * torch.ones(*batch, 1, columns))
    return WeightEdit((change,), ("f-1", "f-2"), ("n",), 2)


def test_a_weight_edit_is_sealed_beside_the_weights_of_training(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, trajectory_draft()))
    edit = slight(root.model)
    child = load_from(store, seal_child(store, root, Repairs(edits=(edit,))))
    assert child.model.repairs == Repairs(edits=(edit,)) == stored_repairs(store, child.digest)
    assert child.manifest.repairs == {"patches": 0, "edits": 1}
    assert "**Repairs**: 1 edit enabled" in (child.folder / "README.md").read_text(encoding="utf-8")
    weights = "model/expertness.safetensors"
    assert child.manifest.file(weights) == root.manifest.file(weights)
    assert child.manifest.golden != root.manifest.golden
    items = walks(3, seed=5)
    expected = root.model.with_repairs(Repairs(edits=(edit,))).read(items)
    assert [one.signal for one in child.read(items)] == pytest.approx([one.signal for one in expected], abs=1e-6)
    assert [one.signal for one in child.read(items)] != pytest.approx(
        [one.signal for one in root.read(items)], abs=1e-5
    )
    off = Repairs(edits=(dataclasses.replace(edit, enabled=False),))
    back = load_from(store, seal_child(store, child, off))
    assert back.manifest.repairs == {"patches": 0}
    assert [one.reward for one in back.read(items)] == [one.reward for one in root.read(items)]
    with pytest.raises(ArtifactError, match="missing: w-"):
        seal_child(store, child, Repairs())
    with pytest.raises(ArtifactError, match="lose more than their budget"):
        seal_child(store, root, Repairs(edits=(slight(root.model, size=0.5),)))


def test_a_weight_edit_is_read_back_as_it_was_or_refused(tmp_path: Path) -> None:
    repairs = Repairs(edits=(slight(trajectory_draft().model),))
    assert repairs_from(Fields.parse("x", canonical_json(repairs_document(repairs)))) == repairs
    former = {kind: some for kind, some in repairs_document(Repairs()).items() if kind != "edits"}
    assert repairs_from(Fields("x", former)) == Repairs(), "what was suggested before there were any"
    write_repairs(tmp_path, repairs, MODEL)
    (document,) = json.loads((tmp_path / EDIT_FILE).read_bytes())
    change = document["changes"][0]
    for changed in (
        {"round": 3},
        {"changes": 3},
        {"changes": [{**change, "shape": [2, None, 8, 4]}]},
        {"changes": [{**change, "shape": "2"}]},
        {"changes": [{**change, "left": [*change["left"][:-1], 0.5]}]},
    ):
        (tmp_path / EDIT_FILE).write_text(json.dumps([{**document, **changed}]), encoding="utf-8")
        with pytest.raises(Tampered):
            repairs_of(tmp_path, MODEL)


def test_where_a_map_is_sculpted_is_written_only_if_that_is_not_everywhere(tmp_path: Path) -> None:
    knots = ((-2.0, 0.05), (-1.0, 1.0))
    everywhere = Sculpt("lower", knots, ("f-1",), ("n",), 3)
    somewhere = dataclasses.replace(everywhere, ball=Ball("input", 0, (9.0, 9.0, 9.0, 9.0), 0.5, 1.0))
    repairs = Repairs(sculpts=(everywhere, somewhere))
    write_repairs(folder_in(tmp_path / "one"), repairs, MODEL)
    assert repairs_of(tmp_path / "one", MODEL) == repairs
    whole, local = json.loads((tmp_path / "one" / SCULPT_FILE).read_bytes())
    assert "ball" not in whole, "as before there were regions"
    assert local["ball"] == {"space": "input", "expert": 0, "centre": [9, 9, 9, 9], "core": 0.5, "radius": 1.0}
    assert repairs_from(Fields("suggestion", json.loads(canonical_json(repairs_document(repairs))))) == repairs
    store = DirectoryStore(tmp_path / "store")
    root = load_from(store, seal(store, trajectory_draft()))
    child = load_from(store, seal_child(store, root, Repairs(sculpts=(somewhere,))))
    assert child.model.repairs.sculpts == (somewhere,)
    for changed in ({"radius": 0.1}, {"space": "elsewhere"}, {"centre": None}):
        broken = [{**local, "ball": {**local["ball"], **changed}}]
        (tmp_path / "one" / SCULPT_FILE).write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(ArtifactError):
            repairs_of(tmp_path / "one", MODEL)


def folder_in(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_an_artifact_without_one_has_no_such_file_and_says_nothing_of_it(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, trajectory_draft()))
    assert not (root.folder / PROJECTION_FILE).exists()
    assert "projections" not in root.manifest.document()
    assert stored_repairs(store, root.digest) == Repairs()


def test_it_can_be_taken_out_of_effect_but_not_dropped(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, trajectory_draft()))
    child = load_from(store, seal_child(store, root, Repairs(projections=(gentle(),))))
    with pytest.raises(ArtifactError, match="missing: d-"):
        seal_child(store, child, Repairs())
    kept = load_from(store, seal_child(store, child, [patch_at(root.model, walks(1, seed=9)[0], strength=0.01)]))
    assert kept.model.repairs.projections == (gentle(),), "patches alone leave it"
    off = Repairs(projections=(dataclasses.replace(gentle(), enabled=False),))
    back = load_from(store, seal_child(store, child, off))
    assert back.manifest.repairs == {"patches": 0}
    items = walks(3, seed=5)
    assert [one.reward for one in back.read(items)] == [one.reward for one in root.read(items)]


def test_what_it_takes_from_known_good_is_charged(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, trajectory_draft()))
    harsh = Projection.of(torch.eye(4)[:2], root.guard.z.mean(dim=0) + 3, ("f-1",), ("n",), 1)
    with pytest.raises(ArtifactError, match="lose more than their budget"):
        seal_child(store, root, Repairs(projections=(harsh,)))


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    write_repairs(tmp_path, Repairs(projections=(gentle(),)), MODEL)
    assert repairs_of(tmp_path, MODEL).projections == (gentle(),)
    document = json.loads((tmp_path / PROJECTION_FILE).read_bytes())
    for field, value in (("centre", [1.0, 0.0, 0.0, 0.0]), ("directions", 1), ("directions", [[None] * 4])):
        changed = [{**document[0], field: value}]
        (tmp_path / PROJECTION_FILE).write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(Tampered):
            repairs_of(tmp_path, MODEL)


def test_a_classifier_says_that_the_direction_is_still_in_it(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    root = load_from(store, seal(store, text_draft()))
    width = root.model.encoder.width
    direction = torch.zeros(1, width)
    direction[0, 7] = 1
    centre = torch.cat([root.guard.z, root.guard.known_good]).mean(dim=0)
    removed = Projection.of(direction, centre, ("f-1",), ("n",), 1)
    child = load_from(store, seal_child(store, root, Repairs(projections=(removed,))))
    told = json.loads((child.folder / "model" / "config.json").read_bytes())["iirl"]
    assert told == {"gives": "the unpatched signal, not the reward", "patches": 0, "projections": 1}
    assert "none of the artifact's repairs (1 projection) is in it" in (child.folder / "README.md").read_text(
        encoding="utf-8"
    )
    assert child.manifest.file("model/model.safetensors") == root.manifest.file("model/model.safetensors")
