import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iirl_core.corpus import Admission, admit, table_of
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


def test_segments_are_rows_of_their_own():
    rows = admitted({"observations": np.arange(10).reshape(5, 2)}, Admission("trajectory", segment=2))
    assert [len(row.input) for row in rows] == [2, 2, 1]
    assert len({row.id for row in rows}) == 3


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
@given(st.dictionaries(st.sampled_from(FIELDS.split()), values, max_size=6), st.sampled_from([None, "chosen"]))
def test_no_row_whatever_it_holds_stops_the_job(document, take):
    for kind in ("conversation", "trajectory"):
        for row in admit(RawRecord("f.jsonl", 1, document), "f", Admission(kind, take)):
            if isinstance(row, Demonstration):
                table_of([row], kind)
            else:
                row.reason.encode("utf-8")


def test_an_empty_answer_to_a_prompt_is_a_good_row():
    assert isinstance(admitted({"prompt": "a", "response": ""})[0], Demonstration)
