"""What the next training can learn from what a norm says of a finding."""

from __future__ import annotations

import pytest

from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import admission_of, admit, identity_of
from iirl_core.demonstration import Conversation, Input, Message, conversation
from iirl_core.norm import NormKind
from iirl_core.records.raw import RawRecord
from iirl_core.repair.corrections import HELD_OUT, LEARNT, corrections_of

POLITE = conversation("Can you help?", "Of course.")
RUDE = conversation("Can you help?", "No!")
OTHER = conversation("Could you help?", "Yes.")
KINDS = {kind.value: kind for kind in NormKind}


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
    ],
)
def test_a_row_is_learnt_from_as_the_norm_says(
    norm: str, inputs: tuple[Input, ...], role: str, learnt: Conversation
) -> None:
    one = finding(norm, *inputs)
    made = corrections_of([one], KINDS, pairs=False)
    assert len(made) == 1
    (record,) = getattr(made, role)
    assert (record.input, record.id, record.split) == (learnt, identity_of(learnt), "train")
    assert record.source == f"{norm}/{one.id}"
    assert record.comparison is None
    assert made.silent == {}


def test_an_original_and_its_edit_are_a_comparison_as_ingest_would_make_it() -> None:
    made = corrections_of([finding("direction", POLITE, RUDE)], KINDS, pairs=True)
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
        ("direction", (POLITE, OTHER), True, "does not compare two answers to one prompt"),
        ("direction", (POLITE, POLITE), True, "does not compare two answers to one prompt"),
        ("unheard-of", (RUDE,), False, "no such norm"),
    ],
)
def test_what_says_nothing_of_what_is_right_is_counted(
    norm: str, inputs: tuple[Input, ...], pairs: bool, why: str
) -> None:
    made = corrections_of([finding(norm, *inputs)], KINDS, pairs=pairs)
    assert len(made) == 0
    ((reason, count),) = made.silent.items()
    assert why in reason
    assert count == 1


def test_what_is_held_out_teaches_nothing_whichever_side_it_is() -> None:
    for held in (POLITE, RUDE):
        made = corrections_of(
            [finding("direction", POLITE, RUDE)], KINDS, pairs=True, held_out=lambda item, held=held: item == held
        )
        assert len(made) == 0
        assert made.silent == {HELD_OUT: 1}
    rows = corrections_of([finding("direction", POLITE, RUDE)], KINDS, pairs=False, held_out=lambda item: item == RUDE)
    assert len(rows) == 0


def test_a_record_comes_once_and_what_two_findings_contradict_not_at_all() -> None:
    twice = [finding("ceiling", RUDE, number=number) for number in range(3)]
    made = corrections_of(twice, KINDS, pairs=False)
    assert len(made.negatives) == 1
    assert made.negatives[0].source == f"ceiling/{twice[0].id}"
    both = corrections_of([*twice, finding("floor", RUDE)], KINDS, pairs=False)
    assert len(both) == 0
    assert both.silent == {"another finding says the opposite of it": 1}


def test_earlier_turns_belong_to_the_prompt() -> None:
    longer = Conversation((Message("system", "Be brief."), *POLITE.messages[:-1], Message("assistant", "Sure.")))
    assert len(corrections_of([finding("direction", POLITE, longer)], KINDS, pairs=True)) == 0


def test_a_finding_whose_original_is_held_out_teaches_nothing() -> None:
    one = finding("direction", POLITE, RUDE)
    made = corrections_of([one], KINDS, pairs=False, held_out=lambda item: item == POLITE)
    assert (len(made), made.silent) == (0, {HELD_OUT: 1})


def test_a_comparison_that_the_corpora_hold_is_left_to_them() -> None:
    other = conversation(OTHER.context[-1].content, "Never.")
    made = corrections_of(
        [finding("direction", POLITE, RUDE), finding("agreement", OTHER, other, number=1)], KINDS, pairs=True
    )
    assert len(made.comparisons) == 2
    known = made.demonstrations[0].comparison
    assert known is not None
    left = made.without({known})
    assert [one.input for one in (*left.demonstrations, *left.negatives)] == [OTHER, other]
    assert left.silent == {LEARNT: 1}
    rows = corrections_of([finding("direction", POLITE, RUDE)], KINDS, pairs=False)
    assert rows.without({known}) == rows, "a row is no side of a comparison"
