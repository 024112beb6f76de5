import numpy as np
import pytest

from iirl_core.corpus import SCHEMAS, demonstrations_of, table_of
from iirl_core.demonstration import Conversation, Demonstration, Message, Trajectory, conversation
from iirl_core.errors import InputError


def shown(item, identity="sha256:0", **more):
    return Demonstration(identity, item, "here", "train", **more)


def test_conversations_survive_the_way_through_a_table():
    rows = [
        shown(conversation("Ümlaut?", "")),
        shown(Conversation((Message("assistant", "alone"),)), weight=0.5),
        shown(Conversation((Message("system", "s"), Message("tool", "t"), Message("assistant", "a")))),
        shown(conversation("a", "b"), comparison="sha256:1", preference_margin=0.5),
    ]
    table = table_of(rows, "conversation", [3, 1, 2, 2])
    assert table.schema == SCHEMAS["conversation"]
    assert list(demonstrations_of(table)) == rows
    assert table.column("tokens").to_pylist() == [3, 1, 2, 2]
    assert table_of(rows, "conversation").column("tokens").null_count == 4


def test_a_corpus_from_before_there_were_pairs_is_read_as_one_without():
    rows = [shown(conversation("a", "b"))]
    table = table_of(rows, "conversation").drop_columns(["comparison", "preference_margin"])
    assert list(demonstrations_of(table)) == rows


def test_trajectories_survive_the_way_through_a_table():
    draw = np.random.default_rng(0)
    items = [
        Trajectory(draw.normal(size=(3, 2)), draw.normal(size=(3, 1)), terminal=True),
        Trajectory(draw.normal(size=(1, 2))),
        Trajectory(draw.normal(size=(5, 4)), draw.normal(size=(5, 3))),
    ]
    table = table_of([shown(item) for item in items], "trajectory")
    assert table.schema == SCHEMAS["trajectory"]
    for part in (table, table.slice(1), table.slice(0, 2)):
        first = 1 if len(part) == 2 and part.column("terminal")[0].as_py() is False else 0
        for item, back in zip(items[first:], demonstrations_of(part), strict=False):
            assert np.array_equal(back.input.observations, item.observations)
            assert back.input.observations.dtype == np.float32
            assert (item.actions is None) == (back.input.actions is None)
            assert item.actions is None or np.array_equal(back.input.actions, item.actions)
            assert back.input.terminal == item.terminal


@pytest.mark.parametrize("kind", ["conversation", "trajectory"])
def test_no_rows_are_an_empty_table(kind):
    assert table_of([], kind).schema == SCHEMAS[kind]
    assert list(demonstrations_of(table_of([], kind))) == []


def test_two_kinds_do_not_share_a_table():
    with pytest.raises(InputError, match="one kind"):
        table_of([shown(Trajectory([[1.0]]))], "conversation")
    with pytest.raises(InputError, match="one kind"):
        table_of([shown(conversation("a", "b"))], "trajectory")
