"""What rewards learnt in several ways agree with, on published answers: a judge, or length and style?

    python -m benchmarks.reward_quality [--quick] [--tuned SEEDS [--layers 3] [--tokens 96] [--lessons NAME…]]
                                        [--data FOLDER] [--cache FOLDER] [--json PATH]

alpaca_eval: half of the prompts (by hash) are learnt from, the other half asked. The five contrasts of AfD (arXiv
2405.15624, table 1) stand side by side with negatives made of demonstrations (``benchmarks.learning``), each learnt
three times from other seeds: a head over rows of a frozen MiniLM. With ``--tuned`` MiniLM is trained too, end to end,
on those and on the answers of many models (``benchmarks.wide_lessons``); its rows of the table are called ``…, tuned``.
Without a GPU that takes a quarter of an hour or more for each way and seed; what is done is kept in the cache, so a
run that was stopped goes on there. The judge is GPT-4's probability to prefer an answer to gpt4_1106_preview's; the 19
models that it judged are asked, all of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.alpaca import DEMONSTRATOR, GAMER, MAX_TOKENS, SFT, Rows, judged_of, read
from benchmarks.figures import Figure, aligned, arguments, figure, number, write_results
from benchmarks.learning import FROZEN, TWO_CLASSES, Lesson, Scorer, frozen_head, lessons_of
from benchmarks.scores import Scores
from benchmarks.tuned import EPOCHS as TUNED_EPOCHS
from benchmarks.tuned import LAYERS, RECIPE, lower_layers, tuned_head
from benchmarks.tuned import MAX_TOKENS as TUNED_TOKENS
from benchmarks.wide_lessons import NARROWER, WIDE, wide_lessons_of
from iirl_core.artifact import Provenance, Supervision
from iirl_core.canonical import JsonValue
from iirl_core.corpus.identity import identity_of
from iirl_core.demonstration import Conversation
from iirl_core.evaluation import SUITES, Estimate, Frozen, Judged, Resampling
from iirl_core.evaluation.best_of_n import golden_in_order
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.judge import apart, clear_policies

SEEDS = (0, 1, 2)
QUICK_PROMPTS = 60
BOUNDS = {"agreement": 0.86, "agreement@25%": 0.72, "policies": 0.92, "policies-apart": 0.92}
"""To be reached without a comparison or a judge's label."""
ORACLE = "each model's mean preference"
FEWEST_APART = 6
"""Of fewer models a rank correlation is met by chance too often to be called reached: of three, one order in six."""
PICKS = ("agreement", "agreement@25%", "agreement@10%", "policies", "policies-apart", "policies-ordered")
PAPER = ("init-sft", "preference", "init-demo", "sft-demo")
"""Best first: AfD's order on Harmless (arXiv 2405.15624, §4), by the golden reward of what best-of-N picks."""
PICKED = "best_of_n/golden@"


def main() -> int:
    """Encode, learn, ask, print, write."""
    options = _arguments()
    folder = options.data / "alpaca_eval"
    if not folder.is_dir():
        print(f"reward_quality: there is no data at {folder}; the README says where it is published", file=sys.stderr)
        return 2
    seeds, resampling = (SEEDS[:1], Resampling(100)) if options.quick else (SEEDS, Resampling())
    train, unseen = read(folder, *((QUICK_PROMPTS, QUICK_PROMPTS) if options.quick else (None, None)))
    rows, items = Rows(options.cache), [each.item for each in unseen]
    judged = judged_of(unseen, None if options.alone else rows)
    lessons = {} if options.alone else lessons_of(train)
    frozen = Learner(options.cache, items, FROZEN, partial(frozen_head, rows=rows))
    rewards = {name: [frozen(name, each, seed) for seed in seeds] for name, each in lessons.items()}
    claims = {name: each.provenance for name, each in lessons.items()}
    if options.tuned:
        both = wide_lessons_of(train) | lessons_of(train)
        encoder_of = partial(lower_layers, options.layers, options.tokens)
        recipe = {**RECIPE, "layers": options.layers, "tokens": options.tokens}
        tuned = Learner(options.cache, items, recipe, partial(tuned_head, encoder_of=encoder_of))
        for name in options.lessons or (*WIDE, *TWO_CLASSES):
            claims[f"{name}, tuned"] = both[name].provenance
            rewards[f"{name}, tuned"] = [tuned(name, both[name], seed) for seed in range(options.tuned)]
    figures, picks = baselines(judged, resampling), {}
    for name, learnt in rewards.items():
        asked = [replace(judged, rewards=each) for each in learnt]
        picks[name] = np.mean([picked(part(each, [GAMER, DEMONSTRATOR])) for each in asked], axis=0)
        bounded = claims[name].supervision is not Supervision.PREFERENCE
        figures += figures_of(name, asked, resampling, BOUNDS if bounded else {})
    print(contrast_table(figures, claims), end="\n\n")
    learnt_from = len({each.prompt for each in train})
    notes = f"{learnt_from} prompts learnt from, {len(np.unique(judged.clusters))} asked; "
    notes += notes_of(judged, len(seeds), options) + ("" if options.alone else order_note(picks, resampling))
    write_results("reward_quality", figures, notes, options.json)
    return 0


