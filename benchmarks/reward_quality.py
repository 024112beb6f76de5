"""What rewards learnt in several ways agree with, on published answers: a judge, or length and style?

    python -m benchmarks.reward_quality [--quick] [--data FOLDER] [--cache FOLDER] [--json PATH]

alpaca_eval: half of the prompts (by hash) are learnt from, the other half asked. The five contrasts of AfD (arXiv
2405.15624, table 1) stand side by side with negatives made of demonstrations (``benchmarks.learning``), each learnt
three times from other seeds: a head over rows of a frozen MiniLM. The judge is GPT-4's probability to prefer an answer
to gpt4_1106_preview's; the 19 models that it judged are asked, all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.alpaca import DEMONSTRATOR, GAMER, MAX_TOKENS, Rows, judged_of, read
from benchmarks.figures import Figure, aligned, arguments, figure, number, write_results
from benchmarks.learning import Lesson, frozen_head, lessons_of
from iirl_core.artifact import Supervision
from iirl_core.evaluation import SUITES, Estimate, Frozen, Judged, Resampling

SEEDS = (0, 1, 2)
QUICK_PROMPTS = 60
BOUNDS = {"agreement": 0.86, "agreement@25%": 0.72, "policies-apart": 0.92}
"""To be reached from demonstrations alone."""
PICKS = ("agreement", "agreement@25%", "agreement@10%", "policies", "policies-apart")
PAPER = ("init-sft", "preference", "init-demo", "sft-demo")
"""Best first: AfD's order on Harmless (arXiv 2405.15624, §4), by the golden reward of what best-of-N picks."""
PICKED = "best_of_n/golden@"


def main() -> int:
    """Encode, learn, ask, print, write."""
    parser = arguments("reward_quality", (__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".iirl/encodings"), help="encodings are kept here")
    options = parser.parse_args()
    folder = options.data / "alpaca_eval"
    if not folder.is_dir():
        print(f"reward_quality: there is no data at {folder}; the README says where it is published", file=sys.stderr)
        return 2
    seeds, resampling = (SEEDS[:1], Resampling(100)) if options.quick else (SEEDS, Resampling())
    train, unseen = read(folder, *((QUICK_PROMPTS, QUICK_PROMPTS) if options.quick else (None, None)))
    rows = Rows(options.cache)
    judged, lessons = judged_of(unseen, rows), lessons_of(train, rows)
    items = [each.item for each in unseen]
    figures = baselines(judged, resampling)
    for name, lesson in lessons.items():
        asked = [replace(judged, rewards=frozen_head(lesson, seed, rows)(items)) for seed in seeds]
        bounded = lesson.provenance.supervision is Supervision.DEMONSTRATIONS_ONLY
        figures += figures_of(name, asked, resampling, BOUNDS if bounded else {})
    print(contrast_table(figures, lessons), end="\n\n")
    prompts = (len({each.prompt for each in answers}) for answers in (train, unseen))
    notes = "{} prompts learnt from, {} asked; ".format(*prompts) + (
        f"{len(judged.names)} judged models; heads over a frozen MiniLM, {MAX_TOKENS} tokens. "
        f"Agreement: pairs whose judged preferences differ by 0.2 or more, without {GAMER} (its preference was won by "
        f"fooling the judge) and, unless said, without {DEMONSTRATOR}'s own answers. Intervals (of the first seed) are "
        "95%, clustered by prompt; a random head's are of heads. policies: Spearman over models; policies-apart: over "
        "models whose intervals of mean preference do not overlap. best_of_n/golden@N: how often the judge prefers the "
        "pick of N models' answers to gpt4_1106_preview's (N = 1 is a pick at random); they are answers of several "
        f"models, so there is no bound on KL. Reached: whether the median of {len(seeds)} seeds is. "
    )
    write_results("reward_quality", figures, notes + order_note(figures), options.json)
    return 0


def part(judged: Judged, without: Sequence[str]) -> Judged:
    """Without some models."""
    kept = ~np.isin(judged.policies, [index for index, name in enumerate(judged.names) if name in without])
    columns = ("policies", "rewards", "golden", "clusters", "lengths", "heads")
    return replace(judged, **{name: getattr(judged, name)[kept] for name in columns})


def baselines(judged: Judged, resampling: Resampling) -> list[Figure]:
    """Length alone and random heads, by the suites themselves."""
    by_length = figures_of("length alone", [replace(judged, rewards=judged.lengths)], resampling, {})
    frozen = Frozen.of_judged(part(judged, [GAMER, DEMONSTRATOR]))
    heads = {each.name.removeprefix("random/judge/"): each for each in SUITES["random"](frozen, resampling)}
    return [*by_length, *(_figure("random head", pick, [heads[pick]], None) for pick in PICKS if pick in heads)]


