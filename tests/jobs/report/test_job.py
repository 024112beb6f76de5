"""The whole page of a real artifact of a real store, made without Ray."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iirl_core.artifact import load_from, seal_child
from iirl_core.audit import FamilyResult, Finding, TriageLabel
from iirl_core.canonical import digest_bytes
from iirl_core.norm import NUMBER, norms_of
from iirl_core.patch import Repairs, Sculpt
from iirl_core.release import audit_file
from iirl_core.report import FindingFacts
from iirl_core.signing import Trust
from jobs.history import history_of
from jobs.report import write_report
from jobs.report.chain import round_facts
from jobs.report.facts import artifact_facts, gaps_of, judged_by, times_of, varied
from tests.iirl_core.artifact.test_repair_files import gentle, slight
from tests.iirl_core.audit.test_audit import AUDIT
from tests.jobs.audit.turning import wheel_config
from tests.jobs.triage.audited import ROUND, Audited, keep_audit, make_audited


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return make_audited(tmp_path_factory.mktemp("report"))


def test_repairs_that_are_no_kernels_are_on_the_page(audited: Audited) -> None:
    store, root = audited.store, load_from(audited.store, audited.root)
    low = float(root.model.rows(root.guard.z).signal.min())
    held = Sculpt("lower", ((low - 2, 0.05), (low - 1, 1.0)), ("f-1",), ("n",), 3)
    repairs = Repairs(projections=(gentle(),), sculpts=(held,), edits=(slight(root.model, size=1e-4),))
    child = seal_child(store, root, repairs)
    keep_audit(audited, child, ROUND + 1)
    where = write_report(store, audited.config(), child)
    assert Path(where.removeprefix(store.url)).name == "report.html"
    page = store.get(audit_file(child, ROUND + 1, "report.html")).decode("utf-8")
    for one in repairs:
        assert one.id in page
        assert one.where in page
    assert "3</dd></div>" in page, "three repairs are at work"
    assert "the reward is what training made it" not in page


def test_how_an_ensemble_s_members_are_combined_is_on_the_page(audited: Audited) -> None:
    artifact, times = load_from(audited.store, audited.root), times_of(audited.store, audited.root)
    expertness = artifact.manifest.expertness
    for combine, told in (("min", "combine min"), ({"penalty": 0.5}, "combine penalty 0.5")):
        manifest = replace(artifact.manifest, expertness={**expertness, "combine": combine})
        facts = artifact_facts(audited.store, replace(artifact, manifest=manifest), times)
        assert facts.expertness.endswith(f"members 2, {told}")


def test_a_round_tells_of_the_families_that_it_held_out_itself(tmp_path: Path) -> None:
    audited = make_audited(tmp_path / "audited")
    store, root = audited.store, load_from(audited.store, audited.root)
    keep_audit(audited, audited.root, ROUND + 1, held_out=("far",))
    config = audited.config()
    today = config.model_copy(update={"audit": config.audit.model_copy(update={"held_out": ["far"]})})
    history = history_of(store, audited.root, Trust.from_folder(audited.folder / "keys"))
    before, then = round_facts(store, today, root, history, None)
    assert before.held_out_rate is None
    assert then.held_out_rate is not None
    assert then.held_out_rate > 0


def test_an_artifact_without_repairs_says_so(audited: Audited) -> None:
    write_report(audited.store, audited.config(), audited.root)
    page = audited.store.get(audit_file(audited.root, ROUND, "report.html")).decode("utf-8")
    assert "the reward is what training made it" in page


def test_kinds_of_situation_that_no_demonstration_shows_are_told_among_what_was_left_alone() -> None:
    told = gaps_of([], AUDIT)
    assert (
        "No demonstration shows what is right in situations like: state (9.00) (about 12 questions of far, uniform)."
        in told
    )


def test_the_worst_findings_are_not_all_of_one_family() -> None:
    finding = Finding(digest_bytes(b""), 1, "n", True, 3, "f", "f/1.0.0", "", (), (), 0.0)

    def facts(family: str, number: int, *, hard: bool = True, still: bool = False) -> FindingFacts:
        one = replace(finding, family=family, label=f"{family}/1.0.{number}", hard=hard)
        return FindingFacts(one, TriageLabel.FLAW, still)

    ascents = [facts("ascent", number) for number in range(6)]
    soft, last, first = facts("far", 0, hard=False), facts("uniform", 0), facts("ascent", 9, still=True)
    assert varied([first, *ascents, last, soft]) == [first, *ascents[:4], last, *ascents[4:], soft]


def test_a_norm_that_had_nothing_to_say_of_what_a_reward_picked_is_told_among_what_was_left_alone() -> None:
    norm = replace(norms_of(wheel_config(Path("x")))[0], families=("tempted",))
    audit = replace(AUDIT, families=(FamilyResult("tempted", norm.id, 64, 0, 0),))
    (line,) = [one for one in gaps_of([norm], audit) if norm.id in one]
    assert "spoke of none of the 64 answers that tempted picked" in line


def test_rewards_that_are_no_numbers_are_counted_beside_the_norms_and_what_they_do_not_cover_is_told() -> None:
    assert judged_by([], AUDIT) == ()
    lost = FamilyResult("far", NUMBER.id, 3, 3, 3)
    audit = replace(AUDIT, families=(*AUDIT.families, lost, replace(lost, family="uniform")), unplaced=1200)
    (norm,) = judged_by([], audit)
    assert (norm.id, norm.families) == (NUMBER.id, ("far", "uniform"))
    assert "1,200 rows of what was asked are not numbers: they have no place, and cover nothing." in gaps_of([], audit)
