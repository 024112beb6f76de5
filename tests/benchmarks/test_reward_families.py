from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.alpaca import DEMONSTRATOR, INIT, Answer, Rows
from benchmarks.learning import Lesson, fit, log_lengths, signals
from benchmarks.reward_families import Exam, figures_of
from benchmarks.suite_rows import EASY, HARD, LENGTH, STRONG, STYLES, WEAK
from iirl_core.artifact import Provenance
from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.demonstration import Conversation, conversation
from tests.benchmarks.test_suite_rows import write

MODELS = {*EASY, *LENGTH, *HARD, *STRONG, *WEAK, INIT, *(name + style for name in EASY for style in STYLES)}
PROMPTS = tuple(f"question {number}?" for number in range(4))


def _answer(model: str, prompt: str) -> str:
    """The demonstrator says more."""
    return f"{model} says: {prompt} " * (6 if model == DEMONSTRATOR else 2)


def _letters(items: Sequence[Conversation]) -> np.ndarray:
    """What a reward says that hangs on length alone."""
    return np.array([float(len(item.answer)) for item in items])


@pytest.fixture
def asked(tmp_path: Path) -> Exam:
    """The first half of the prompts; the map knows the other."""
    for model in MODELS:
        rows = [{"prompt": prompt, "response": _answer(model, prompt)} for prompt in PROMPTS]
        write(tmp_path / "alpaca_eval" / f"{model}.jsonl.gz", rows)
    talks = [{side: f"\n\nHuman: {name}?\n\nAssistant: {side}." for side in ("chosen", "rejected")} for name in "abc"]
    write(tmp_path / "hh-rlhf" / "harmless-base-1800.jsonl.gz", talks)
    told = [
        [
            Answer(model, conversation(prompt, _answer(model, prompt)), 0.9 if model == DEMONSTRATOR else 0.1)
            for model in (DEMONSTRATOR, INIT, "gpt4")
            for prompt in half
        ]
        for half in (PROMPTS[:2], PROMPTS[2:])
    ]
    return Exam(tmp_path, *told, Rows(tmp_path), len(PROMPTS))


def test_calibration_is_of_prompts_that_the_map_does_not_know(asked: Exam) -> None:
    found = asked.estimates(_letters)
    assert found["goes_with_length"].value == pytest.approx(1)
    error = found[f"calibration/{INIT}"]
    assert error.count == 4, "of two models' answers to two prompts"
    assert error.value == pytest.approx((0.2 + 0.1) / 2, abs=0.02), "anchors are where 0.8 and 0.1 are said of 1 and 0"


def test_a_learner_that_has_it_the_wrong_way_round_has_no_calibration_and_all_else(asked: Exam) -> None:
    right, wrong = asked.estimates(_letters), asked.estimates(lambda items: -_letters(items))
    assert set(right) - set(wrong) == {f"calibration/{INIT}"}
    for runs, seeds in (([wrong], []), ([wrong, right], [right])):
        calibration = [one for one in figures_of({"family": runs}) if one.name == "family: calibration error"]
        assert [one.runs for one in calibration] == [(each[f"calibration/{INIT}"].value,) for each in seeds]


def test_a_debiased_head_s_signal_goes_less_with_length() -> None:
    """Good and bad differ in the first of ten features a little, and in length, which is the second, a lot."""
    generator = np.random.default_rng(0)
    words = generator.integers(5, 60, 400) + np.repeat([40, 0], 200)
    items = [conversation(f"question {number}?", "x" * size) for number, size in enumerate(words.tolist())]
    lesson = Lesson(tuple(items[:200]), tuple(items[200:]), Provenance())
    lengths = log_lengths([*lesson.good, *(lesson.bad or ())])
    assert lengths[0].item() == pytest.approx(np.log1p(words[0]))
    first = generator.normal(0, 1, 400) + np.repeat([0.5, -0.5], 200)
    features = [first, (lengths.numpy() - 3.5) / 0.7, *generator.normal(0, 1, (8, 400))]
    z = torch.tensor(np.stack(features, axis=1), dtype=torch.float32)
    sections = [DiscriminatorSection(hidden=32, members=1, length_debias=weight) for weight in (0.0, 10.0)]
    found = [signals(fit(z[:200], z[200:], 0, section=each, lengths=lengths), z) for each in sections]
    with_length, without = (abs(np.corrcoef(signal, lengths.numpy())[0, 1]) for signal in found)
    assert with_length > 0.6
    assert without < with_length / 2
