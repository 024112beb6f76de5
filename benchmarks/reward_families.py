"""Every family of text rewards, asked by every suite of ``iirl evaluate``, on published answers.

    python -m benchmarks.reward_families [--quick] [--data FOLDER] [--cache FOLDER] [--json PATH]

Each family learns from alpaca_eval's training half (``benchmarks.alpaca``) what its kind of data allows, over rows of a
frozen MiniLM; the log-ratio family compares two small language models that are fitted here (``benchmarks.small_lm``).
Asked are prompts of the other half, in the formats of the suites (``benchmarks.suite_rows``): made here of published
answers, so that no figure is one of the benchmarks' own leaderboards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.alpaca import DEMONSTRATOR, GAMER, INIT, SFT, Answer, Rows, judged_of, read
from benchmarks.figures import Figure, aligned, arguments, figure, number, write_results
from benchmarks.learning import UNITS, Lesson, Scorer, fit, lessons_of, log_lengths, signals
from benchmarks.small_lm import ratio_scorer
from benchmarks.suite_rows import graded_rows, judged_alone
from iirl_core.config.expertness import (
    BradleyTerrySection,
    DiscriminatorSection,
    JointSection,
    MixtureSection,
    length_debias_of,
)
from iirl_core.config.mapping import SigmoidSection
from iirl_core.errors import ConfigError
from iirl_core.evaluation import (
    Estimate,
    GradedRow,
    Resampling,
    examine_graded,
    examine_judge,
    examine_picks,
    examine_transfer,
    graded_of,
    random_heads,
)
from iirl_core.evaluation.calibration import calibration_error
from iirl_core.evaluation.returns import correlation
from iirl_core.expertness import ExpertnessSection
from iirl_core.mapping import calibrate

SEEDS = (0, 1, 2)
PROMPTS = 150
SEEN = (DEMONSTRATOR, INIT, SFT)
FAMILIES: dict[str, tuple[ExpertnessSection, str]] = {
    "autoencoder_mixture": (MixtureSection(experts=4, bottleneck=16), "one-class"),
    "discriminator": (DiscriminatorSection(hidden=UNITS), "init-demo"),
    "joint": (JointSection(hidden=UNITS), "init-demo"),
    "bradley_terry": (BradleyTerrySection(hidden=UNITS), "preference"),
    "length_debias": (DiscriminatorSection(hidden=UNITS, length_debias=1.0), "init-demo"),
}
"""By name; the last is the discriminator again, whose loss punishes that its signal goes with length."""
RATIO = "log_ratio"
"""Learns what π_init answers (phi-2), then what is demonstrated."""
HEADLINES = {
    "pairs": "pairs/hh",
    "RewardBench": "rewardbench/v1/overall",
    "RewardBench 2": "rewardbench2/v2/overall",
    "Ties": "rewardbench2/v2/Ties",
    "RM-Bench easy": "rm_bench/styles/easy",
    "normal": "rm_bench/styles/normal",
    "hard": "rm_bench/styles/hard",
    "judge": "judge/gpt4/agreement",
    "at equal length": "judge/gpt4/agreement@25%",
    "best of 16": "best_of_n/gpt4/golden@16",
    "unseen policies": "transfer/policies/unseen",
    "calibration error": f"calibration/{INIT}",
    "goes with length": "goes_with_length",
}
"""Columns of the table, and the figure of each."""
ANCHORS = SigmoidSection()
"""The map of which calibration is asked; every other figure is of the order of signals, or of margins in units of their
spread."""


def main() -> int:
    """Learn, ask, print, write."""
    parser = arguments("reward_families", (__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".iirl/encodings"), help="encodings are kept here")
    options = parser.parse_args()
    if not (options.data / "alpaca_eval").is_dir():
        print(f"reward_families: no data at {options.data}; the README says where it is published", file=sys.stderr)
        return 2
    seeds, prompts = (SEEDS[:1], 24) if options.quick else (SEEDS, PROMPTS)
    train, unseen = read(options.data / "alpaca_eval", prompts if options.quick else None, 2 * prompts)
    unseen = [each for each in unseen if each.model != GAMER]
    lowest = set(sorted({each.prompt for each in unseen})[:prompts])
    rows = Rows(options.cache)
    anchors = [each for each in unseen if each.prompt not in lowest]
    asked = Exam(options.data, [each for each in unseen if each.prompt in lowest], anchors, rows, prompts)
    lessons = lessons_of(train)
    learners: dict[str, Callable[[int], Scorer]] = {
        name: partial(_head, section, lessons[lesson], rows) for name, (section, lesson) in FAMILIES.items()
    }
    shown = lessons["init-demo"]
    learners[RATIO] = partial(ratio_scorer, shown.bad or (), shown.good)
    found = {name: [asked.estimates(learner(seed)) for seed in seeds] for name, learner in learners.items()}
    figures = list(figures_of(found))
    print(table_of(figures, found), end="\n\n")
    notes = (
        f"{len({each.prompt for each in train})} prompts learnt from, {prompts} asked; {len(seeds)} seeds. Intervals "
        "(of the first seed) are 95%, clustered by prompt. Rows are made of published answers: RewardBench's "
        "three alpacaeval subsets (guanaco-7b in the place of 13b), best-of-4 and Ties of strong against weak models, "
        f"RM-Bench's styles of {DEMONSTRATOR} against alpaca-7b, each told to be concise, or verbose, or nothing. "
        f"Calibration error: of {DEMONSTRATOR}'s answers among those and {INIT}'s, by a sigmoid that is fixed by "
        f"medians of their answers to {len({each.prompt for each in anchors})} other unseen prompts; chance alone "
        "makes it 0.07; there is none of a learner that puts these the wrong way round. Goes with length: rank "
        "correlation of signal and characters over the judged answers."
    )
    write_results("reward_families", figures, notes, options.json)
    return 0


class Exam:
    """Everything that is asked, encoded once for the baselines' random heads."""

    def __init__(
        self, data: Path, unseen: Sequence[Answer], anchors: Sequence[Answer], rows: Rows, prompts: int
    ) -> None:
        """``anchors`` are answers to prompts of which only the map may know."""
        self.judged, self.items = judged_of(unseen, rows), [each.item for each in unseen]
        self.anchors = tuple([each.item for each in anchors if each.model == model] for model in (DEMONSTRATOR, INIT))
        asked = {each.prompt for each in unseen}
        self.graded: dict[tuple[str, str], tuple[list[GradedRow], np.ndarray]] = {}
        for kind, (name, graded) in graded_rows(data, asked, prompts).items():
            answers = [item for row in graded for item in row.answers]
            encoded = rows(answers).double().numpy()
            self.graded[kind, name] = graded, encoded @ random_heads(encoded.shape[1])

    def estimates(self, scorer: Scorer) -> dict[str, Estimate]:
        """Every suite's figures of one learnt reward, by name."""
        found: list[Estimate] = []
        for (kind, name), (rows, heads) in self.graded.items():
            rewards = _bounded(scorer([item for row in rows for item in row.answers]))
            found += examine_graded(kind, name, graded_of([row.facts() for row in rows], rewards, heads), Resampling())
        said = scorer(self.items)
        found += [*self._calibration(scorer, said), self._length(said)]
        judged = replace(self.judged, rewards=_bounded(said))
        found += examine_judge("gpt4", judged_alone(judged), Resampling())
        found += examine_picks("gpt4", judged_alone(judged), Resampling())
        found += examine_transfer("policies", judged, SEEN, Resampling())
        return {each.name: each for each in found}

    def _calibration(self, scorer: Scorer, said: np.ndarray) -> list[Estimate]:
        """Of the rewards that a map fixed on other prompts makes of the signals ``said [N]``; none where the learner
        has it the wrong way round there, so that there is no such map.
        """
        shown, contrast = (torch.from_numpy(scorer(items)) for items in self.anchors)
        try:
            rewards = calibrate(ANCHORS, shown, contrast).reward(torch.from_numpy(said)).numpy()
        except ConfigError:
            return []
        sides = [self.judged.policies == self.judged.names.index(model) for model in (DEMONSTRATOR, INIT)]
        clusters = np.concatenate([self.judged.clusters[side] for side in sides])
        error = calibration_error(*(rewards[side] for side in sides))
        return [Resampling().estimate(HEADLINES["calibration error"], clusters, error)]

    def _length(self, said: np.ndarray) -> Estimate:
        """Spearman's correlation of the signals ``said [N]`` with length."""
        statistic = correlation(said, self.judged.lengths)
        return Resampling(200).estimate(HEADLINES["goes with length"], self.judged.clusters, statistic)


