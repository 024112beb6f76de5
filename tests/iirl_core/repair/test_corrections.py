"""What the next training can learn from what a norm says of a finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import admission_of, admit, identity_of
from iirl_core.demonstration import Comparison, Conversation, Input, Message, Trajectory, conversation
from iirl_core.norm import Norm, NormKind
from iirl_core.norm.predicate import Predicate
from iirl_core.records.raw import RawRecord
from iirl_core.repair.corrections import LEARNT, RESERVED, corrections_of
from iirl_core.triage import Right

POLITE = conversation("Can you help?", "Of course.")
RUDE = conversation("Can you help?", "No!")
OTHER = conversation("Could you help?", "Yes.")


def norm(kind: NormKind, **changes: Any) -> Norm:
    needed: dict[str, Any] = {}
    if kind is NormKind.AGREEMENT:
        needed = {"comparisons": (("desk", Comparison(POLITE, RUDE)),)}
    if kind is NormKind.PREDICATE:
        needed = {"predicate": Predicate("a:b", 5.0, digest_bytes(b""))}
    return Norm(changes.pop("id", kind.value), kind, True, 3, 0.1, 0.05, ("pairs",), "why", "me", **needed, **changes)


NORMS = {kind.value: norm(kind) for kind in NormKind} | {"rise": norm(NormKind.DIRECTION, id="rise", raises=True)}


def finding(norm: str, *inputs: Input, number: int = 0) -> Finding:
    label = f"pairs/1.0.{number}"
    return Finding(digest_bytes(b""), 1, norm, True, 3, "pairs", label, "", inputs, (0.5,) * len(inputs), 0.1)


@pytest.mark.parametrize(
    ("norm", "inputs", "role", "learnt"),
    [
        ("ceiling", (RUDE,), "negatives", RUDE),
        ("ceiling", (POLITE, RUDE), "negatives", RUDE),
        ("floor", (POLITE,), "demonstrations", POLITE),
        ("direction", (POLITE, RUDE), "negatives", RUDE),
        ("agreement", (POLITE, RUDE), "negatives", RUDE),
        ("rise", (RUDE, POLITE), "demonstrations", POLITE),
    ],
)
def test_a_row_is_learnt_from_as_the_norm_says(
    norm: str, inputs: tuple[Input, ...], role: str, learnt: Conversation
) -> None:
    one = finding(norm, *inputs)
    made = corrections_of([one], NORMS, pairs=False)
    assert len(made) == 1
    (record,) = getattr(made, role)
    assert (record.input, record.id, record.split) == (learnt, identity_of(learnt), "train")
    assert record.source == f"{norm}/{one.id}"
    assert record.comparison is None
    assert made.silent == {}


def test_of_a_trajectory_only_what_is_wrong_is_learnt_and_of_a_conversation_the_whole_answer() -> None:
    walk, step = Trajectory(np.arange(10.0).reshape(5, 2)), Trajectory(np.arange(4.0, 6.0).reshape(1, 2))
    whole, part = finding("ceiling", walk), replace(finding("ceiling", walk, number=1), smaller=(step,))
    said = replace(finding("ceiling", RUDE), smaller=(conversation("Can you help?", "No"),))
    made = corrections_of([whole, part, said], NORMS, pairs=False)
    assert [one.id for one in made.negatives] == [identity_of(one) for one in (walk, step, RUDE)]


def test_an_original_and_its_edit_are_a_comparison_as_ingest_would_make_it() -> None:
    made = corrections_of([finding("direction", POLITE, RUDE)], NORMS, pairs=True)
    for side, (record,) in (("chosen", made.demonstrations), ("rejected", made.negatives)):
        section = CorpusSection.model_validate({"name": "x", "files": ["x"], "take": side, "paired": True})
        fields = {"prompt": "Can you help?", "chosen": POLITE.answer, "rejected": RUDE.answer}
        (ingested,) = admit(RawRecord("x", 1, fields), "x", admission_of(section, "conversation"))
        assert (record.id, record.comparison, record.input) == (ingested.id, ingested.comparison, ingested.input)  # type: ignore[union-attr]
        assert record.split == "train"


@pytest.mark.parametrize(
    ("norm", "inputs", "pairs", "why"),
    [
        ("invariance", (POLITE, RUDE), False, "does not say which reward is right"),
        ("invariance", (POLITE, RUDE), True, "does not say which reward is right"),
        ("predicate", (RUDE,), False, "does not say which reward is right"),
        ("ceiling", (RUDE,), True, "does not compare two answers to one prompt"),
        ("ceiling", (POLITE, RUDE), True, "does not compare two answers to one prompt"),
        ("direction", (POLITE, OTHER), True, "does not compare two answers to one prompt"),
        ("direction", (POLITE, POLITE), True, "does not compare two answers to one prompt"),
        ("unheard-of", (RUDE,), False, "no such norm"),
    ],
)
def test_what_says_nothing_of_what_is_right_is_counted(
    norm: str, inputs: tuple[Input, ...], pairs: bool, why: str
) -> None:
    made = corrections_of([finding(norm, *inputs)], NORMS, pairs=pairs)
    assert len(made) == 0
    ((reason, count),) = made.silent.items()
    assert why in reason
    assert count == 1


def test_what_is_held_out_teaches_nothing_whichever_side_it_is() -> None:
    for held in (POLITE, RUDE):
        made = corrections_of(
            [finding("direction", POLITE, RUDE)], NORMS, pairs=True, reserved=lambda item, held=held: item == held
        )
        assert len(made) == 0
        assert made.silent == {RESERVED: 1}
    rows = corrections_of([finding("direction", POLITE, RUDE)], NORMS, pairs=False, reserved=lambda item: item == RUDE)
    assert len(rows) == 0


def test_a_record_comes_once_and_what_two_findings_contradict_not_at_all() -> None:
    twice = [finding("ceiling", RUDE, number=number) for number in range(3)]
    made = corrections_of(twice, NORMS, pairs=False)
    assert len(made.negatives) == 1
    assert made.negatives[0].source == f"ceiling/{twice[0].id}"
    both = corrections_of([*twice, finding("floor", RUDE)], NORMS, pairs=False)
    assert len(both) == 0
    assert both.silent == {"another finding says the opposite of it": 1}


def test_earlier_turns_belong_to_the_prompt() -> None:
    longer = Conversation((Message("system", "Be brief."), *POLITE.messages[:-1], Message("assistant", "Sure.")))
    assert len(corrections_of([finding("direction", POLITE, longer)], NORMS, pairs=True)) == 0


def test_a_finding_whose_original_is_held_out_teaches_nothing() -> None:
    one = finding("direction", POLITE, RUDE)
    made = corrections_of([one], NORMS, pairs=False, reserved=lambda item: item == POLITE)
    assert (len(made), made.silent) == (0, {RESERVED: 1})


def test_a_comparison_that_the_corpora_hold_is_left_to_them() -> None:
    other = conversation(OTHER.context[-1].content, "Never.")
    made = corrections_of(
        [finding("direction", POLITE, RUDE), finding("agreement", OTHER, other, number=1)], NORMS, pairs=True
    )
    assert len(made.comparisons) == 2
    known = made.demonstrations[0].comparison
    assert known is not None
    left = made.without({known})
    assert [one.input for one in (*left.demonstrations, *left.negatives)] == [OTHER, other]
    assert left.silent == {LEARNT: 1}
    rows = corrections_of([finding("direction", POLITE, RUDE)], NORMS, pairs=False)
    assert rows.without({known}) == rows, "a row is no side of a comparison"


@pytest.mark.parametrize(
    ("said", "inputs", "reward", "role"),
    [
        (Right(order="original"), (POLITE, RUDE), 0.5, "negatives"),
        (Right(order="edited"), (RUDE, POLITE), 0.5, "demonstrations"),
        (Right(reward=0.9), (POLITE,), 0.2, "demonstrations"),
        (Right(reward=0.1), (RUDE,), 0.8, "negatives"),
    ],
)
@pytest.mark.parametrize("kind", ["invariance", "predicate", "ceiling", "floor", "unheard-of"])
def test_what_people_said_is_right_counts_before_the_norm(
    kind: str, said: Right, inputs: tuple[Input, ...], reward: float, role: str
) -> None:
    one = replace(finding(kind, *inputs), rewards=(reward,) * len(inputs))
    made = corrections_of([one], NORMS, pairs=False, rights={one.id: said})
    (record,) = getattr(made, role)
    assert (len(made), record.input) == (1, inputs[-1])


@pytest.mark.parametrize(
    ("said", "reward", "why"),
    [
        (Right(order="equal"), 0.5, "equal"),
        (Right(reward=0.6), 0.9, "people want 0.6"),
        (Right(reward=0.3), 0.1, "people want 0.3"),
    ],
)
def test_what_people_want_and_no_record_says_teaches_nothing(said: Right, reward: float, why: str) -> None:
    one = replace(finding("direction", POLITE, RUDE), rewards=(reward, reward))
    made = corrections_of([one], NORMS, pairs=False, rights={one.id: said})
    ((reason, count),) = made.silent.items()
    assert (len(made), count) == (0, 1)
    assert why in reason


def test_the_better_of_two_is_chosen_whoever_says_which() -> None:
    rise = corrections_of([finding("rise", RUDE, POLITE)], NORMS, pairs=True)
    one = finding("invariance", RUDE, POLITE)
    told = corrections_of([one], NORMS, pairs=True, rights={one.id: Right(order="edited")})
    for made in (rise, told):
        assert [record.input for record in made.demonstrations] == [POLITE]
        assert [record.input for record in made.negatives] == [RUDE]
