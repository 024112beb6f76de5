from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.artifact import load_from, seal_child
from iirl_core.canonical import folder_of
from iirl_core.errors import NotFound
from iirl_core.patch.switching import switched
from jobs import release, show
from tests.jobs.wheel import Wheel, quiet


def shown(wheel: Wheel, reference: str, keys: Path | None = None) -> str:
    printed = io.StringIO()
    show.run(wheel.store, reference, keys or wheel.keys, console=Console(file=printed, soft_wrap=True))
    return printed.getvalue()


def test_an_artifact_tells_its_lineage_patches_audits_signers_and_channels(wheel: Wheel) -> None:
    release.run(wheel.session, wheel.config, quiet())
    text = shown(wheel, "sample@production")
    for told in (
        f"sample 0.1.1  {wheel.child}",
        "mode strict; supervision demonstrations-only",
        f"  0.1.1  {wheel.child[:19]}  3 patches\n",
        "    audit round 2: 0 findings (0 open of hard norms) over 100 probes; passed\n",
        f"  0.1.0  {wheel.root[:19]}  no repairs, the root\n",
        "    audit round 1: 3 findings (3 open of hard norms) over 100 probes; not passed: 3 open findings",
        "repairs: 3 enabled, 0 disabled\n  round 1: 3 repairs for 1 findings\n",
        "suppress in input, strength 0.5, width 0.05, for 1 findings of n\n",
        "sample@production  released as number 1",
    ):
        assert told in text
    for kind, role in (("seal", "builder"), ("audit", "auditor"), ("approval", "approver"), ("release", "approver")):
        assert any(line.split()[0] == kind and f"by {role} " in line for line in text.splitlines() if line.strip())


def test_audits_are_told_in_the_order_of_their_rounds_and_disabled_repairs_as_such(wheel: Wheel) -> None:
    for number in range(2, 14):
        wheel.audited(wheel.child, number, passed=number % 2 == 0)
    artifact = load_from(wheel.store, wheel.child)
    off = seal_child(wheel.store, artifact, switched(artifact.model.repairs, [artifact.model.patches[0].id]))
    text = shown(wheel, off)
    told = [int(line.split()[2].rstrip(":")) for line in text.splitlines() if line.startswith("    audit round")]
    assert told[: len(told) - 1] == sorted(told[: len(told) - 1])
    assert "  3 patches (1 of them disabled)" in text


def test_what_is_not_released_and_signed_by_nobody_we_know_says_so(wheel: Wheel, tmp_path: Path) -> None:
    text = shown(wheel, wheel.root, tmp_path)
    assert "channels\n  none means it\n" in text
    assert "by a key that is not in the folder of keys" in text


def test_an_ancestor_of_which_the_manifest_alone_was_kept_is_told_of(wheel: Wheel) -> None:
    folder = wheel.store.root / "artifacts" / folder_of(wheel.root)
    for path in [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]:
        path.unlink()
    assert f"  0.1.0  {wheel.root[:19]}  no repairs (its files are gone), the root\n" in shown(wheel, wheel.child)


def test_an_ancestor_whose_repairs_cannot_be_read_is_told_of_with_what_is_wrong(wheel: Wheel) -> None:
    (wheel.store.root / "artifacts" / folder_of(wheel.root) / "patches" / "patches.json").write_text("{", "utf-8")
    (line,) = [
        line for line in shown(wheel, wheel.child).splitlines() if line.startswith(f"  0.1.0  {wheel.root[:19]}")
    ]
    assert "no repairs (" in line
    assert "its files are gone" not in line


def test_what_is_not_there_is_not_found(wheel: Wheel) -> None:
    with pytest.raises(NotFound):
        shown(wheel, "sample@canary")
