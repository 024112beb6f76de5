"""What a server refuses to serve, and that it says which part does not hold."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from iirl_core.artifact import load_from
from iirl_core.canonical import folder_of
from iirl_core.errors import ArtifactError, ConfigError, NotFound, Tampered
from iirl_core.log import head
from iirl_core.release import Facts, channel_key, read_dossier, release, revoke
from iirl_core.signing import KeyRole, Subject, Trust, generate_key
from serving.admission import admit, coverage_bytes, known_good_floor, pin_release
from tests.iirl_core.artifact.samples import trajectory_draft, walks
from tests.serving.released import Released, audit, released


@pytest.fixture
def bench(tmp_path: Path) -> Released:
    return released(tmp_path, trajectory_draft(), walks(20, seed=5))


def refusal(bench: Released) -> str:
    with pytest.raises(ArtifactError) as caught:
        admit(pin_release(bench.config))
    return str(caught.value)


def replace_file(bench: Released, path: str, data: bytes) -> None:
    file = bench.store.root / path
    file.unlink()  # its bytes are shared with blobs/
    file.write_bytes(data)


def artifact_path(bench: Released) -> str:
    return f"artifacts/{folder_of(bench.digest)}"


def test_a_release_that_holds_is_admitted_as_what_it_is(bench: Released) -> None:
    served = admit(pin_release(bench.config)).served
    assert served.references == ("sample@production", "sample", bench.digest)
    assert (served.version, served.kind, served.mode) == ("0.1.0", "trajectory", "strict")
    assert served.release == bench.release.digest
    assert served.audit == bench.release.predicate.audit


def test_a_channel_that_was_never_released_is_not_found(bench: Released) -> None:
    release = bench.config.release.model_copy(update={"channel": "staging"})
    with pytest.raises(NotFound, match="sample@staging was never released"):
        pin_release(bench.config.model_copy(update={"release": release}))


def flip_a_weight(bench: Released) -> None:
    file = next((bench.store.root / artifact_path(bench) / "model").rglob("*.safetensors"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    replace_file(bench, str(file.relative_to(bench.store.root)), bytes(data))


def change_a_golden_reading(bench: Released) -> None:
    path = f"{artifact_path(bench)}/manifest.json"
    manifest = json.loads(bench.store.get(path))
    manifest["golden"][0]["signal"] += 1.0
    replace_file(bench, path, json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode())


def change_the_channel(bench: Released) -> None:
    key = channel_key("sample", "production")
    envelope = json.loads(bench.store.get(key))
    payload = base64.b64decode(envelope["payload"]).replace(b'"reward_floor":0.2', b'"reward_floor":0.0')
    envelope["payload"] = base64.b64encode(payload).decode()
    bench.store.put(key, json.dumps(envelope).encode())


def remove_statements(kind: str) -> Callable[[Released], None]:
    def remove(bench: Released) -> None:
        for path in (bench.store.root / "statements" / folder_of(bench.digest)).glob(f"{kind}-*"):
            path.unlink()

    return remove


def change_the_coverage(bench: Released) -> None:
    bench.store.put(f"audits/{folder_of(bench.digest)}/1/coverage.safetensors", b"all is covered")


def revoke_it(bench: Released) -> None:
    revoke(bench.store, Subject("sample", bench.digest), "it praises cliffs", bench.keys[KeyRole.APPROVER])


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (flip_a_weight, "safetensors"),
        (change_a_golden_reading, "manifest.json"),
        (change_the_channel, "release statement"),
        (remove_statements("seal"), "no builder has sealed it"),
        (remove_statements("audit"), "audit"),
        (remove_statements("approval"), "approval"),
        (change_the_coverage, "coverage.safetensors"),
        (revoke_it, "it praises cliffs"),
    ],
)
def test_what_does_not_hold_is_refused_and_named(
    bench: Released, spoil: Callable[[Released], None], named: str
) -> None:
    spoil(bench)
    assert named in refusal(bench)


@pytest.mark.parametrize("role", [KeyRole.BUILDER, KeyRole.AUDITOR, KeyRole.APPROVER])
def test_a_signature_of_a_key_that_the_server_does_not_believe_is_refused(
    bench: Released, role: KeyRole, tmp_path: Path
) -> None:
    generate_key(tmp_path / "strangers", role)
    folders = {one: tmp_path / ("strangers" if one == role else "keys") for one in KeyRole}
    trust = [str(folders[one] / f"{one}.pub") for one in KeyRole]
    serve = bench.config.serve.model_copy(update={"trust": trust})
    assert "unknown key" in refusal(replace(bench, config=bench.config.model_copy(update={"serve": serve})))


def test_keys_that_lie_in_the_store_count_for_nothing(bench: Released, tmp_path: Path) -> None:
    (tmp_path / "keys").rename(tmp_path / "store" / "keys")
    with pytest.raises(ConfigError, match="no public keys"):
        pin_release(bench.config)


def test_a_pin_is_what_the_channel_meant_at_start_whatever_it_means_later(bench: Released) -> None:
    pin = pin_release(bench.config)
    bench.store.put(channel_key("sample", "production"), b"another release")
    assert admit(pin).served.digest == bench.digest


def test_an_old_release_that_was_put_back_is_refused_by_both_numbers(bench: Released) -> None:
    """Its signature, its audit and its approval all hold still."""
    key = channel_key("sample", "production")
    old = bench.store.get(key)
    again(bench, reward_floor=0.5)
    assert admit(pin_release(bench.config)).served.digest == bench.digest
    bench.store.put(key, old)
    assert "release 1 in sample@production is not its last: the log is at release 2" in refusal(bench)


def test_a_move_that_was_never_logged_is_refused_with_what_finishes_it(bench: Released) -> None:
    again(bench, reward_floor=0.5)
    (bench.store.root / "log" / f"{head(bench.store):012d}.json").unlink()
    (bench.store.root / "log" / "head").unlink()
    assert "release 2 in sample@production is not in the log" in refusal(bench)
    again(bench, reward_floor=0.5)
    assert admit(pin_release(bench.config)).served.digest == bench.digest


def test_releases_of_other_channels_say_nothing_about_this_one(bench: Released) -> None:
    again(bench, channel="staging", reward_floor=0.5)
    assert admit(pin_release(bench.config)).served.channel == "production"


def again(bench: Released, channel: str = "production", *, reward_floor: float) -> None:
    """Release the same digest under another floor."""
    manifest = load_from(bench.store, bench.digest).manifest
    facts = Facts(manifest.name, manifest.name, manifest.version, manifest.parent, bench.digest)
    thresholds = replace(bench.release.predicate.thresholds, reward_floor=reward_floor)
    key, trust = bench.keys[KeyRole.APPROVER], Trust.of(*bench.keys.values())
    release(bench.store, facts, channel, thresholds=thresholds, key=key, trust=trust)


def test_a_later_audit_that_fails_is_no_outage(bench: Released) -> None:
    audit(bench.store, bench.keys[KeyRole.AUDITOR], bench.digest, walks(4, seed=6), round=2, passed=False)
    assert admit(pin_release(bench.config)).served.digest == bench.digest


def test_a_coverage_that_changes_after_it_was_checked_is_not_used(bench: Released) -> None:
    pin = pin_release(bench.config)
    dossier = read_dossier(bench.store, bench.digest)
    change_the_coverage(bench)
    with pytest.raises(Tampered, match=r"coverage\.safetensors"):
        coverage_bytes(bench.store, dossier, bench.release.predicate, pin.trust)


def test_the_known_good_floor_is_what_the_worst_known_good_input_may_have_left(bench: Released) -> None:
    artifact = load_from(bench.store, bench.digest)
    good = artifact.guard.root_rewards[artifact.guard.root_rewards >= 0.5]
    floor = known_good_floor(artifact)
    assert floor == pytest.approx(0.95 * float(good.min()))
    nothing = replace(artifact.guard, root_rewards=torch.full_like(artifact.guard.root_rewards, 0.25))
    assert known_good_floor(replace(artifact, guard=nothing)) == 0.0


def test_trust_comes_from_the_files_that_the_configuration_names(bench: Released, tmp_path: Path) -> None:
    files = [str(path) for path in sorted((tmp_path / "keys").glob("*.pub"))]
    serve = bench.config.serve.model_copy(update={"trust": files})
    config = bench.config.model_copy(update={"serve": serve, "keys": str(tmp_path / "nowhere")})
    pin = pin_release(config)
    assert isinstance(pin.trust, Trust)
    assert admit(pin).served.digest == bench.digest


def test_the_server_process_refuses_in_one_line(bench: Released) -> None:
    flip_a_weight(bench)
    done = subprocess.run(
        [sys.executable, "-m", "serving", str(bench.path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "safetensors" in done.stderr
