"""What ``reward_quality`` counts of rewards beside a judge's preferences, and how the ways of learning compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from benchmarks.alpaca import DEMONSTRATOR, GAMER
from benchmarks.figures import Figure, aligned, figure, number
from iirl_core.artifact import Provenance
from iirl_core.evaluation import SUITES, Estimate, Frozen, Judged, Resampling
from iirl_core.evaluation.best_of_n import golden_in_order
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.judge import apart

BOUNDS = {"agreement": 0.86, "agreement@25%": 0.72, "policies": 0.92, "policies-apart": 0.92}
"""To be reached without a comparison or a judge's label."""
ORACLE = "each model's mean preference"
FEWEST_APART = 6
"""Of fewer models a rank correlation is met by chance too often to be called reached: of three, one order in six."""
PICKS = ("agreement", "agreement@25%", "agreement@10%", "policies", "policies-apart", "policies-ordered")
PAPER = ("init-sft", "preference", "init-demo", "sft-demo")
"""Best first: AfD's order on Harmless (arXiv 2405.15624, §4), by the golden reward of what best-of-N picks."""
PICKED = "best_of_n/golden@"


def part(judged: Judged, without: Sequence[str]) -> Judged:
    """Without some models."""
    kept = ~np.isin(judged.policies, [index for index, name in enumerate(judged.names) if name in without])
    columns = ("policies", "rewards", "golden", "clusters", "lengths", "heads")
    return replace(judged, **{name: getattr(judged, name)[kept] for name in columns})


def baselines(judged: Judged, resampling: Resampling) -> list[Figure]:
    """Length alone and random heads, by the suites themselves, and how far anything that only tells models apart could
    come: what is worth most knows what the judge thinks of each model on the whole.
    """
    means = np.bincount(judged.policies, weights=judged.golden) / np.bincount(judged.policies)
    known = {"length alone": judged.lengths, ORACLE: means[judged.policies]}
    found = [
        each
        for name, rewards in known.items()
        for each in figures_of(name, [replace(judged, rewards=rewards)], resampling, {})
    ]
    frozen = Frozen.of_judged(part(judged, [GAMER, DEMONSTRATOR]))
    if not judged.heads.any():
        return found
    heads = {each.name.removeprefix("random/judge/"): each for each in SUITES["random"](frozen, resampling)}
    return [*found, *(_figure("random head", pick, [heads[pick]], None) for pick in PICKS if pick in heads)]


def figures_of(name: str, asked: Sequence[Judged], resampling: Resampling, bounds: Mapping[str, float]) -> list[Figure]:
    """One way of learning: its figures, over the seeds."""
    own = [part(judged, [GAMER, DEMONSTRATOR]) for judged in asked]
    if len(apart(own[0])) < FEWEST_APART:
        bounds = {pick: bound for pick, bound in bounds.items() if pick != "policies-apart"}
    found = [_estimates("judge", judged, resampling) for judged in own]
    figures = [
        _figure(name, pick, [each[f"judge/{pick}"] for each in found], bounds.get(pick))
        for pick in PICKS
        if all(f"judge/{pick}" in each for each in found)
    ]
    every = [_estimates("judge", part(judged, [GAMER]), resampling) for judged in asked]
    for pick in ("agreement", "agreement@25%", "policies"):
        runs = [each[f"judge/{pick}"] for each in every if f"judge/{pick}" in each]
        figures += [_figure(f"{name}, and {DEMONSTRATOR}", pick, runs, bounds.get(pick))] if runs else []
    best = [_estimates("best_of_n", judged, resampling) for judged in own]
    figures += [_figure(name, pick, [each[pick] for each in best], None) for pick in best[0]]
    places = [place_of(GAMER, judged) for judged in asked]
    policies = len(asked[0].names)
    bound = policies - policies // 3 + 1 if bounds else None
    return [*figures, figure(f"{name}: place of {GAMER}", places, f"of {policies}", at_least=bound)]


