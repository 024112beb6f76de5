from __future__ import annotations

import pytest
from pydantic import ValidationError

from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.config.problems import first_problem

PLAIN: dict[str, JsonValue] = {
    "name": "small",
    "corpora": [{"name": "walks", "files": ["walks.npz"]}],
    "encoder": {"kind": "trajectory"},
    "audit": {"probes": {"uniform": 10}},
}


def said(**sections: JsonValue) -> str:
    document = {**PLAIN, **sections}
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(document)
    return first_problem(caught.value, document)


@pytest.mark.parametrize(
    ("combine", "line"),
    [
        ({"penalty": -1}, "expertness.combine.penalty: Input should be greater than 0"),
        ({"penalty": "x"}, "expertness.combine.penalty: Input should be a valid number, unable to parse"),
        ({"penalt": 1}, "expertness.combine.penalty: Field required (and 1 more)"),
        ("max", "expertness.combine: Input should be 'mean' or 'min', or a mapping"),
    ],
)
def test_of_a_union_the_member_speaks_that_was_meant(combine: JsonValue, line: str) -> None:
    assert said(expertness={"family": "discriminator", "combine": combine}).startswith(line)


@pytest.mark.parametrize(
    ("beta", "line"),
    [
        ({"discount": 3}, "expertness.beta.discount: Input should be less than or equal to 1"),
        ({"sources": {"shop": -1}}, "expertness.beta.sources.shop: Input should be greater than 0"),
        (-1, "expertness.beta: Input should be greater than 0, or a mapping"),
    ],
)
def test_a_section_is_known_by_its_keys(beta: JsonValue, line: str) -> None:
    assert said(expertness={"family": "joint", "beta": beta}) == line


def test_numbers_of_two_kinds_both_say_what_they_take() -> None:
    line = "train.select.keep: Input should be a valid integer, or less than 1"
    assert said(train={"select": {"keep": 1.5}}) == line


def test_a_list_that_may_be_one_text_is_judged_by_its_items() -> None:
    assert said(train={"select": {"near": ["a", 3]}}) == "train.select.near.1: Input should be a valid string"


def test_a_union_counts_as_one_problem_among_others() -> None:
    expertness: JsonValue = {"family": "joint", "beta": {"discount": 3}, "steps": 0}
    assert said(expertness=expertness, nmae="x", seed=-1).endswith("(and 3 more)")


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ({"bottleneck": 2}, "expertness: no family, which says what it is"),
        ({"family": "discriminator", "bottleneck": 2}, "expertness.bottleneck: unknown key"),
        (3, "expertness: Input should be a valid dictionary or object to extract fields from"),
    ],
)
def test_a_section_that_a_word_tells_apart_is_named_without_that_word(section: JsonValue, line: str) -> None:
    assert said(expertness=section) == line


def test_a_word_that_is_a_key_as_well_does_not_lead_astray() -> None:
    suite: JsonValue = {"kind": "judge", "name": "a", "judge": "b", "files": [3]}
    assert said(evaluate={"suites": [suite]}) == "evaluate.suites.0.files.0: Input should be a valid string"


def test_what_is_missing_is_named() -> None:
    assert said(encoder={"kind": "trajectory"}, audit={}) == "audit.probes: Field required"
    assert said(norms=[3]) == "norms.0: Input should be a mapping"
