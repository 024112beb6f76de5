"""One round of audit: ask and verify, count, decide, sign.

    audits/DIGEST/ROUND/{audit.json, findings.parquet, coverage.safetensors, parts-…/}, and the auditor's statement

The statement is written last: a round without one never happened, and running the command again goes on with the parts
that are there, with the same seeds and therefore to the same findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.audit import Audit, Coverage, Finding, movements
from iirl_core.audit.unheard import unheard, unjudged
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.errors import ConfigError
from iirl_core.norm import NUMBER, norms_of
from iirl_core.probe import FAMILIES
from iirl_core.probe.adaptive import ASKS_ONE, UNSTEERED
from iirl_core.release import resolve
from iirl_core.signing import (
    KeyRole,
    Trust,
    load_private_key,
)
from jobs.audit.asking import Asking, ask_round
from jobs.audit.conclusion import Gathered, conclude, keep
from jobs.audit.environment import training_of
from jobs.audit.language_model import check_writing
from jobs.audit.material import gather_material
from jobs.audit.plan import FORMER
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.history import history_of
from jobs.outcome import Outcome

SHOWN = 5


@dataclass(frozen=True)
class AuditRound:
    """The signed audit of one round, and its verified findings (at most ``audit.keep_findings``), worst first."""

    audit: Audit
    findings: tuple[Finding, ...]


def run(
    session: Session, config: Config, progress: Progress, reference: str | None = None, *, resume: bool = False
) -> Outcome:
    """Audit one artifact (default: the latest) once, and write the report. An audit that was interrupted is gone on
    with; ``resume`` insists on that.

    Raises:
        ConfigError: there are no norms, a family is unknown or of the other kind, the auditor's key is missing, or
            there is nothing to resume, or no such language model.
        NotFound: there is no such artifact or corpus.
    """
    digest = resolve(session.store, reference or config.name)
    check_families(config)
    check_writing(session.store, config)
    with ScorerPool(session, config.audit) as scorers:
        audited = audit_round(session, config, progress, scorers, digest, resume=resume)
    say_findings(audited.findings, progress)
    audit = audited.audit
    if audit.refuted:
        progress.say(f"  {audit.refuted:,} more did not hold when they were asked again, and are no findings")
    say_unshown(audit, progress)
    for line in unheard(norms_of(config), audit.families):
        progress.say(f"  {line}")
    from jobs.report import write_report  # it reads what audits wrote, so it imports us

    with progress.task("report"):
        report = write_report(session.store, config, digest)
    return Outcome(
        made=f"audited {digest[:19]}, round {audit.round}: {audit.findings:,} findings in {audit.probes:,} probes, "
        + ("passed" if audit.verdict.passed else "; ".join(audit.verdict.reasons)),
        where=report,
        next="iirl release CONFIG.yaml" if audit.verdict.passed else "iirl triage CONFIG.yaml",
        passed=audit.verdict.passed,
    )


def check_families(config: Config) -> None:
    """Refuse what would only fail after the scorers have started.

    Raises:
        ConfigError: there are no norms, they cannot be read or contradict each other, a family is unknown or asks about
            the other kind of input, one that is held out asks nothing, or nothing is asked at all.
    """
    if not config.norms:
        raise ConfigError("norms: there are none", "at least one, or an audit has nothing to check")
    if not any(config.audit.probes.values()):
        raise ConfigError("audit.probes: nothing is asked", "a family with a budget above 0")
    kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    others = {"conversation": "trajectories", "trajectory": "conversations"}[kind]
    for name in config.audit.probes:
        if name == FORMER:
            raise ConfigError("audit.probes: former has no budget", todo="Leave it out: it asks every former finding")
        if name not in FAMILIES:
            ours = [one for one, family in FAMILIES.items() if family.kind in (kind, "any") and one != FORMER]
            raise ConfigError(f"audit.probes: there is no family {name!r}", f"one of {', '.join(ours)}")
        if FAMILIES[name].kind not in (kind, "any"):
            raise ConfigError(f"audit.probes: {name} asks about {others}", f"families that ask about a {kind}")
    for name in config.audit.held_out:
        if name not in config.audit.probes:
            raise ConfigError(f"audit.held_out: {name} asks nothing", f"one of {', '.join(config.audit.probes)}")
    if config.audit.steered and not {*config.audit.probes}.difference(config.audit.held_out, UNSTEERED):
        raise ConfigError("audit.steered: no family can be", f"one that is not held out, nor {', '.join(UNSTEERED)}")
    training_of(config)
    for norm in norms_of(config):
        if norm.kind.pairs and (single := [family for family in norm.families if family in ASKS_ONE]):
            raise ConfigError(f"norm {norm.id!r} compares two inputs, and {single[0]} asks one", "a ceiling or a floor")


def audit_round(
    session: Session, config: Config, progress: Progress, scorers: ScorerPool, digest: Digest, *, resume: bool = False
) -> AuditRound:
    """Ask every family its budget and every former finding again; verify, decide, sign and keep the round.

    Raises:
        ConfigError: the auditor's key is missing, or there is nothing to ``resume``.
        Tampered, Gated: the artifact, or a former audit, does not hold.
    """
    store, keys = session.store, Path(config.keys)
    key, trust = load_private_key(keys, KeyRole.AUDITOR), Trust.from_folder(keys)
    history = history_of(store, digest, trust)
    round_ = 1 + max((past.audit.round for past in history), default=0)
    artifact = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
    norms, material = gather_material(store, config, artifact, norms_of(config), history)
    for line in unjudged((*norms, NUMBER), material.former):
        progress.say(f"  {line}")
    asked = ask_round(Asking(store, scorers, config, digest, round_, norms, material), progress, resume=resume)
    coverage = Coverage.fit(artifact.model.spaces.bottleneck, asked.merged.reservoir)
    audit, written = conclude(
        Gathered(asked, coverage, movements(artifact.model, material.inputs)), config, norms, digest, round_
    )
    keep(session.store, key, config.name, audit, written)
    return AuditRound(audit, asked.merged.findings)


def say_findings(findings: tuple[Finding, ...], progress: Progress) -> None:
    """The worst few, a line each."""
    for finding in findings[:SHOWN]:
        rewards = " → ".join(f"{reward:.3f}" for reward in finding.rewards)
        progress.say(f"  {finding.id} {finding.norm} by {finding.family} ({finding.note}): reward {rewards}")


def say_unshown(audit: Audit, progress: Progress) -> None:
    """The kinds of situation that no demonstration shows, a line each."""
    if audit.unshown:
        progress.say("  no demonstration shows what is right where the audit also asked:")
    for kind in audit.unshown:
        progress.say(f"    {kind}")
