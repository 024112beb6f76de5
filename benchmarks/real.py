"""The main job on published data, and what came out, good or bad.

    make real [DATA=../shared/data]
    python -m benchmarks.real [--quick] [--only hh] [--data FOLDER] [--store .iirl-real] [--json PATH]

For each configuration in ``examples/real``: ingest → train → audit, triage and patch until the verdict passes or the
rounds are spent → evaluate what is left of the reward → release → serve, on one Ray. A wheel that does not pass is not
released, and says so.
The data: expert trajectories of HalfCheetah-v4 and Hopper-v4 (strict, demonstrations only), Anthropic HH harmless-base
(chosen against rejected) and alpaca_eval (gpt4_1106_preview against phi-2, a fixed policy), both weakly supervised.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.figures import Figure, arguments, figure, write_results
from cluster import Session, open_session
from iirl_core.artifact import Artifact, load_from
from iirl_core.audit import Audit
from iirl_core.config import Config, load_config
from iirl_core.corpus import read_corpus
from iirl_core.errors import IirlError
from iirl_core.evaluation import BASELINES, Evaluation, parse_evaluation
from iirl_core.records import document_of
from iirl_core.release import resolve
from iirl_core.signing import Trust
from jobs import evaluate, flywheel, ingest, release, train
from jobs.console import Progress
from jobs.history import history_of
from jobs.key import new_keys
from jobs.serve import Server

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "real"
ASKED = 8
"""Unseen demonstrations whose rewards are asked for over HTTP."""
SETS = ("halfcheetah", "hopper", "hh", "alpaca")
QUICK = {
    "trajectory": ("train.epochs=60", "audit.probes={far: 400, uniform: 400, ascent: 100}", "flywheel.rounds=2"),
    "text": (
        "train.epochs=10",
        "audit.probes={empty: 20, mismatch: 40, formatting: 20, padding: 20}",
        "flywheel.rounds=2",
    ),
}


@dataclass(frozen=True, eq=False)
class Turned:
    """What the main job made of one set. ``served`` is how far the rewards over HTTP are from those in process, None
    where nothing was released.
    """

    rows: int
    quarantined: int
    root: Artifact
    evaluation: Evaluation
    first: Audit
    last: Audit
    kernels: int
    served: float | None
    seconds: float


def turn(session: Session, config: Config, progress: Progress) -> Turned:
    """The whole main job on one configuration."""
    started = time.monotonic()
    progress.outcome(ingest.run(session, config, progress))
    progress.outcome(train.run(session, config, progress))
    progress.outcome(flywheel.run(session, config, progress))
    progress.outcome(evaluate.run(session, config, progress))
    store, name = session.store, config.name
    last = load_from(store, resolve(store, name))
    history = history_of(store, last.digest, Trust.from_folder(Path(config.keys)))
    passed = history[-1].audit.verdict.passed
    served = None
    if passed:
        progress.outcome(release.run(session, config, progress))
        served = ask(session, config, last)
    corpora = [read_corpus(store, section.name).manifest for section in config.corpora]
    return Turned(
        rows=sum(corpus.rows for corpus in corpora),
        quarantined=sum(corpus.quarantined for corpus in corpora),
        root=load_from(store, history[0].digest),
        evaluation=parse_evaluation(store.get(evaluate.evaluation_key(last))),
        first=history[0].audit,
        last=history[-1].audit,
        kernels=len(last.model.patches),
        served=served,
        seconds=time.monotonic() - started,
    )


def ask(session: Session, config: Config, artifact: Artifact) -> float:
    """The largest difference between the rewards that the server gives to a few unseen demonstrations and those that
    the artifact gives in process.
    """
    shown = next(section for section in config.corpora if section.role == "demonstrations")
    unseen = read_corpus(session.store, shown.name).demonstrations("unseen")
    inputs = [one.input for one in islice(unseen, ASKED)]
    items = [document_of(item) for item in inputs]
    reference = f"{config.name}@{config.release.channel}"
    with Server(session, config) as server:
        body = json.dumps({"model": reference, "items": items}).encode()
        request = urllib.request.Request(  # noqa: S310 (our own server, on loopback)
            f"{server.ready()}/v1/rewards", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
            scores = json.load(response)["data"]
    readings = artifact.read(inputs)
    return max(abs(score["reward"] - reading.reward) for score, reading in zip(scores, readings, strict=True))


def main() -> int:
    """Run, print the table, write it."""
    parser = arguments("real", (__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=SETS, nargs="+", default=list(SETS), help="fewer sets")
    parser.add_argument("--store", default=".iirl-real")
    parser.add_argument("--keys", default=".iirl-keys")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"real: there is no data at {options.data}; the README says where each set is published", file=sys.stderr)
        return 2
    os.environ["IIRL_DATA"] = str(options.data.resolve())
    progress, figures = Progress(), list[Figure]()
    try:
        progress.outcome(new_keys(Path(options.keys)))
        store = f"{options.store}-quick" if options.quick else options.store
        configs = [configuration(name, store, options.keys, options.quick) for name in options.only]
        with open_session(configs[0]) as session:
            for name, config in zip(options.only, configs, strict=True):
                progress.say(f"\n== {name} ==")
                try:
                    figures += figures_of(name, turn(session, config, progress))
                except IirlError as error:  # one set that fails hides nothing of the others
                    progress.say(f"real: {name}: {error}")
                    figures.append(figure(f"{name}: done", [0], "", at_least=1, baseline=str(error)[:100]))
    except IirlError as error:
        progress.say(f"real: {error}")
        return 2
    notes = "One seed. Estimates are of unseen records; their spread is the 95% bootstrap interval. `separation/X` is"
    notes += (
        " the AUROC against X, `length/FIGURE` what length alone reaches, `random/FIGURE` what an untrained head does."
    )
    write_results("real", figures, notes, options.json)
    return 1 if any(each.met is False for each in figures) else 0


def configuration(name: str, store: str, keys: str, quick: bool) -> Config:
    """One set's configuration; ``quick`` trains and audits less. Needs IIRL_DATA in the environment."""
    file, plain = EXAMPLES / f"{name}.yaml", {"store": store, "keys": keys}
    config = load_config(file, plain=plain)
    return load_config(file, QUICK[config.encoder.kind], plain=plain) if quick else config


