"""Lessons from the answers of many models, for an encoder that is trained: it takes more than three to teach it what
is good, and not who wrote.

strong-weak           three demonstrators' answers (one of them also told to be brief, and to be wordy) against those of
                      thirteen models that are known to be weaker, and against their own, spoilt: no comparison and no
                      judge, but a choice of models
three-five            three strong models' answers, all of them, against those of five weak ones: no spoilt copies, no
                      model told to be brief or wordy
demonstrators-rest    the same as strong-weak, against answers of every other model, however good: nothing is chosen
preference-all        Bradley-Terry on the judge's own clear preferences among all models that it judged
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmarks.alpaca import DEMONSTRATOR, INIT, SFT, Answer, judged_of
from benchmarks.learning import Lesson
from iirl_core.artifact import Learnt, provenance_of
from iirl_core.canonical import digest_chunks
from iirl_core.corpus.identity import identity_of
from iirl_core.corpus.origin import Origin
from iirl_core.corruption import corrupted
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.evaluation.judge import clear_pairs

WIDE = ("strong-weak", "demonstrators-rest", "preference-all")
NARROWER = ("three-five",)
"""Told apart from strong-weak by what it leaves out; learnt only where it is asked for."""
DEMONSTRATORS = (
    DEMONSTRATOR,
    f"{DEMONSTRATOR}_concise",
    f"{DEMONSTRATOR}_verbose",
    "gpt4",
    "claude-3-opus-20240229",
)
WEAKER = (
    *("alpaca-7b", "alpaca-7b_concise", "alpaca-7b_verbose", "falcon-7b-instruct", "gemma-2b-it", "guanaco-7b"),
    *("oasst-sft-pythia-12b", INIT, SFT, "pythia-12b-mix-sft", "text_davinci_001", "text_davinci_003"),
    "vicuna-7b-v1.5",
)
THREE = (DEMONSTRATOR, "gpt4", "claude-3-opus-20240229")
FIVE = ("alpaca-7b", "oasst-sft-pythia-12b", INIT, "pythia-12b-mix-sft", "text_davinci_001")
SHOWN, NEGATIVES, COMPARISONS = 3, 4, 4
"""Answers to a prompt that are learnt from, of demonstrators and of others, and comparisons, each chosen by hash: so
that each lesson reads as much, or nearly so.
"""
SPOILT = {"shuffled": 0.15, "repeated": 0.15}


def wide_lessons_of(train: Sequence[Answer]) -> dict[str, Lesson]:
    """By name."""
    shown = [each for each in train if each.model in DEMONSTRATORS]
    weaker = [each for each in train if each.model in WEAKER]
    others = [each for each in train if each.model not in DEMONSTRATORS]
    return {
        "strong-weak": _against(shown, weaker, "init-samples"),
        "three-five": _three_five(train),
        "demonstrators-rest": _against(shown, others, "samples"),
        "preference-all": _preference([each for each in train if each.golden is not None]),
    }


def _three_five(train: Sequence[Answer]) -> Lesson:
    good, bad = (tuple(each.item for each in train if each.model in models) for models in (THREE, FIVE))
    learnt = [Learnt("init-samples", origins=(Origin(model, "fixed"),)) for model in FIVE]
    return Lesson(good, bad, provenance_of([Learnt("demonstrations"), *learnt]))


def _against(shown: Sequence[Answer], others: Sequence[Answer], role: str) -> Lesson:
    """``role`` says what the other models are: initial policies, chosen to be worse, or only policies."""
    models = sorted({each.model for each in others})
    learnt = [Learnt(role, origins=(Origin(model, "fixed"),)) for model in models]
    good = _some(shown, SHOWN)
    records = [Demonstration(identity_of(item), item, "demonstrators", "train") for item in good]
    spoilt = [item for record in records for _, item in corrupted(record, SPOILT, ())]
    bad = (*_some(others, NEGATIVES), *(item for item in spoilt if isinstance(item, Conversation)))
    return Lesson(good, bad, provenance_of([Learnt("demonstrations"), *learnt]))


def _preference(told: Sequence[Answer]) -> Lesson:
    good, bad = [], []
    for answers in _by_prompt(told):
        pairs = zip(*(side.tolist() for side in clear_pairs(judged_of(answers))), strict=True)
        names = [identity_of(each.item).encode() for each in answers]
        by_hash = sorted(pairs, key=lambda pair: digest_chunks(names[index] for index in pair))
        for better, worse in by_hash[:COMPARISONS]:
            good.append(answers[better].item)
            bad.append(answers[worse].item)
    sides = [Learnt("samples", side=True, origins=(Origin(each, "fixed"),)) for each in {one.model for one in told}]
    return Lesson(tuple(good), tuple(bad), provenance_of(sides, compared=True), paired=True)


def _by_prompt(answers: Sequence[Answer]) -> list[list[Answer]]:
    ordered = sorted(answers, key=lambda each: (each.prompt, each.model))
    return [list(group) for _, group in groupby(ordered, key=lambda each: each.prompt)]


def _some(answers: Sequence[Answer], count: int) -> tuple[Conversation, ...]:
    """So many to each prompt, those of the lowest hash."""
    by_hash = (sorted((each.item for each in group), key=identity_of) for group in _by_prompt(answers))
    return tuple(item for items in by_hash for item in items[:count])
