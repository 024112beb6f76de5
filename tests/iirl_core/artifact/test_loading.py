from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import iirl_core
from iirl_core.artifact import load, load_from, seal, seal_child
from iirl_core.artifact.golden import check_golden, golden_of
from iirl_core.canonical import Digest, canonical_json
from iirl_core.demonstration import conversation
from iirl_core.errors import ArtifactError, InputError, NotFound, Tampered
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import patch_at, trajectory_draft, walks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy that can be spoilt, under a name that does not say its digest."""
    store = DirectoryStore(tmp_path / "store")
    root = load_from(store, seal(store, trajectory_draft()))
    (item,) = walks(1, seed=7)
    child = load_from(store, seal_child(store, root, [patch_at(root.model, item)]))
    shutil.copytree(child.folder, tmp_path / "copy")
    return tmp_path / "copy"


def _edit(folder: Path, change: dict[str, object]) -> None:
    path = folder / "manifest.json"
    path.write_bytes(canonical_json({**json.loads(path.read_bytes()), **change}))


def test_one_line_scores_in_process_from_a_folder_or_its_name(folder: Path) -> None:
    readings = iirl_core.load(str(folder)).read([{"observations": [[0, 0, 5]], "actions": [[0]]}, *walks(1, seed=7)])
    assert 0 <= readings[0].reward <= 1
    assert len(readings[1].step_rewards) == 12


def test_importing_the_core_loads_no_torch() -> None:
    code = "import sys, iirl_core; from iirl_core import load; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_records_of_another_kind_are_the_callers_mistake(folder: Path) -> None:
    artifact = load(folder)
    for item in ({"prompt": "a", "response": "b"}, {"nothing": 1}, conversation("a", "b")):
        with pytest.raises(InputError):
            artifact.read([item])


@pytest.mark.parametrize(
    "name",
    [
        "model/expertness.safetensors",
        "model/spaces.safetensors",
        "model/encoder/standardiser.safetensors",
        "guard/guard.safetensors",
        "patches/patches.json",
        "README.md",
    ],
)
def test_one_changed_byte_in_any_file_is_named(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(Tampered, match=name):
        load(folder)


def test_a_missing_file_and_a_strange_file_are_named(folder: Path) -> None:
    (folder / "model" / "extra.pkl").write_bytes(b"")
    with pytest.raises(Tampered, match=r"extra\.pkl is not listed"):
        load(folder)
    (folder / "model" / "extra.pkl").unlink()
    (folder / "README.md").unlink()
    with pytest.raises(Tampered, match=r"README\.md is missing"):
        load(folder)


def test_a_manifest_that_was_changed_no_longer_has_its_digest(folder: Path) -> None:
    digest = load(folder).digest
    _edit(folder, {"version": "9.0.0"})
    with pytest.raises(Tampered, match="digest"):
        load(folder, expected=digest)


def test_a_folder_named_like_a_digest_must_hold_it(folder: Path) -> None:
    other = folder.with_name("sha256-" + "0" * 64)
    folder.rename(other)
    with pytest.raises(Tampered, match="digest"):
        load(other)


def test_golden_readings_that_differ_are_named(folder: Path) -> None:
    golden = json.loads((folder / "manifest.json").read_bytes())["golden"]
    golden[1]["signal"] -= 1e-3
    _edit(folder, {"golden": golden})
    with pytest.raises(Tampered, match="golden Reading 1"):
        load(folder)
    _edit(folder, {"golden": []})
    with pytest.raises(Tampered, match="no golden Reading"):
        load(folder)


def test_a_map_that_was_swapped_is_caught_by_the_golden_readings(folder: Path) -> None:
    calibration = json.loads((folder / "manifest.json").read_bytes())["calibration"]
    calibration["mapping"]["l_max"] *= 3
    _edit(folder, {"calibration": calibration})
    with pytest.raises(Tampered, match="golden Reading"):
        load(folder)


def test_a_newer_schema_is_not_guessed_at(folder: Path) -> None:
    _edit(folder, {"schema": 3})
    with pytest.raises(ArtifactError, match="schema 3"):
        load(folder)


def test_where_there_is_no_artifact_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no artifact"):
        load(tmp_path)
    with pytest.raises(NotFound, match="is not in"):
        load_from(DirectoryStore(tmp_path), Digest("sha256:" + "0" * 64))


@pytest.mark.parametrize("name", ["signal", "reward", "uncertainty"])
def test_every_number_of_a_golden_reading_is_compared(folder: Path, name: str) -> None:
    golden = json.loads((folder / "manifest.json").read_bytes())["golden"]
    golden[1][name] = 0.5 if golden[1][name] < 0.4 else 0.25
    _edit(folder, {"golden": golden})
    with pytest.raises(Tampered, match=f"golden Reading 1: {name}"):
        load(folder)


def test_a_golden_reading_that_is_not_a_number_is_not_passed() -> None:
    model = trajectory_draft().model
    golden = golden_of(model)
    for name in ("signal", "reward", "uncertainty"):
        with pytest.raises(Tampered, match=name):
            check_golden(model, (replace(golden[0], **{name: float("nan")}),))
