from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iirl_core.artifact import (
    Artifact,
    Guard,
    Mode,
    Provenance,
    Supervision,
    guard_metrics,
    load_from,
    seal,
    seal_child,
)
from iirl_core.canonical import digest_bytes, folder_of
from iirl_core.demonstration import Input, conversation
from iirl_core.errors import ArtifactError
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, patch_at, text_draft, trajectory_draft, walks

ROOT = Path(__file__).parents[3]

SLOW_SEAL = """
import sys, time
from pathlib import Path
from iirl_core.artifact import seal
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import trajectory_draft

class Slow(DirectoryStore):
    def copy(self, source, target):
        super().copy(source, target)
        print("copied", flush=True)
        time.sleep(60)

seal(Slow(Path(sys.argv[1])), trajectory_draft())
"""


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def root(store: DirectoryStore) -> Artifact:
    return load_from(store, seal(store, trajectory_draft()))


def _everything(store: DirectoryStore) -> dict[str, bytes]:
    return {key: store.get(key) for key in store.list("")}


def test_a_sealed_model_reads_as_it_did_in_memory(root: Artifact) -> None:
    items = walks(3, seed=7)
    in_memory, sealed = trajectory_draft().model.read(items), root.read(items)
    assert [reading.signal for reading in sealed] == pytest.approx([reading.signal for reading in in_memory], abs=1e-6)
    assert [reading.reward for reading in sealed] == pytest.approx([reading.reward for reading in in_memory], abs=1e-5)


def test_a_sealed_text_model_reads_as_it_did_in_memory(store: DirectoryStore) -> None:
    artifact = load_from(store, seal(store, text_draft()))
    polite = conversation("Can you help me with tea?", "Of course, I am glad to help.")
    rude = conversation("Can you help me with tea?", "No. Go away.")
    readings = artifact.read([polite, {"prompt": "Can you help me with tea?", "response": "No. Go away."}])
    assert readings[0].reward > readings[1].reward
    wanted = text_draft().model.read([polite, rude])
    assert [one.signal for one in readings] == pytest.approx([one.signal for one in wanted], abs=1e-5)
    assert {entry.path.rpartition(".")[2] for entry in artifact.manifest.files} == {
        "safetensors",
        "json",
        "md",
        "jinja",
    }


def test_sealing_the_same_thing_twice_is_a_no_op(store: DirectoryStore) -> None:
    first = seal(store, trajectory_draft())
    before = _everything(store)
    assert seal(store, trajectory_draft()) == first
    assert _everything(store) == before


def test_where_it_was_made_does_not_name_it(store: DirectoryStore) -> None:
    elsewhere = config(store="/mnt/other", keys="/mnt/keys", serve={"port": 9000})
    assert seal(store, dataclasses.replace(trajectory_draft(), config=elsewhere)) == seal(store, trajectory_draft())


def test_every_file_is_a_blob_under_its_digest(root: Artifact, store: DirectoryStore) -> None:
    for entry in root.manifest.files:
        blob = store.get(f"blobs/{folder_of(entry.digest)}")
        assert blob == (root.folder / entry.path).read_bytes()
        assert len(blob) == entry.size


def test_metrics_that_are_not_finite_are_refused(store: DirectoryStore) -> None:
    with pytest.raises(ArtifactError, match="finite"):
        seal(store, dataclasses.replace(trajectory_draft(), metrics={"loss": float("nan")}))
    assert list(store.list("artifacts")) == []


def test_a_child_bumps_the_version_and_shares_all_but_patches_and_card(root: Artifact, store: DirectoryStore) -> None:
    (item,) = walks(1, seed=7)
    blobs = set(store.list("blobs"))
    child = load_from(store, seal_child(store, root, [patch_at(root.model, item)]))
    assert (child.manifest.version, child.manifest.parent, child.manifest.patches) == ("0.1.1", root.digest, 1)
    assert len(set(store.list("blobs")) - blobs) == 2
    assert child.manifest.guard == root.manifest.guard
    assert child.manifest.calibration == root.manifest.calibration
    assert child.read([item])[0].step_rewards[0] == pytest.approx(root.read([item])[0].step_rewards[0] - 0.5, abs=1e-5)
    assert child.read([item])[0].signal == root.read([item])[0].signal


def test_a_child_of_a_child_remembers_what_its_patches_drew_on(root: Artifact, store: DirectoryStore) -> None:
    patches = [patch_at(root.model, item) for item in walks(2, seed=7)]
    drawn = Provenance(Mode.FROZEN_POLICY, Supervision.WEAK)
    child = load_from(store, seal_child(store, root, patches[:1], learnt=drawn))
    grandchild = load_from(store, seal_child(store, child, patches)).manifest
    plain = load_from(store, seal_child(store, root, patches)).manifest
    assert (grandchild.version, grandchild.mode, grandchild.supervision) == ("0.1.2", drawn.mode, drawn.supervision)
    assert (plain.mode, plain.supervision) == (Mode.STRICT, Supervision.DEMONSTRATIONS_ONLY)


