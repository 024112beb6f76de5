from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iirl_core.config.corpora import CorpusSection, SplitSection
from iirl_core.corpus import Admission, admission_of, admit, table_of
from iirl_core.demonstration import Demonstration
from iirl_core.records import Quarantined, RawRecord

TEXT, STEPS = Admission("conversation"), Admission("trajectory")


def admitted(document, rules=TEXT):
    return list(admit(RawRecord("f.jsonl", 7, document), "f", rules))


def test_a_good_row_is_a_demonstration_named_by_its_content():
    (first,) = admitted({"prompt": "a", "response": "b"})
    (second,) = admitted({"instruction": "a", "output": "b", "source": "else", "weight": 2})
    assert isinstance(first, Demonstration)
    assert (first.id, first.split) == (second.id, second.split)
    assert (first.source, first.weight) == ("f", 1.0)
    assert (second.source, second.weight) == ("else", 2.0)


PAIR = {"prompt": "a", "chosen": "b", "rejected": "c", "preference_margin": 2}


def side(document, take="chosen"):
    (row,) = admitted(document, Admission("conversation", take, paired=True))
    return row


def test_both_sides_of_a_comparison_remember_it_and_share_its_split():
    chosen, rejected = side(PAIR), side(PAIR, "rejected")
    assert (chosen.input.answer, rejected.input.answer) == ("b", "c")
    assert chosen.comparison == rejected.comparison is not None
    assert chosen.preference_margin == rejected.preference_margin == 2.0
    assert chosen.split == rejected.split
    assert chosen.id != rejected.id
    assert admitted(PAIR, Admission("conversation", "chosen"))[0].comparison is None


def test_sides_without_a_prompt_still_fall_into_one_split():
    for number in range(30):
        sides = {name: [{"role": "assistant", "content": f"{name} {number}"}] for name in ("chosen", "rejected")}
        assert side(sides).split == side(sides, "rejected").split


def test_an_answer_in_two_comparisons_is_two_records_and_the_other_way_round_is_another_comparison():
    once, again, turned = side(PAIR), side({**PAIR, "rejected": "d"}), side({**PAIR, "chosen": "c", "rejected": "b"})
    assert once.input == again.input
    assert len({once.id, again.id, turned.id}) == 3
    assert len({once.comparison, again.comparison, turned.comparison}) == 3
    assert side({**PAIR, "source": "else"}).id == once.id


@pytest.mark.parametrize("take", ["chosen", "rejected"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rejected": "b"}, "the same text"),
        ({"preference_margin": float("inf")}, "a finite number"),
        ({"preference_margin": "much"}, "preference_margin 'much'"),
        ({"rejected": None}, "not a comparison"),
        ({"prompt": " ", "rejected": ""}, "without any text"),
    ],
)
def test_what_is_wrong_with_one_side_quarantines_both(take, changes, reason):
    row = side({**PAIR, **changes}, take)
    assert isinstance(row, Quarantined)
    assert reason in row.reason


def test_segments_are_rows_of_their_own():
    rows = admitted({"observations": np.arange(10).reshape(5, 2)}, Admission("trajectory", segment=2))
    assert [len(row.input) for row in rows] == [2, 2, 1]
    assert len({row.id for row in rows}) == 3


def test_a_trajectory_that_is_split_by_its_steps_is_learnt_from_where_it_begins():
    rules = Admission("trajectory", split=SplitSection(train=0.6, guard=0.2, unseen=0.2, by="steps"))
    for first in range(20):
        rows = admitted({"observations": np.arange(first, first + 10).reshape(5, 2)}, rules)
        assert [(row.split, len(row.input)) for row in rows] == [("train", 3), ("guard", 1), ("unseen", 1)]
        assert rows[0].input.observations[0, 0] == first


def test_a_life_that_ended_early_is_not_split_by_its_steps_where_that_is_charged():
    split = SplitSection(train=0.6, guard=0.2, unseen=0.2, by="steps")
    early = {"observations": np.arange(10).reshape(5, 2), "terminal": True}
    charged = Admission("trajectory", split=split, horizon=6)
    (row,) = admitted(early, charged)
    assert isinstance(row, Quarantined)
    assert "ended by itself after 5 of 6 steps" in row.reason
    assert "split.by: record" in row.reason
    for taken in (
        admitted({**early, "terminal": False}, charged),  # cut off
        admitted(early, replace(charged, horizon=5)),  # at the horizon
        admitted(early, replace(charged, horizon=None)),  # terminal: ignored
        admitted(early, replace(charged, split=SplitSection())),
        admitted(early, replace(charged, split=SplitSection(train=1, guard=0, unseen=0, by="steps"))),  # in one piece
    ):
        assert all(isinstance(row, Demonstration) for row in taken)


