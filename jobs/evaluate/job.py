"""The verb: read, score, compute, keep, say."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from
from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.demonstration import Trajectory
from iirl_core.evaluation import Evaluation, Resampling, evaluate
from iirl_core.log import Event, append
from iirl_core.release import resolve
from iirl_core.report import render_evaluation
from iirl_core.store import Store
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.evaluate.page import evaluation_data
from jobs.evaluate.preparing import prepare_suites
from jobs.evaluate.rating import Raters
from jobs.evaluate.rollouts import check_rollouts, find_rollouts, rank_rollouts
from jobs.evaluate.scoring import Advance, Score, score
from jobs.evaluate.suites import examine_suites
from jobs.evaluate.table import HEADERS, SUITE_HEADERS, suite_rows, table_rows, warnings
from jobs.evaluate.unseen import freeze
from jobs.evaluate.untrained import read_untrained
from jobs.learnt import corpus_behind
from jobs.lineage import trained
from jobs.outcome import Outcome


def run(session: Session, config: Config, progress: Progress, reference: str | None = None) -> Outcome:
    """Evaluate ``reference`` (default: the newest artifact of ``config.name``) on the corpora's unseen splits and on
    the suites.

    Raises:
        NotFound: there is no such artifact or corpus.
        ConfigError: as ``read_untrained`` and ``prepare_suites``.
        InputError: as ``check_rollouts``.
        CorpusEmpty, ClusterError: as ``prepare_suites`` and ``examine_suites``.
    """
    store = session.store
    digest = resolve(store, reference or config.name)
    asked, rollouts = prepare_suites(session, config), find_rollouts(config)
    artifact = load_from(store, digest, trust_remote_code=config.trusts_remote_code)
    check_rollouts(artifact.model, rollouts)
    manifest = artifact.manifest
    unseen, learnt = read_untrained(store, config, artifact, asked, progress)
    inputs = sum(len(one.demonstrations) for one in unseen)
    with ExitStack() as stack:
        raters = None
        if asked or config.audit.gpus_per_scorer:  # else too little to start Ray for
            pool = stack.enter_context(ScorerPool(session, config.audit))
            raters = Raters(pool, config.trusts_remote_code)
        with progress.task("evaluating") as advance:
            frozen = freeze(_scoring(artifact, raters, advance), unseen, config)
            estimates = evaluate(frozen, Resampling(config.evaluate.bootstrap, config.seed))
        examined = []
        if raters is not None:
            examined = examine_suites(store, config, digest, asked, trained=learnt, raters=raters, progress=progress)
    ranked = rank_rollouts(artifact.model, rollouts, _shown(store, artifact, config), config)
    told = [*(one.estimates for one in ranked), *(suite.estimates for suite in examined)]
    evaluation = Evaluation(
        digest=digest,
        root=trained(store, digest).digest,
        corpora={one.section.name: one.digest for one in unseen},
        counts={one.section.name: (len(one.demonstrations), one.there) for one in unseen},
        bootstrap=config.evaluate.bootstrap,
        estimates=(*estimates, *chain.from_iterable(told)),
        suites=(*(one.facts for one in ranked), *(suite.facts for suite in examined)),
        left_out={one.section.name: one.left_out for one in unseen},
        corpora_gone=not learnt.complete,
    )
    key = evaluation_key(artifact)
    if not store.exists(key) or store.get(key) != evaluation.to_bytes():
        append(store, Event("evaluate", digest, manifest.name))
        store.put(key, evaluation.to_bytes())
    page = key.removesuffix(".json") + ".html"
    store.put(page, render_evaluation(evaluation_data(manifest, evaluation, frozen, ranked, examined)).encode())
    progress.table(f"{manifest.name} {manifest.version}", HEADERS, table_rows(evaluation))
    if evaluation.suites:
        progress.table("suites", SUITE_HEADERS, suite_rows(evaluation))
    for warning in warnings(evaluation):
        progress.say(warning)
    suites = f" and {len(evaluation.suites)} suites" if evaluation.suites else ""
    return Outcome(
        made=f"evaluated {manifest.name} {manifest.version} on {inputs} unseen records{suites}",
        where=f"{store.url}/{page}, and the same as JSON beside it",
        next="iirl audit CONFIG.yaml",
    )


def _scoring(artifact: Artifact, raters: Raters | None, advance: Advance) -> Score:
    """By scorers, or in this process."""
    if raters is not None:
        return lambda inputs: raters.score(artifact.digest, inputs, advance)
    return lambda inputs: score(artifact.model, inputs, advance)


def _shown(store: Store, artifact: Artifact, config: Config) -> list[Trajectory]:
    """Trajectories that the artifact learnt from, where there are rollouts to set beside them."""
    if not config.evaluate.rollouts:
        return []
    corpora = (corpus_behind(store, artifact.manifest, section) for section in config.playing("demonstrations"))
    inputs = (one.input for corpus in corpora for one in corpus.demonstrations("train"))
    return [item for item in inputs if isinstance(item, Trajectory)]


def evaluation_key(artifact: Artifact) -> str:
    """Where an artifact's evaluation lies in the store."""
    return f"runs/{artifact.manifest.name}/evaluations/{folder_of(artifact.digest)}.json"
