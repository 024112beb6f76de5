from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from iirl_core.artifact import load_from, seal_child
from iirl_core.audit import verify
from iirl_core.canonical import folder_of
from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError, NotFound, Tampered
from iirl_core.norm import norms_of
from iirl_core.release import audit_file
from iirl_core.signing import Trust
from iirl_core.store import move_pointer
from jobs import why
from jobs.history import latest_round
from tests.iirl_core.artifact.samples import patch_at
from tests.jobs.triage.audited import PART, ROUND, Audited, keep_audit, make_audited


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return make_audited(tmp_path_factory.mktemp("why"))


def made(folder: Path) -> Audited:
    """One of a test's own."""
    return make_audited(folder / "audited")


def said(audited: Audited, name: str, reference: str | None = None) -> tuple[bool, str]:
    out = io.StringIO()
    console = Console(file=out, highlight=False, soft_wrap=True)
    return why.run(audited.store, audited.config(), name, reference, console=console).passed, out.getvalue()


def test_a_finding_is_asked_again_and_its_reward_taken_apart(audited: Audited) -> None:
    worst = audited.past().findings()[0]
    holds, text = said(audited, worst.id, audited.root)
    assert holds
    assert f"far-is-low: broken by {worst.excess:.4f}" in text
    assert f"reward {worst.rewards[0]:.4f} = {worst.rewards[0]:.4f} − 0.0000 + 0.0000; signal" in text


def test_of_a_walk_the_step_that_broke_the_norm_has_its_own_reward(audited: Audited) -> None:
    root, worst = load_from(audited.store, audited.root), audited.past().findings()[0]
    assert isinstance(worst.offender, Trajectory)
    assert worst.offender.actions is not None
    steps = (worst.offender.observations, worst.offender.actions)
    walk = Trajectory(*(np.concatenate([np.zeros_like(one), one]) for one in steps))
    found = verify(replace(worst, inputs=(walk,)), root, norms_of(audited.config()))
    assert found is not None
    out = io.StringIO()
    why._say(Console(file=out, highlight=False, soft_wrap=True), found, root, norms_of(audited.config())[0])
    assert found.step == len(walk) - 1
    assert f"broken by {found.excess:.4f}: reward {found.rewards[0]:.4f} at step {len(walk)}" in out.getvalue()
    assert found.excess == pytest.approx(found.rewards[0] - norms_of(audited.config())[0].threshold)


def test_after_a_repair_one_sees_that_it_holds_no_more_and_which_patch_did_it(audited: Audited) -> None:
    store, root = audited.store, load_from(audited.store, audited.root)
    worst = audited.past().findings()[0]
    patch = patch_at(root.model, worst.offender, strength=1.0, width=0.05)
    move_pointer(store, "runs/sample/latest", seal_child(store, root, [patch]))
    holds, text = said(audited, worst.id)
    assert holds
    before, after = text.split("0.1.1")
    assert "broken by" in before
    assert "not broken" in after
    assert patch.id in after


def test_what_no_audit_found_cannot_be_asked_about(audited: Audited) -> None:
    with pytest.raises(InputError, match="no finding f-000000000000"):
        said(audited, "f-000000000000", audited.root)


def test_an_artifact_that_is_gone_is_named(audited: Audited, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="sha256:0"):
        said(audited, "f-000000000000", "sha256:" + "0" * 64)


def test_a_finding_beyond_those_that_are_kept_is_found_in_the_audits_parts(tmp_path: Path) -> None:
    audited = made(tmp_path)
    every = keep_audit(audited, audited.root, ROUND + 1, kept=2)
    past = latest_round(audited.store, audited.root, Trust.from_folder(audited.folder / "keys"))
    assert [one.id for one in past.findings()] == [one.id for one in every[:2]]
    holds, text = said(audited, every[-1].id, audited.root)
    assert holds
    assert "broken by" in text
    part = audit_file(audited.root, ROUND + 1, PART)
    audited.store.put(part, audited.store.get(part) + b"more")
    with pytest.raises(Tampered, match="was changed"):
        said(audited, every[-1].id, audited.root)


def test_a_finding_that_was_kept_needs_no_part_of_any_round(tmp_path: Path) -> None:
    audited = made(tmp_path)
    worst = audited.past().findings()[0]
    keep_audit(audited, audited.root, ROUND + 1, kept=2)
    for round_ in (ROUND, ROUND + 1):
        audited.store.put(audit_file(audited.root, round_, PART), b"gone")
    assert said(audited, worst.id, audited.root)[0]
    with pytest.raises(Tampered, match="was changed"):
        said(audited, "f-000000000000", audited.root)


@pytest.mark.parametrize("asked_about", ["root", "child"])
def test_a_finding_whose_artifact_was_deleted_cannot_be_asked_about_again(tmp_path: Path, asked_about: str) -> None:
    audited = made(tmp_path)
    root = load_from(audited.store, audited.root)
    worst = audited.past().findings()[0]
    child = seal_child(audited.store, root, [patch_at(root.model, worst.offender, strength=1.0, width=0.05)])
    shutil.rmtree(audited.folder / "store" / "artifacts" / folder_of(audited.root))
    with pytest.raises(NotFound, match=audited.root[:19]) as refused:
        said(audited, worst.id, {"root": audited.root, "child": child}[asked_about])
    assert "\n" not in str(refused.value)