def place_of(model: str, judged: Judged) -> int:
    """From 1, the model of the highest mean reward."""
    means = np.bincount(judged.policies, weights=judged.rewards) / np.bincount(judged.policies)
    return int((means > means[judged.names.index(model)]).sum()) + 1


def contrast_table(figures: Sequence[Figure], claims: Mapping[str, Provenance]) -> str:
    """A line per way of learning, the baselines first: medians over the seeds."""
    values = {each.name: each.value for each in figures}
    wide = _widest(figures)
    columns = {
        "agreement": "{}: agreement",
        "lengths within 25%": "{}: agreement@25%",
        f"and {DEMONSTRATOR}": f"{{}}, and {DEMONSTRATOR}: agreement",
        "and within 25%": f"{{}}, and {DEMONSTRATOR}: agreement@25%",
        "models": "{}: policies",
        "apart": "{}: policies-apart",
        "pairs of models": "{}: policies-ordered",
        **{f"win rate, best of {n}": f"{{}}: {PICKED}{n}" for n in (1, 4, 16, wide)},
        GAMER: f"{{}}: place of {GAMER}",
    }
    lines = [("learnt from", *columns, "mode", "supervision")]
    for name in ("length alone", ORACLE, "random head", *claims):
        shown = (number(values[key]) if (key := column.format(name)) in values else "" for column in columns.values())
        said = claims.get(name)
        lines.append((name, *shown, *((str(said.mode), str(said.supervision)) if said else ("", ""))))
    return aligned(lines)


def picked(judged: Judged) -> Floats:
    """``[P]``: of each prompt that every model answered, the judge's preference for the answer rewarded most."""
    whole = len(np.unique(judged.policies))
    answers = [np.flatnonzero(judged.clusters == prompt) for prompt in np.unique(judged.clusters)]
    every = [each for each in answers if len(each) == whole]
    return np.array([golden_in_order(judged.rewards[each], judged.golden[each])[-1] for each in every])


def order_note(picks: Mapping[str, Floats], resampling: Resampling) -> str:
    """Where the order of the contrasts, by what is picked among all models' answers, is AfD's, and where not."""
    rates = {name: float(picks[name].mean()) for name in PAPER}
    ours = sorted(PAPER, key=lambda name: -rates[name])
    agreed, other, sure = [], [], []
    for better, worse in combinations(PAPER, 2):
        (agreed if rates[better] > rates[worse] else other).append(f"{better} > {worse}")
        gap = picks[better] - picks[worse]
        found = resampling.estimate("gap", np.arange(len(gap)), partial(_mean, gap), within=(-1.0, 1.0))
        if found.low > 0 or found.high < 0:
            sure.append(f"{better} > {worse}" if found.low > 0 else f"{worse} > {better}")
    return (
        f"By the win rate of what is picked among all answers the order is {' > '.join(ours)} ("
        + ", ".join(f"{rates[name]:.3f}" for name in ours)
        + f"); AfD's on Harmless was {' > '.join(PAPER)}. The same: {', '.join(agreed) or 'nothing'}. "
        f"Not the same: {', '.join(other) or 'nothing'}. Beyond chance (the 95% interval of the difference, paired by "
        f"prompt): {', '.join(sure) or 'nothing'}."
    )


def _mean(values: Floats, weights: Floats) -> float:
    return float(np.average(values, weights=weights))


def _widest(figures: Sequence[Figure]) -> int:
    """The largest N of best-of-N."""
    return max(int(each.name.rpartition("@")[2]) for each in figures if f": {PICKED}" in each.name)


def _estimates(suite: str, judged: Judged, resampling: Resampling) -> dict[str, Estimate]:
    return {estimate.name: estimate for estimate in SUITES[suite](Frozen.of_judged(judged), resampling)}


def _figure(label: str, pick: str, runs: Sequence[Estimate], bound: float | None) -> Figure:
    first = runs[0]
    interval = f"[{first.low:.3f}, {first.high:.3f}], {first.count}"
    return figure(f"{label}: {pick}", [each.value for each in runs], "", at_least=bound, baseline=interval)
