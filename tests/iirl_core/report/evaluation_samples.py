"""An evaluation's page as a run could have made it: unseen splits, a benchmark, a judge of many policies, picks."""

from __future__ import annotations

import numpy as np

from iirl_core.canonical import digest_json
from iirl_core.evaluation import Judged, Resampling, SuiteFacts, examine_judge, examine_picks
from iirl_core.evaluation.calibration import reliability
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.judge import policy_means
from iirl_core.report import Baseline, Chapter, Curve, Diagram, Distribution, EvaluationData, EvaluationFigure, Panel

FEW = Resampling(50)
POLICIES = [f"policy-{letter}-with-a-long-name" if letter == "c" else f"policy-{letter}" for letter in "abcdefghij"]


def judged(prompts: int = 20, policies: int = 10) -> Judged:
    generator = np.random.default_rng(3)
    quality = np.tile(np.linspace(0.1, 0.9, policies), prompts)
    golden = np.clip(quality + generator.normal(0, 0.2, prompts * policies), 0, 1)
    rewards = np.clip(quality + generator.normal(0, 0.25, prompts * policies), 0, 1)
    lengths = 200 + 800 * quality + generator.normal(0, 300, prompts * policies).clip(-150)
    clusters = np.repeat(np.arange(prompts), policies)
    heads = generator.normal(0, 1, (prompts * policies, 4))
    owners = np.tile(np.arange(policies), prompts)
    return Judged(tuple(POLICIES[:policies]), owners, rewards, golden, clusters, lengths, heads)


def facts(kind: str, name: str, **changes: object) -> SuiteFacts:
    values: dict[str, object] = {
        "kind": kind,
        "name": name,
        "files": {"answers.jsonl.gz": digest_json([name])},
        "rows": 200,
        "answers": 200,
        "prompts": 20,
        "quarantined": 0,
        "reasons": (),
        "equal": 0,
        "contaminated": 0,
    }
    return SuiteFacts(**{**values, **changes})  # type: ignore[arg-type]


def figures(estimates: list[Estimate]) -> tuple[EvaluationFigure, ...]:
    named = {one.name: one for one in estimates}
    found = []
    for name, one in named.items():
        if name.startswith(("length/", "random/")):
            continue
        beside = [("length alone", named.get(f"length/{name}")), ("random head", named.get(f"random/{name}"))]
        baselines = tuple(Baseline(words, base.value, base.low, base.high) for words, base in beside if base)
        found.append(EvaluationFigure(name, one.value, one.low, one.high, one.count, True, "", baselines))
    return tuple(found)


def panel(estimates: list[Estimate], figure: str, title: str) -> Panel:
    curves = []
    for label, before in (("this reward", ""), ("length alone", "length/"), ("random head", "random/")):
        start = f"{before}best_of_n/own/{figure}@"
        own = [one for one in estimates if one.name.startswith(start)]
        points = [
            (int(one.name.removeprefix(start)), one.value, *((None, None) if before else (one.low, one.high)))
            for one in own
        ]
        curves.append(Curve(label, bool(before), tuple(points)))  # type: ignore[arg-type]
    return Panel(title, tuple(curves))


def evaluation_page() -> EvaluationData:
    generator = np.random.default_rng(4)
    good, bad = generator.beta(5, 2, 300), generator.beta(2, 5, 200)
    data = judged()
    agreement, picks = examine_judge("gpt", data, FEW), examine_picks("own", data, FEW)
    separation = EvaluationFigure(
        "separation/careless", 0.94, 0.92, 0.96, 500, True, "", (Baseline("length alone", 0.71, 0.66, 0.75),)
    )
    error = EvaluationFigure("calibration/careless", 0.08, 0.05, 0.12, 500, False, "")
    reasons = ("answers.jsonl.gz line 12: column 'preference' is None; expected a number.",)
    return EvaluationData(
        name="portal",
        version="0.1.0",
        digest=digest_json("artifact"),
        root=digest_json("root"),
        bootstrap=1000,
        counts=(("portal-demonstrations", 300, 300), ("portal-careless", 200, 4000)),
        warnings=("judge/gpt is contaminated: 3 of its 20 prompts were trained on",),
        chapters=(
            Chapter(
                "Unseen splits of the corpora",
                "Records of the corpora's unseen splits.",
                None,
                (separation, error),
                (Distribution("demonstrations", True, good), Distribution("careless", False, bad)),
                (Diagram("careless", reliability(good, bad), 0.08),),
            ),
            Chapter(
                "judge gpt",
                "Agreement with a judge.",
                facts("judge", "gpt", contaminated=3, quarantined=17, reasons=reasons, golden="column preference"),
                figures(agreement),
                (Distribution("upper half by golden score", True, good), Distribution("lower half", False, bad)),
                policies=tuple(policy_means(data)),
                seen=("policy-a", "policy-b"),
            ),
            Chapter(
                "best_of_n own",
                "Golden score of the best of N answers by reward.",
                facts("best_of_n", "own", contaminated=None, equal=2),
                figures(picks),
                panels=(
                    panel(picks, "golden", "Golden score of the pick"),
                    panel(picks, "win", "Chance that it beats an answer at random"),
                ),
            ),
        ),
    )
