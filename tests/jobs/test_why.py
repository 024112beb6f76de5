from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.artifact import load_from, seal_child
from iirl_core.errors import InputError, NotFound
from iirl_core.store import move_pointer
from jobs import why
from tests.iirl_core.artifact.samples import patch_at
from tests.jobs.triage.audited import Audited, make_audited


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return make_audited(tmp_path_factory.mktemp("why"))


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
