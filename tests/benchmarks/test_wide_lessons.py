from __future__ import annotations

from benchmarks.alpaca import DEMONSTRATOR, INIT, Answer
from benchmarks.learning import TWO_CLASSES
from benchmarks.wide_lessons import (
    COMPARISONS,
    DEMONSTRATORS,
    FIVE,
    NARROWER,
    NEGATIVES,
    SHOWN,
    THREE,
    WEAKER,
    WIDE,
    wide_lessons_of,
)
from iirl_core.artifact import Mode, Provenance, Supervision
from iirl_core.demonstration import conversation

OTHERS = ("tulu-2-dpo-7b", "claude-2", *(f"model-{number}" for number in range(NEGATIVES)))


def _answers() -> list[Answer]:
    """Two prompts; the judge likes the demonstrator best, then nobody, then the models in order."""
    models = (*DEMONSTRATORS, *WEAKER, *OTHERS)
    golden = {DEMONSTRATOR: 1.0, INIT: 0.0, "claude-2": 0.4, "gpt4": None}
    return [
        Answer(model, conversation(f"prompt {prompt}", f"{model} {prompt}"), golden.get(model))
        for prompt in range(2)
        for model in models
    ]


def _writers(items: object) -> list[str]:
    return [item.answer.split()[0] for item in items]  # type: ignore[attr-defined]


def test_demonstrators_answers_stand_against_as_many_of_others_to_each_prompt() -> None:
    lessons = wide_lessons_of(_answers())
    assert set(lessons) == {*WIDE, *NARROWER}
    for name, models in (("strong-weak", WEAKER), ("demonstrators-rest", (*WEAKER, *OTHERS))):
        lesson = lessons[name]
        assert lesson.bad is not None
        assert len(set(lesson.good)) == len(lesson.good) == 2 * SHOWN
        assert set(_writers(lesson.good)) <= set(DEMONSTRATORS)
        assert len(set(lesson.bad)) == len(lesson.bad) >= 2 * NEGATIVES
        assert set(_writers(lesson.bad)) <= set(models)
    assert not set(_writers(lessons["demonstrators-rest"].bad)) <= set(WEAKER)


def test_three_models_whole_answers_stand_against_those_of_five() -> None:
    lesson = wide_lessons_of(_answers())["three-five"]
    assert lesson.bad is not None
    assert sorted(_writers(lesson.good)) == sorted(2 * THREE)
    assert sorted(_writers(lesson.bad)) == sorted(2 * FIVE)


def test_the_judges_preferences_are_between_answers_to_one_prompt_and_point_its_way() -> None:
    lesson = wide_lessons_of(_answers())["preference-all"]
    assert lesson.bad is not None
    assert lesson.paired
    sides = list(zip(lesson.good, lesson.bad, strict=True))
    assert len(sides) == 2 * min(3, COMPARISONS)
    assert all(good.messages[0] == bad.messages[0] for good, bad in sides)
    pairs = {(DEMONSTRATOR, INIT), (DEMONSTRATOR, "claude-2"), ("claude-2", INIT)}
    assert {tuple(_writers(side)) for side in sides} == pairs


def test_each_lesson_claims_what_it_may() -> None:
    claims = {name: lesson.provenance for name, lesson in wide_lessons_of(_answers()).items()}
    assert claims == {
        "strong-weak": Provenance(Mode.FROZEN_POLICY, Supervision.WEAK),
        "three-five": Provenance(Mode.FROZEN_POLICY, Supervision.WEAK),
        "demonstrators-rest": Provenance(Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY),
        "preference-all": Provenance(Mode.FROZEN_POLICY, Supervision.PREFERENCE),
    }
    assert not set(WIDE) & set(TWO_CLASSES)
