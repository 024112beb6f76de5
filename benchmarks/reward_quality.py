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
from pathlib import Path

import numpy as np

from benchmarks.alpaca import DEMONSTRATOR, GAMER, MAX_TOKENS, SFT, Rows, judged_of, read
from benchmarks.figures import arguments, write_results
from benchmarks.judged_figures import (
    BOUNDS,
    FEWEST_APART,
    ORACLE,
    baselines,
    contrast_table,
    figures_of,
    order_note,
    part,
    picked,
)
from benchmarks.learning import FROZEN, TWO_CLASSES, Lesson, Scorer, frozen_head, lessons_of
from benchmarks.scores import Scores
from benchmarks.tuned import EPOCHS as TUNED_EPOCHS
from benchmarks.tuned import LAYERS, RECIPE, lower_layers, tuned_head
from benchmarks.tuned import MAX_TOKENS as TUNED_TOKENS
from benchmarks.wide_lessons import NARROWER, WIDE, wide_lessons_of
from iirl_core.artifact import Supervision
from iirl_core.canonical import JsonValue
from iirl_core.corpus.identity import identity_of
from iirl_core.demonstration import Conversation
from iirl_core.evaluation import Judged, Resampling
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.judge import apart, clear_policies

SEEDS = (0, 1, 2)
QUICK_PROMPTS = 60


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


if __name__ == "__main__":
    sys.exit(main())