def figures_of(name: str, turned: Turned) -> list[Figure]:
    """One set's rows of the table."""
    manifest = turned.root.manifest
    learnt = f"{manifest.mode}, {manifest.supervision}"
    made = [
        figure(f"{name}: rows", [turned.rows], "", baseline=f"{turned.quarantined} quarantined"),
        *(
            Figure(f"{name}: {each.name}", each.value, "", baseline=learnt, runs=(each.low, each.high))
            for each in turned.evaluation.estimates
            if each.name.partition("/")[0] in ("separation", "pairs", "calibration", *BASELINES)
            or each.name == "retention/kept"
        ),
        figure(f"{name}: open hard findings", [turned.last.open_hard], "", baseline=f"{turned.first.open_hard} first"),
        figure(f"{name}: findings", [turned.last.findings], "", baseline=f"{turned.first.findings} first"),
        figure(f"{name}: kernels", [turned.kernels], "", baseline=f"{turned.last.round} rounds"),
        figure(f"{name}: verdict passed", [float(turned.last.verdict.passed)], "", baseline=_why(turned.last)),
    ]
    if turned.served is not None:
        made.append(figure(f"{name}: HTTP against in process", [turned.served], "reward", at_most=1e-5))
    return [*made, figure(f"{name}: seconds", [turned.seconds], "s")]


def _why(audit: Audit) -> str:
    return "; ".join(audit.verdict.reasons)[:100]


if __name__ == "__main__":
    sys.exit(main())