def _bounded(values: np.ndarray) -> np.ndarray:
    """Signals as rewards in (0, 1), by a sigmoid over their own spread: Ties looks at margins, all else at order."""
    return np.asarray(1 / (1 + np.exp(-(values - np.median(values)) / max(values.std(), 1e-9))))


def _head(section: ExpertnessSection, lesson: Lesson, rows: Rows, seed: int) -> Scorer:
    bad = None if lesson.bad is None else rows(lesson.bad)
    lengths = log_lengths((*lesson.good, *(lesson.bad or ()))) if length_debias_of(section) else None
    model = fit(rows(lesson.good), bad, seed, paired=lesson.paired, section=section, lengths=lengths)
    return lambda items: signals(model, rows(items))


def figures_of(found: Mapping[str, Sequence[Mapping[str, Estimate]]]) -> list[Figure]:
    """Each headline figure of each family, over the seeds that have it, where any has; before them what length alone
    and a random head get.
    """
    first = next(iter(found.values()))[0]
    figures = []
    for label, prefix in (("length alone", "length/"), ("random head", "random/")):
        figures += [
            _figure(label, name, [first[prefix + key]]) for name, key in HEADLINES.items() if prefix + key in first
        ]
    for family, runs in found.items():
        had = {name: [run[key] for run in runs if key in run] for name, key in HEADLINES.items()}
        figures += [_figure(family, name, estimates) for name, estimates in had.items() if estimates]
    return figures


def _figure(family: str, headline: str, runs: Sequence[Estimate]) -> Figure:
    first = runs[0]
    interval = f"[{first.low:.3f}, {first.high:.3f}], {first.count}"
    return figure(f"{family}: {headline}", [each.value for each in runs], "", baseline=interval)


def table_of(figures: Sequence[Figure], families: Mapping[str, object]) -> str:
    """A line per family, the baselines first: medians over the seeds."""
    values = {each.name: number(round(each.value, 3)) for each in figures}
    lines = [("family", *HEADLINES)]
    for family in ("length alone", "random head", *families):
        lines.append((family, *(values.get(f"{family}: {headline}", "") for headline in HEADLINES)))
    return aligned(lines)


if __name__ == "__main__":
    sys.exit(main())
