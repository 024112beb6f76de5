from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from iirl_core.artifact import FileEntry, Manifest, load_from, parse_manifest, seal
from iirl_core.canonical import Digest, canonical_json, digest_bytes
from iirl_core.errors import ArtifactError, Tampered
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, trajectory_draft
from tests.iirl_core.unlearning.test_forgotten import FORGOTTEN


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    store = DirectoryStore(tmp_path_factory.mktemp("store"))
    return load_from(store, seal(store, trajectory_draft())).manifest


def test_a_manifest_survives_its_bytes(manifest: Manifest) -> None:
    assert parse_manifest(manifest.bytes()) == manifest


def test_only_what_an_older_version_cannot_read_says_so(manifest: Manifest) -> None:
    charged = dataclasses.replace(FORGOTTEN, against=digest_bytes(b"root"))
    former, newer = (dataclasses.replace(manifest, forgotten=one) for one in (FORGOTTEN, charged))
    assert [one.document()["schema"] for one in (manifest, former, newer)] == [1, 1, 2]
    assert [parse_manifest(one.bytes()) for one in (former, newer)] == [former, newer]
    for one, schema in ((former, 2), (newer, 1)):
        with pytest.raises(Tampered, match="canonical"):
            parse_manifest(canonical_json({**one.document(), "schema": schema}))


def test_it_says_what_the_design_asks_for(manifest: Manifest) -> None:
    document = manifest.document()
    assert document["supervision"] == {"level": "demonstrations-only", "human": False}
    assert document["mode"] == "strict"
    assert document["terminal"] == {"states": "ignored", "staying_alive_pays": True}
    assert document["metrics"] == {"loss": 0.25, "steps": 300.0}
    assert document["guard"] == {
        "digest": manifest.file("guard/guard.safetensors").digest,
        "rows": 120,
        "known_good": 50,
    }
    assert len(manifest.golden) == 4


def test_it_names_no_host_and_no_machine_path(manifest: Manifest) -> None:
    text = manifest.bytes().decode()
    assert "/home/somebody" not in text
    assert str(Path.home()) not in text
    assert manifest.config["corpora"][0]["files"] == ["walks.npz"]  # type: ignore[index,call-overload]
    assert not {"store", "keys", "serve"} & set(manifest.config)


def test_paths_in_norms_and_encoders_are_reduced_too() -> None:
    from iirl_core.artifact.environment import portable_config

    region = {"geometry": "/data/path.csv", "beyond": 0.3, "low": [0.0], "high": [1.0]}
    norm = {"id": "far", "kind": "ceiling", "threshold": 0.1, "families": ["far"], "rationale": "/", "owner": "o"}
    norm["region"] = region
    walking = config(norms=[norm], audit={"probes": {"far": 1}})
    assert '"geometry":"path.csv"' in canonical_json(portable_config(walking)).decode()
    for model, kept in (("/models/mini", "mini"), ("org/mini", "org/mini")):
        talking = config("conversation", encoder={"kind": "text", "model": model})
        assert f'"model":"{kept}"' in canonical_json(portable_config(talking)).decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "careful"),
        ("kind", "image"),
        ("supervision", {"level": "none", "human": False}),
        ("guard", {}),
        ("files", "all"),
        ("parent", "sha256:12"),
        ("metrics", {"loss": "low"}),
        ("surprise", 1),
    ],
)
def test_a_field_that_is_not_ours_is_not_trusted(manifest: Manifest, field: str, value: object) -> None:
    with pytest.raises(Tampered):
        parse_manifest(canonical_json({**manifest.document(), field: value}))


def test_only_canonical_bytes_are_a_manifest(manifest: Manifest) -> None:
    with pytest.raises(Tampered, match="canonical"):
        parse_manifest(json.dumps(manifest.document(), indent=1).encode())


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "", "a/../../b", "a\\b"])
def test_a_file_cannot_lie_outside_the_artifact(path: str) -> None:
    with pytest.raises(ArtifactError, match="inside"):
        FileEntry(path, Digest("sha256:" + "0" * 64), 0)


def test_numbers_that_are_not_finite_are_refused(manifest: Manifest) -> None:
    with pytest.raises(ArtifactError, match="finite"):
        dataclasses.replace(manifest, metrics={"loss": float("inf")}).bytes()
