from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.canonical import digest_bytes, folder_of
from iirl_core.errors import ConfigError, NotFound
from iirl_core.release import audit_file, channel_key, revoke
from iirl_core.signing import KeyRole, Subject
from jobs import release, verify
from jobs.outcome import Outcome
from tests.jobs.wheel import PART, Wheel, quiet

REFERENCE = "sample@production"


@pytest.fixture
def released(wheel: Wheel) -> Wheel:
    release.run(wheel.session, wheel.config, quiet())
    return wheel


def prove(wheel: Wheel, reference: str = REFERENCE) -> tuple[Outcome, list[str]]:
    printed = io.StringIO()
    outcome = verify.run(wheel.store, reference, wheel.keys, console=Console(file=printed, soft_wrap=True))
    return outcome, printed.getvalue().splitlines()


def failed(lines: list[str]) -> list[str]:
    return [line.removeprefix("FAILED").strip() for line in lines if line.startswith("FAILED")]


def test_everything_holds_of_what_was_released_and_each_thing_has_its_line(released: Wheel) -> None:
    outcome, lines = prove(released)
    assert outcome.passed, lines
    assert failed(lines) == []
    text = "\n".join(lines)
    for thing in (
        f"manifest: its digest is {released.child}",
        "file patches/patches.json",
        "golden Readings",
        "builder's signature: signed by builder",
        "audit round 2: signed by auditor",
        "files of audit round 2: 4 files; 0 findings over 100 probes",
        "verdict: passed in round 2",
        f"release {REFERENCE}: number 1, signed by approver",
        "rests on what holds",
        "in the log: entry 4",
        f"parent 1: 0.1.0 {released.root[:19]}, sealed",
        "parent chain: 1 to the root",
        "log: 5 entries, unbroken",
    ):
        assert thing in text
    manifest_files = len(list((released.store.root / "artifacts" / folder_of(released.child)).rglob("*.*"))) - 1
    assert sum(line.startswith("ok      file ") for line in lines) == manifest_files


def test_an_unreleased_artifact_is_proved_without_a_release(wheel: Wheel) -> None:
    outcome, lines = prove(wheel, "sample")
    assert outcome.passed
    assert "ok      release: no channel means this digest" in lines


def test_a_verdict_that_failed_is_a_failure(wheel: Wheel) -> None:
    outcome, lines = prove(wheel, wheel.root)
    assert not outcome.passed
    assert failed(lines) == ["verdict: round 1 did not pass (3 open findings of hard norms)."]


def _artifact(wheel: Wheel, name: str) -> Path:
    return wheel.store.root / "artifacts" / folder_of(wheel.child) / name


def _statements(wheel: Wheel, kind: str) -> list[Path]:
    return list((wheel.store.root / "statements" / folder_of(wheel.child)).glob(f"{kind}-*"))


def _edit_manifest(wheel: Wheel) -> None:
    path = _artifact(wheel, "manifest.json")
    path.write_bytes(path.read_bytes().replace(b'"version":"0.1.1"', b'"version":"0.1.2"'))


def _edit_card(wheel: Wheel) -> None:
    with _artifact(wheel, "README.md").open("a") as card:
        card.write("It is safe.")


def _remove_patches(wheel: Wheel) -> None:
    _artifact(wheel, "patches/patches.json").unlink()


def _add_file(wheel: Wheel) -> None:
    _artifact(wheel, "model/evil.py").write_text("print()")


def _remove_seal(wheel: Wheel) -> None:
    for path in _statements(wheel, "seal"):
        path.unlink()


def _edit_audit_statement(wheel: Wheel) -> None:
    (path,) = _statements(wheel, "audit")
    document = json.loads(path.read_bytes())
    payload = base64.b64decode(document["payload"]).replace(b'"name":"sample"', b'"name":"simple"')
    path.write_text(json.dumps({**document, "payload": base64.b64encode(payload).decode()}))


def _edit_findings(wheel: Wheel) -> None:
    wheel.store.put(audit_file(wheel.child, 2, "findings.parquet"), b"none")


def _edit_part(wheel: Wheel) -> None:
    wheel.store.put(audit_file(wheel.child, 2, PART), b"another part")


def _remove_part(wheel: Wheel) -> None:
    (wheel.store.root / audit_file(wheel.child, 2, PART)).unlink()


def _revoke(wheel: Wheel) -> None:
    revoke(wheel.store, Subject("sample", wheel.child), "it pays for falling", wheel.key(KeyRole.APPROVER))


def _put_back_an_old_release(wheel: Wheel) -> None:
    old = wheel.store.get(channel_key("sample", "production"))
    wheel.audited(wheel.child, 3, passed=True)
    release.run(wheel.session, wheel.config, quiet())
    wheel.store.put(channel_key("sample", "production"), old)


def _edit_log(wheel: Wheel) -> None:
    key = "log/000000000001.json"
    wheel.store.put(key, wheel.store.get(key).replace(b'"name":"sample"', b'"name":"simple"'))


def _remove_parent(wheel: Wheel) -> None:
    (wheel.store.root / "artifacts" / folder_of(wheel.root) / "manifest.json").unlink()


def _unseal_parent(wheel: Wheel) -> None:
    for path in (wheel.store.root / "statements" / folder_of(wheel.root)).glob("seal-*"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (_edit_manifest, ["manifest", "parent chain"]),
        (_edit_card, ["file README.md", "golden Readings"]),
        (_remove_patches, ["file patches/patches.json", "golden Readings"]),
        (_add_file, ["file model/evil.py", "golden Readings"]),
        (_remove_seal, ["builder's signature", f"release {REFERENCE} rests on what holds"]),
        (_edit_audit_statement, ["audit round 2", "verdict", f"release {REFERENCE} rests on what holds"]),
        (_edit_findings, ["files of audit round 2", f"release {REFERENCE} rests on what holds"]),
        (_edit_part, ["files of audit round 2"]),
        (_remove_part, ["files of audit round 2"]),
        (_revoke, [f"release {REFERENCE} rests on what holds"]),
        (_put_back_an_old_release, [f"release {REFERENCE} in the log"]),
        (_edit_log, ["log"]),
        (_remove_parent, ["parent chain"]),
        (_unseal_parent, ["parent 1"]),
    ],
)
def test_what_was_tampered_with_is_named_and_nothing_else(
    released: Wheel, spoil: Callable[[Wheel], None], names: list[str]
) -> None:
    spoil(released)
    outcome, lines = prove(released)
    assert not outcome.passed
    assert [line.partition(": ")[0] for line in failed(lines)] == names
    assert all(not line.endswith(": ") for line in failed(lines))


def test_a_stranger_believes_nothing(released: Wheel, tmp_path: Path) -> None:
    from jobs.key import new_keys

    new_keys(tmp_path / "other")
    outcome = verify.run(released.store, REFERENCE, tmp_path / "other", console=Console(file=io.StringIO()))
    assert not outcome.passed
    for name in ("builder's signature", "audit round 2", f"release {REFERENCE}"):
        assert name in outcome.made


def test_without_keys_or_artifact_there_is_nothing_to_prove(released: Wheel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no public keys"):
        verify.run(released.store, REFERENCE, tmp_path)
    with pytest.raises(NotFound):
        verify.run(released.store, digest_bytes(b"nothing"), released.keys)
