from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.errors import InputError, NotFound, Tampered
from iirl_core.release import release, resolve
from iirl_core.store import DirectoryStore, move_pointer
from tests.iirl_core.release.bench import THRESHOLDS, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(DirectoryStore(tmp_path))


def test_a_name_is_what_was_made_last_and_a_channel_what_was_released(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    release(bench.store, one, "production", thresholds=THRESHOLDS, key=bench.approver, trust=bench.trust)
    move_pointer(bench.store, "runs/portal/latest", two.digest)
    assert resolve(bench.store, "portal") == two.digest
    assert resolve(bench.store, "portal@production") == one.digest


def test_a_digest_may_be_shortened_to_eight_digits_and_no_further(bench: Bench) -> None:
    digest = bench.sealed("one").digest
    for reference in (digest, digest[:15], digest.replace(":", "-"), digest[:40]):
        assert resolve(bench.store, reference) == digest
    with pytest.raises(InputError, match="8 to 64"):
        resolve(bench.store, digest[:14])


def test_the_beginning_of_two_digests_is_refused(bench: Bench) -> None:
    for last in "ab":
        bench.store.put(f"artifacts/sha256-{'0' * 63}{last}/manifest.json", b"{}")
    with pytest.raises(InputError, match="begins 2 digests"):
        resolve(bench.store, "sha256:" + "0" * 20)
    assert resolve(bench.store, "sha256:" + "0" * 63 + "b").endswith("b")


def test_a_tree_without_its_manifest_is_no_artifact(bench: Bench) -> None:
    bench.store.put(f"artifacts/sha256-{'1' * 64}/model/w.safetensors", b"")
    with pytest.raises(NotFound):
        resolve(bench.store, "sha256:" + "1" * 64)


@pytest.mark.parametrize(
    ("reference", "error", "message"),
    [
        ("portal", NotFound, "iirl train"),
        ("portal@production", NotFound, "never released"),
        ("sha256:" + "a" * 64, NotFound, "no artifact"),
        ("sha256:xyz", InputError, "hexadecimal"),
        ("Portal", InputError, "reference"),
        ("", InputError, "reference"),
        ("../../secret", InputError, "reference"),
        ("portal@", InputError, "NAME@CHANNEL"),
        ("@production", InputError, "NAME@CHANNEL"),
        ("portal@../x", InputError, "NAME@CHANNEL"),
    ],
)
def test_what_is_no_reference_is_refused_and_what_is_not_there_not_found(
    bench: Bench, reference: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        resolve(bench.store, reference)


def test_a_pointer_to_nonsense_is_tampered(bench: Bench) -> None:
    move_pointer(bench.store, "runs/portal/latest", "latest")
    with pytest.raises(Tampered, match="a digest"):
        resolve(bench.store, "portal")
    move_pointer(bench.store, "runs/portal/latest", digest_bytes(b"x"))
    assert resolve(bench.store, "portal") == digest_bytes(b"x")