def test_a_source_has_a_weight_that_multiplies_its_records():
    rules = Admission("conversation", sources={"f": 0.5, "else": 3.0})
    rows = [{"text": "a"}, {"text": "a", "weight": 2}, {"text": "a", "source": "else"}, {"text": "a", "source": "new"}]
    assert [admitted(row, rules)[0].weight for row in rows] == [0.5, 1.0, 3.0, 1.0]


def test_a_row_that_was_quarantined_before_passes_through():
    row = Quarantined("f.jsonl", 3, "bad")
    assert list(admit(row, "f", TEXT)) == [row]


@pytest.mark.parametrize(
    ("document", "rules", "reason"),
    [
        ({"text": " \n"}, TEXT, "without any text"),
        ({"prompt": "", "response": ""}, TEXT, "without any text"),
        ({"observations": [[1.0]]}, TEXT, "a trajectory; expected a conversation"),
        ({"text": "a"}, STEPS, "a conversation; expected a trajectory"),
        ({"text": "a", "weight": -1}, TEXT, "weight -1"),
        ({"text": "a", "weight": 10**400}, TEXT, "hundreds of digits"),
        ({"text": "a", "weight": float("nan")}, TEXT, "weight nan"),
        ({"text": "a", "weight": True}, TEXT, "weight True"),
        ({"text": "a", "weight": "2"}, TEXT, "weight '2'"),
        ({"text": "a", "source": "\udcff"}, TEXT, "source is not valid Unicode"),
        ({"messages": [{"role": "\udcff", "content": "a"}]}, TEXT, "message role"),
        (["a"], TEXT, "a record of type list"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_place_and_reason(document, rules, reason):
    (row,) = admitted(document, rules)
    assert isinstance(row, Quarantined)
    assert (row.file, row.line) == ("f.jsonl", 7)
    assert reason in row.reason
    row.reason.encode("utf-8")


FIELDS = (
    "messages role content prompt response answer text chosen rejected instruction input output observations actions "
    "terminal terminals system source weight preference_margin type user assistant"
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=5), st.just("\udcff")
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS.split()), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(max_examples=500)
@given(
    st.dictionaries(st.sampled_from(FIELDS.split()), values, max_size=6),
    st.sampled_from([(None, False), ("chosen", False), ("chosen", True)]),
)
def test_no_row_whatever_it_holds_stops_the_job(document, told):
    take, paired = told
    for kind in ("conversation", "trajectory"):
        rules = Admission(kind, take, paired=paired)
        for row in admit(RawRecord("f.jsonl", 1, document), "f", rules):
            if isinstance(row, Demonstration):
                table_of([row], kind)
            else:
                row.reason.encode("utf-8")


def test_an_empty_answer_to_a_prompt_is_a_good_row():
    assert isinstance(admitted({"prompt": "a", "response": ""})[0], Demonstration)


EMPTY = (
    {"prompt": "a", "response": ""},
    {"instruction": "a", "output": " \n"},
    {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]},
)


@pytest.mark.parametrize("document", EMPTY)
def test_a_demonstration_that_says_nothing_is_quarantined(document):
    (row,) = admitted(document, admission_of(CorpusSection(name="shown"), "conversation"))
    assert isinstance(row, Quarantined)
    assert row.reason.startswith("an empty answer; expected what a demonstrator said")


@pytest.mark.parametrize("document", EMPTY)
@pytest.mark.parametrize("role", ["negatives", "probes", "init-samples", "sft-samples", "samples"])
def test_whoever_demonstrates_nothing_may_say_nothing(document, role):
    rules = admission_of(CorpusSection(name="said", role=role), "conversation")
    assert isinstance(admitted(document, rules)[0], Demonstration)


def test_a_corpus_of_prompts_and_the_better_side_of_a_comparison_may_be_silent():
    prompts = admission_of(CorpusSection(name="asked"), "conversation", for_prompts=True)
    assert all(isinstance(admitted(document, prompts)[0], Demonstration) for document in EMPTY)
    for paired in (True, False):
        rules = admission_of(CorpusSection(name="chosen", take="chosen", paired=paired), "conversation")
        assert isinstance(admitted(PAIR | {"chosen": ""}, rules)[0], Demonstration)
