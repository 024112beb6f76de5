from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.demonstration import conversation
from iirl_core.errors import ConfigError
from iirl_core.norm import Judgement, Norm, NormKind, judge
from iirl_core.norm.predicate import Predicate, predicate_of
from iirl_core.norm.predicate.child import Child

HERE = "tests.iirl_core.norm.predicate.judging"
PATIENT = predicate_of(f"{HERE}:no_doses", 60.0)


def judged(answer: str, *, reward: float = 0.5, predicate: Predicate = PATIENT) -> Judgement:
    norm = Norm("no-doses", NormKind.PREDICATE, True, 5, 0.0, 0.05, ("careless",), "why", "me", predicate=predicate)
    return judge(norm, (conversation("How much?", answer),), (np.array([reward], dtype=np.float32),))


def test_a_function_says_by_how_much_a_norm_is_broken_and_where_it_is_silent() -> None:
    assert judged("Take 400 mg.").excess == pytest.approx(0.5)
    assert not judged("Take 400 mg.", reward=0.0).broken
    assert not judged("Ask a pharmacist.").speaks


def test_a_reward_that_is_not_a_number_is_a_finding_without_asking() -> None:
    assert judged("raise", reward=float("nan")).broken


def test_one_process_answers_until_it_is_ended() -> None:
    first, second = judged("count").excess, judged("count").excess
    assert second == first + 1


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("raise", r"norm 'no-doses': .*:no_doses raised ValueError: a mistake on two lines"),
        ("nan", "norm 'no-doses': .* returned nan"),
        ("words", "norm 'no-doses': .* returned a str"),
        ("a number in words", "norm 'no-doses': .* returned a str"),
        ("true", "norm 'no-doses': .* returned a bool"),
        ("true of numpy", "norm 'no-doses': .* returned a bool"),
        ("true of torch", "norm 'no-doses': .* returned a Tensor"),
        ("leave", "norm 'no-doses': .* ended its process"),
    ],
)
def test_what_is_no_answer_is_a_mistake_of_the_configuration_in_one_line(answer: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as said:
        judged(answer)
    assert "\n" not in str(said.value)
    assert judged("Take 400 mg.").broken


def test_what_hangs_is_ended_and_started_again() -> None:
    with pytest.raises(ConfigError, match=r"norm 'no-doses': .* no answer within 0\.5 s and was ended") as said:
        judged("hang", predicate=replace(PATIENT, seconds=0.5))
    assert "norms[].seconds" in str(said.value)
    child = Child(PATIENT.function, PATIENT.source, 0.5)
    rewards = (np.array([0.5], dtype=np.float32),)
    with pytest.raises(ConfigError, match="was ended"):
        child.ask((conversation("How much?", "hang"),), rewards)
    assert child.running is None
    child.seconds = 60.0
    assert child.ask((conversation("How much?", "Take 400 mg."),), rewards) == 0.5
    child.end()


@pytest.mark.parametrize("function", [f"{HERE}:missing", f"{HERE}:NOT_A_FUNCTION"])
def test_a_function_that_is_not_there_is_refused_when_it_is_asked(function: str) -> None:
    with pytest.raises(ConfigError, match=r"norm 'no-doses': .* cannot be used"):
        judged("Take 400 mg.", predicate=replace(PATIENT, function=function))


def test_another_file_than_the_one_that_was_pinned_is_refused() -> None:
    with pytest.raises(ConfigError, match="another file here"):
        judged("Take 400 mg.", predicate=replace(PATIENT, source=digest_bytes(b"")))


@pytest.mark.parametrize("module", ["no.such.package", "tests.iirl_core.norm.nothing", "builtins"])
def test_a_module_that_is_not_there_is_refused_at_once(module: str) -> None:
    with pytest.raises(ConfigError, match=f"no module {module}"):
        predicate_of(f"{module}:f", 5.0)