def test_a_patch_never_lets_a_child_claim_more_than_its_parent(store: DirectoryStore) -> None:
    claims = Provenance(Mode.POLICY_ADAPTIVE, Supervision.PREFERENCE)
    root = load_from(store, seal(store, dataclasses.replace(trajectory_draft(), provenance=claims)))
    weak = Provenance(supervision=Supervision.WEAK)
    child = load_from(store, seal_child(store, root, [patch_at(root.model, walks(1, seed=7)[0])], learnt=weak))
    assert (child.manifest.mode, child.manifest.supervision) == (claims.mode, claims.supervision)


def test_a_child_that_breaks_the_known_good_budget_is_not_sealed(root: Artifact, store: DirectoryStore) -> None:
    before = _everything(store)
    with pytest.raises(ArtifactError, match=r"of \d+ known-good inputs lose more than their budget"):
        seal_child(store, root, [patch_at(root.model, walks(1, seed=7)[0], width=3.0)])
    assert _everything(store) == before


def test_without_a_known_good_input_no_repair_is_sealed(store: DirectoryStore) -> None:
    draft = trajectory_draft()
    low = draft.model.rows(draft.guard.z).unpatched < 0.5
    assert low.any()
    guard = Guard.of(draft.model, draft.guard.z[low], draft.guard.known_good)
    root = load_from(store, seal(store, dataclasses.replace(draft, guard=guard)))
    with pytest.raises(ArtifactError, match="no guard input has a root reward of"):
        seal_child(store, root, [patch_at(root.model, walks(1, seed=7)[0])])


def test_a_childs_guard_metrics_are_its_own(store: DirectoryStore) -> None:
    draft = trajectory_draft()
    metrics = {"loss": 0.25, **guard_metrics(draft.guard.root_rewards)}
    root = load_from(store, seal(store, dataclasses.replace(draft, metrics=metrics)))
    guarded = int(root.guard.root_rewards.argmax())
    phi, _ = root.model.space(root.guard.z, "input")
    at = dataclasses.replace(patch_at(root.model, walks(1, seed=7)[0]), centre=tuple(phi[guarded, 0].tolist()))
    child = load_from(store, seal_child(store, root, [dataclasses.replace(at, strength=0.02)]))
    assert child.manifest.metrics["loss"] == 0.25
    assert child.manifest.metrics["guard_reward_mean"] < root.manifest.metrics["guard_reward_mean"]
    now = child.model.rewards(child.guard.z)
    assert child.manifest.metrics["guard_reward_mean"] == pytest.approx(float(now.mean()), abs=1e-5)
    assert child.manifest.metrics["guard_reward_known_good"] == pytest.approx(
        float((now >= 0.5).float().mean()), abs=1e-5
    )
    assert f"{child.manifest.metrics['guard_reward_mean']:.6g}" in (child.folder / "README.md").read_text()


def test_a_blob_that_rotted_is_written_again(store: DirectoryStore) -> None:
    digest = seal(store, trajectory_draft())
    entry = load_from(store, digest).manifest.file("model/expertness.safetensors")
    blob = f"blobs/{folder_of(entry.digest)}"
    shutil.rmtree(store.root / "artifacts")
    store.put(blob, b"x" * entry.size)
    assert seal(store, trajectory_draft()) == digest
    assert digest_bytes(store.get(blob)) == entry.digest
    load_from(store, digest)


def test_a_parents_patch_is_disabled_never_dropped(root: Artifact, store: DirectoryStore) -> None:
    first, second = (patch_at(root.model, item) for item in walks(2, seed=7))
    child = load_from(store, seal_child(store, root, [first]))
    with pytest.raises(ArtifactError, match="disabled, not dropped"):
        seal_child(store, child, [second])
    disabled = load_from(store, seal_child(store, child, [dataclasses.replace(first, enabled=False), second]))
    assert disabled.manifest.patches == 1
    assert len(disabled.model.patches) == 2


def test_a_child_can_be_sealed_into_another_store(root: Artifact, tmp_path: Path) -> None:
    other = DirectoryStore(tmp_path / "other")
    (item,) = walks(1, seed=7)
    child = load_from(other, seal_child(other, root, [patch_at(root.model, item)]))
    assert child.manifest.parent == root.digest


def test_killed_while_sealing_nothing_is_visible_and_the_next_run_finishes(store: DirectoryStore) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_SEAL, str(store.root)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"copied\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert list(store.list("artifacts")) == []
    assert list((store.root / "staging").rglob("*.safetensors")) or list((store.root / "staging").rglob("README.md"))
    artifact = load_from(store, seal(store, trajectory_draft()))
    items: list[Input] = walks(1, seed=7)
    assert artifact.read(items)[0].reward > 0
