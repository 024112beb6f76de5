"""Gather, render, keep: ``audits/DIGEST/ROUND/report.html`` of an artifact's last audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from iirl_core.artifact import load_from
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.demonstration import SPLITS
from iirl_core.errors import NotFound
from iirl_core.norm import norms_of
from iirl_core.release import audit_file
from iirl_core.report import ReportData, VerdictFacts, render_report
from iirl_core.signing import Trust
from iirl_core.store.protocol import Store
from jobs.audit.material import measured
from jobs.history import PastRound, history_of
from jobs.report.artifact import artifact_facts
from jobs.report.chain import round_facts
from jobs.report.coverage import coverage_cells, gaps_of, judged_by
from jobs.report.figures import evaluation_figures
from jobs.report.findings import finding_facts
from jobs.report.mapping import latent_map
from jobs.report.rewards import corpus_inputs, encode, reward_field, reward_groups
from jobs.report.statements import statement_facts
from jobs.report.times import times_of

REPORT = "report.html"


def write_report(store: Store, config: Config, digest: Digest) -> str:
    """Write the report of the last audit of ``digest``; returns where it lies.

    Raises:
        NotFound: it was never audited.
        Tampered, Gated: the artifact, an audit or a label does not hold.
    """
    trust = Trust.from_folder(Path(config.keys))
    history = history_of(store, digest, trust, config.review.confidence)
    if not history or history[-1].digest != digest:
        raise NotFound(f"{digest[:19]} was never audited", todo="Audit it with: iirl audit CONFIG.yaml")
    data = _gather(store, config, history, trust)
    key = audit_file(digest, history[-1].audit.round, REPORT)
    store.put(key, render_report(data).encode("utf-8"))
    return f"{store.url}/{key}"


def _gather(store: Store, config: Config, history: Sequence[PastRound], trust: Trust) -> ReportData:
    artifact = load_from(store, history[-1].digest, trust_remote_code=config.trusts_remote_code)
    norms, times = measured(store, config, artifact, norms_of(config)), times_of(store, artifact.digest)
    findings = {past.audit.round: past.findings() for past in history}
    every = [finding for found in findings.values() for finding in found]
    audit = history[-1].audit
    read = partial(corpus_inputs, store, artifact.manifest)
    demonstrations = config.playing("demonstrations")
    unseen_inputs = read(demonstrations, ("unseen",))
    unseen = encode(artifact, unseen_inputs)
    negatives = encode(artifact, read(config.playing("negatives"), ("guard", "unseen")))
    probes = encode(artifact, read([section for section in config.corpora if section.role == "probes"], SPLITS))
    contrast = {"held-out negatives": negatives, "the audit's probe corpora": probes}
    shown = unseen_inputs or read(demonstrations, ("guard",))
    return ReportData(
        artifact=artifact_facts(store, artifact, times),
        verdict=VerdictFacts(audit.verdict.passed, audit.verdict.reasons),
        norms=judged_by(norms, audit),
        rounds=round_facts(store, config, artifact, history, unseen),
        coverage=coverage_cells(audit),
        gaps=gaps_of(norms, audit),
        findings=finding_facts(artifact, norms, history, findings),
        findings_total=len(every),
        repairs=artifact.model.repairs,
        groups=reward_groups(artifact, unseen, {name: z for name, z in contrast.items() if z is not None}),
        figures=evaluation_figures(store, config, history),
        field=reward_field(artifact, norms, shown, every),
        statements=statement_facts(store, artifact.digest, trust, times),
        cells=audit.cells,
        examples=audit.examples,
        choices=audit.choices,
        movements=audit.movements,
        latent=latent_map(store, artifact, audit, every),
        generated=datetime.now(UTC).isoformat(timespec="minutes"),
    )