def figures_of(name: str, asked: Sequence[Judged], resampling: Resampling, bounds: Mapping[str, float]) -> list[Figure]:
    """One way of learning: its figures, over the seeds."""
    own = [part(judged, [GAMER, DEMONSTRATOR]) for judged in asked]
    found = [_estimates("judge", judged, resampling) for judged in own]
    figures = [
        _figure(name, pick, [each[f"judge/{pick}"] for each in found], bounds.get(pick))
        for pick in PICKS
        if all(f"judge/{pick}" in each for each in found)
    ]
    every = [_estimates("judge", part(judged, [GAMER]), resampling)["judge/agreement"] for judged in asked]
    figures.append(_figure(f"{name}, and {DEMONSTRATOR}", "agreement", every, None))
    picked = [_estimates("best_of_n", judged, resampling) for judged in own]
    figures += [_figure(name, pick, [each[pick] for each in picked], None) for pick in picked[0]]
    places = [place_of(GAMER, judged) for judged in asked]
    policies = len(asked[0].names)
    bound = policies - policies // 3 + 1 if bounds else None
    return [*figures, figure(f"{name}: place of {GAMER}", places, f"of {policies}", at_least=bound)]


def place_of(model: str, judged: Judged) -> int:
    """From 1, the model of the highest mean reward."""
    means = np.bincount(judged.policies, weights=judged.rewards) / np.bincount(judged.policies)
    return int((means > means[judged.names.index(model)]).sum()) + 1


def contrast_table(figures: Sequence[Figure], lessons: Mapping[str, Lesson]) -> str:
    """A line per way of learning, the baselines first: medians over the seeds."""
    values = {each.name: each.value for each in figures}
    wide = _widest(figures)
    columns = {
        "agreement": "{}: agreement",
        "lengths within 25%": "{}: agreement@25%",
        f"and {DEMONSTRATOR}": f"{{}}, and {DEMONSTRATOR}: agreement",
        "models": "{}: policies",
        "apart": "{}: policies-apart",
        **{f"win rate, best of {n}": f"{{}}: {PICKED}{n}" for n in (1, 4, wide)},
        GAMER: f"{{}}: place of {GAMER}",
    }
    lines = [("learnt from", *columns, "mode", "supervision")]
    for name in ("length alone", "random head", *lessons):
        shown = (number(values[key]) if (key := column.format(name)) in values else "" for column in columns.values())
        claims = lessons[name].provenance if name in lessons else None
        lines.append((name, *shown, *((str(claims.mode), str(claims.supervision)) if claims else ("", ""))))
    return aligned(lines)


def order_note(figures: Sequence[Figure]) -> str:
    """Where the order of the contrasts is AfD's, and where not, by what best-of-N picks at the largest N."""
    wide = _widest(figures)
    values = {each.name: each.value for each in figures}
    rates = {name: values[f"{name}: {PICKED}{wide}"] for name in PAPER}
    ours = sorted(PAPER, key=lambda name: -rates[name])
    agreed, other = [], []
    for better, worse in combinations(PAPER, 2):
        (agreed if rates[better] > rates[worse] else other).append(f"{better} > {worse}")
    return (
        f"By the win rate of the best of {wide} the order is {' > '.join(ours)} ("
        + ", ".join(f"{rates[name]:.3f}" for name in ours)
        + f"); AfD's on Harmless was {' > '.join(PAPER)}. The same: {', '.join(agreed) or 'nothing'}. "
        f"Not the same: {', '.join(other) or 'nothing'}."
    )


def _widest(figures: Sequence[Figure]) -> int:
    """The largest N of best-of-N."""
    return max(int(each.name.rpartition("@")[2]) for each in figures if f": {PICKED}" in each.name)


def _estimates(suite: str, judged: Judged, resampling: Resampling) -> dict[str, Estimate]:
    return {estimate.name: estimate for estimate in SUITES[suite](Frozen.of_judged(judged), resampling)}


def _figure(label: str, pick: str, runs: Sequence[Estimate], bound: float | None) -> Figure:
    first = runs[0]
    interval = f"[{first.low:.3f}, {first.high:.3f}], {first.count}"
    return figure(f"{label}: {pick}", [each.value for each in runs], "", at_least=bound, baseline=interval)


if __name__ == "__main__":
    sys.exit(main())