def _arguments() -> argparse.Namespace:
    parser = arguments("reward_quality", (__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".iirl/encodings"), help="what takes long is kept here")
    parser.add_argument(
        "--tuned", type=int, default=0, metavar="SEEDS", help="train the encoder as well, so many times"
    )
    parser.add_argument("--layers", type=int, default=LAYERS, choices=range(1, 7), help="of MiniLM, the lower ones")
    parser.add_argument("--tokens", type=int, default=TUNED_TOKENS, help="that it reads of a conversation")
    parser.add_argument(
        "--lessons", nargs="+", choices=(*WIDE, *NARROWER, *TWO_CLASSES), help="train it on these alone"
    )
    parser.add_argument("--alone", action="store_true", help="nothing over a frozen encoder beside it")
    return parser.parse_args()


def notes_of(judged: Judged, seeds: int, options: argparse.Namespace) -> str:
    """What a reader of the figures has to know."""
    encoders = f"heads over a frozen MiniLM, {MAX_TOKENS} tokens, median of {seeds} seeds"
    if options.tuned:
        encoders += (
            f"; tuned: MiniLM's lower {options.layers} layers are trained too, {options.tokens} tokens, "
            f"{TUNED_EPOCHS} epochs, median of {options.tuned} {'seeds' if options.tuned > 1 else 'seed'}"
        )
    own = part(judged, [GAMER, DEMONSTRATOR])
    pairs, names = len(clear_policies(own)[0]), ", ".join(judged.names[each] for each in apart(own))
    return (
        f"{len(judged.names)} judged models; {encoders}. "
        f"Agreement: pairs whose judged preferences differ by 0.2 or more, without {GAMER} (its preference was won by "
        f"fooling the judge) and, unless said, without {DEMONSTRATOR}'s own answers. Intervals (of the first seed) are "
        f"95%, clustered by prompt; a random head's are of heads. {ORACLE}: as a reward of every answer of that model, "
        "known from the judge: how far it comes to tell models apart. policies: Spearman over all of these models; "
        "policies-apart: over the most models whose 95% intervals of mean preference do not overlap (judged by what is "
        f"to be reached if they are {FEWEST_APART} or more), which are {names}; policies-ordered: of the {pairs} pairs "
        "of models whose intervals do not overlap, the share in the judge's order. best_of_n/golden@N: how often the "
        "judge prefers the pick of N models' answers to gpt4_1106_preview's (N = 1 is a pick at random); they are "
        "answers of several models, so there is no bound on KL. Reached: whether the median is. What is to be reached "
        "is asked of all that learns from no comparison and no judge. "
        f"{SFT} was fitted to other demonstrations than {DEMONSTRATOR}'s. "
    )


@dataclass(frozen=True)
class Learner:
    """Learns lessons and asks: what it made of a lesson and a seed is kept in ``folder``, so that it is made once.
    ``recipe`` is all that this depends on, beside those.
    """

    folder: Path
    items: Sequence[Conversation]
    recipe: Mapping[str, JsonValue]
    learn: Callable[[Lesson, int], Scorer]

    def __call__(self, name: str, lesson: Lesson, seed: int) -> Floats:
        """``[N]``: the rewards of ``items``."""
        texts = [[str(identity_of(item)) for item in some] for some in (lesson.good, lesson.bad or (), self.items)]
        recipe = {**self.recipe, "texts": texts}
        return Scores(self.folder)(name, seed, recipe, lambda: self.learn(lesson, seed)(self.items))


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
        found = resampling.share("gap", np.arange(len(gap)), gap)
        if found.low > 0 or found.high < 0:
            sure.append(f"{better} > {worse}" if found.low > 0 else f"{worse} > {better}")
    return (
        f"By the win rate of what is picked among all answers the order is {' > '.join(ours)} ("
        + ", ".join(f"{rates[name]:.3f}" for name in ours)
        + f"); AfD's on Harmless was {' > '.join(PAPER)}. The same: {', '.join(agreed) or 'nothing'}. "
        f"Not the same: {', '.join(other) or 'nothing'}. Beyond chance (the 95% interval of the difference, paired by "
        f"prompt): {', '.join(sure) or 'nothing'}."
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
