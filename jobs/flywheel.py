"""``iirl flywheel``: audit → triage → patch, until the verdict passes, a budget is spent, or nothing improves; and the
report.

One session, one pool of scorers: the processes that read the reward stay up while the wheel turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cluster.session import Session
from iirl_core.audit import Audit, TriageLabel
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.flywheel import Round, Step, decide_next
from iirl_core.release import resolve
from jobs.audit import AuditRound, audit_round
from jobs.audit.job import check_families
from jobs.audit.language_model import check_writing
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.outcome import Outcome
from jobs.patch import Repair, patch_round
from jobs.report import write_report
from jobs.triage import say_unsure, triage_round

COLUMNS = [
    *("round", "probes", "found", "verified", "flaws", "unsure", "repairs", "refused", "holds", "least kept"),
    *("held out", "verdict"),
]
"""Found by the red team, and verified by another path; flaws and unsure as triaged; the known-good reward that is least
kept; how often families that no repair saw break a norm."""


@dataclass(frozen=True)
class Turn:
    """One round: its audit, how triage split the findings, and the repair (None after the last audit)."""

    audit: Audit
    flaws: int
    unsure: int
    repair: Repair | None

    @property
    def round(self) -> Round:
        """What the wheel decides by."""
        repair, audit = self.repair, self.audit
        repaired = repair is None or repair.child is not None
        waits = repair is not None and (bool(repair.suggestions) or (self.unsure > 0 and not self.flaws))
        return Round(audit.probes, audit.verdict.passed, audit.open_hard, repaired, waits)


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Turn the wheel on the latest artifact of ``config``, and write the report.

    Raises:
        ConfigError: there are no norms, or a key or a language model is missing.
        NotFound: nothing was trained yet.
    """
    check_families(config)
    check_writing(session.store, config)
    digest = resolve(session.store, config.name)
    turns: list[Turn] = []
    step = Step.PATCH
    with ScorerPool(session, config.audit) as scorers:
        while step is Step.PATCH:
            audited = audit_round(session, config, progress, scorers, digest)
            turn = _after_audit(session, config, progress, audited, [each.round for each in turns])
            turns.append(turn)
            step = decide_next([each.round for each in turns], config.flywheel)
            if step is Step.PATCH and turn.repair and turn.repair.child:
                digest = turn.repair.child
    progress.table("The wheel", COLUMNS, round_table(turns))
    with progress.task("report"):
        report = write_report(session.store, config, digest)
    return _outcome(config, turns, step, digest, report)


def _after_audit(
    session: Session, config: Config, progress: Progress, audited: AuditRound, before: list[Round]
) -> Turn:
    """Triage, and repair where another audit can follow."""
    audit, findings = audited.audit, audited.findings
    progress.say(
        f"round {audit.round}: {audit.probes:,} probes, {audit.findings:,} findings, {audit.open_hard:,} of hard norms"
    )
    labels = triage_round(session, config, audit, findings)
    counts = Counter(labels.values())
    flaws, unsure = counts[TriageLabel.FLAW], counts[TriageLabel.UNSURE]
    asked = Turn(audit, flaws, unsure, None)
    if decide_next([*before, asked.round], config.flywheel) is not Step.PATCH:
        say_unsure(findings, labels, progress)
        return asked
    return Turn(audit, flaws, unsure, patch_round(session, config, progress, audit, findings=findings, labels=labels))


def round_table(turns: Sequence[Turn]) -> list[list[str]]:
    """A row a round, its cells as ``COLUMNS`` names them."""
    rows = []
    for turn in turns:
        repair, audit = turn.repair, turn.audit
        rows.append(
            [
                str(audit.round),
                f"{audit.probes:,}",
                f"{audit.findings + audit.refuted:,}",
                f"{audit.findings:,}",
                f"{turn.flaws:,}",
                f"{turn.unsure:,}",
                f"+{len(repair.plan.repairs)}" if repair else "",
                str(len(repair.plan.refused)) if repair else "",
                f"{repair.trial.holds:.0%}" if repair and repair.trial else "",
                f"{repair.budget.least:.1%}" if repair else "",
                _rate(*audit.broken_by(audit.held_out)),
                "passed" if audit.verdict.passed else "not passed",
            ]
        )
    return rows


def _rate(broken: int, spoken: int) -> str:
    return f"{broken / spoken:.2%}" if spoken else ""


def _outcome(config: Config, turns: list[Turn], step: Step, digest: Digest, report: str) -> Outcome:
    audit = turns[-1].audit
    if step is Step.RELEASE:
        made = f"{config.name} passes after {len(turns)} rounds: {digest[:19]}"
        return Outcome(made, report, "iirl release CONFIG.yaml")
    why = "; ".join(audit.verdict.reasons)
    repair = turns[-1].repair
    if repair is not None and repair.suggestions:
        return Outcome(f"{config.name} waits for a person: {repair.waiting}", report, repair.following, passed=False)
    people = "iirl triage CONFIG.yaml, then iirl triage list CONFIG.yaml: people decide what is unsure"
    following = people if turns[-1].unsure else "iirl show REF"
    return Outcome(f"{config.name} does not pass ({step.value}): {why}", report, following, passed=False)
