from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.artifact import CorpusEntry
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import NotFound, Tampered
from iirl_core.policy import Initial, PolicyManifest, load_policy, point_policy, publish_policy, resolve_policy
from iirl_core.store import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def _publish(store: DirectoryStore, folder: Path, weights: bytes = b"weights") -> PolicyManifest:
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "sub" / "config.json").write_text("{}")
    manifest = publish_policy(
        store,
        folder,
        name="polite",
        initial=Initial("tiny", digest_bytes(b"before")),
        corpora=(CorpusEntry("shown", "demonstrations", digest_bytes(b"shown")),),
        config={"epochs": 2},
        environment={"python": "3.11"},
        metrics={"perplexity_after": 3.5},
    )
    point_policy(store, manifest)
    return manifest


def test_a_policy_comes_back_as_it_was_under_its_name_and_its_digest(store: DirectoryStore, tmp_path: Path) -> None:
    manifest = _publish(store, tmp_path / "made")
    assert _publish(store, tmp_path / "made") == manifest
    for reference in ("polite", manifest.digest, manifest.digest.replace(":", "-")):
        assert resolve_policy(store, reference) == manifest.digest
    policy = load_policy(store, manifest.digest)
    assert policy.manifest == manifest
    assert (policy.model / "model.safetensors").read_bytes() == b"weights"
    assert (policy.model / "sub" / "config.json").exists()


def test_a_name_means_the_newest_and_older_ones_stay(store: DirectoryStore, tmp_path: Path) -> None:
    older = _publish(store, tmp_path / "made")
    newer = _publish(store, tmp_path / "made", b"other weights")
    assert resolve_policy(store, "polite") == newer.digest != older.digest
    assert load_policy(store, older.digest).manifest == older


@pytest.mark.parametrize("reference", ["rude", "org/model", "/a/folder", "sha256:" + "0" * 64, "sha256:abc"])
def test_what_names_no_policy_is_left_to_be_something_else(
    store: DirectoryStore, tmp_path: Path, reference: str
) -> None:
    _publish(store, tmp_path / "made")
    assert resolve_policy(store, reference) is None
    with pytest.raises(NotFound, match="iirl imitate"):
        load_policy(store, Digest("sha256:" + "0" * 64))


@pytest.mark.parametrize("damage", ["weights", "gone", "manifest", "another"])
def test_a_policy_that_was_changed_is_not_loaded(store: DirectoryStore, tmp_path: Path, damage: str) -> None:
    manifest = _publish(store, tmp_path / "made")
    folder = tmp_path / "store" / manifest.folder
    match damage:
        case "weights":
            (folder / "model" / "model.safetensors").write_bytes(b"Weights")
        case "gone":
            (folder / "model" / "model.safetensors").unlink()
        case "manifest":
            said = (folder / "manifest.json").read_text()
            (folder / "manifest.json").write_text(said.replace("3.5", "2.5"))
        case _:
            other = _publish(store, tmp_path / "made", b"other weights")
            (folder / "manifest.json").write_bytes((tmp_path / "store" / other.folder / "manifest.json").read_bytes())
    with pytest.raises(Tampered):
        load_policy(store, manifest.digest)
