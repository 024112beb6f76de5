from __future__ import annotations

from itertools import permutations

from iirl_core.audit import TriageLabel
from iirl_core.triage.said import Withdrawn
from iirl_core.triage.settling import settle
from tests.iirl_core.triage.words import word

FLAW, FINE, UNSURE = TriageLabel.FLAW, TriageLabel.NOT_A_FLAW, TriageLabel.UNSURE


def test_a_persons_last_word_counts() -> None:
    said = [word("ann", "f", "flaw", 0), word("ann", "f", "not a flaw", 1), word("ann", "f", "flaw", 2)]
    for order in permutations(said):
        settled = settle(order, ())["f"]
        assert (settled.label, settled.sources, settled.direct) == (FLAW, ("l-ann-f-2",), True)


def test_two_who_contradict_each_other_leave_it_unsure_until_a_third_speaks_or_they_agree() -> None:
    said = [word("ann", "f", "flaw"), word("bob", "f", "not a flaw")]
    disputed = settle(said, ())["f"]
    assert (disputed.label, disputed.disputed, disputed.waits) == (UNSURE, True, True)
    assert disputed.sources == ("l-ann-f-0", "l-bob-f-0")
    assert settle([*said, word("cy", "f", "not a flaw")], ())["f"].label is FINE
    assert settle([*said, word("bob", "f", "flaw", 1)], ())["f"].label is FLAW
    assert settle([*said, word("cy", "f", "unsure")], ())["f"].disputed


def test_who_is_unsure_leaves_it_to_a_second_person() -> None:
    alone = settle([word("ann", "f", "unsure")], ())["f"]
    assert (alone.label, alone.waits, alone.disputed) == (UNSURE, True, False)
    assert settle([word("ann", "f", "unsure"), word("bob", "f", "flaw")], ())["f"].label is FLAW


def test_a_label_that_is_taken_back_gives_the_word_before_its_place_again() -> None:
    said = [word("ann", "f", "flaw", 0), word("ann", "f", "not a flaw", 1)]
    assert settle(said, [Withdrawn("l-ann-f-1", "ann")])["f"].label is FLAW
    assert settle(said, [Withdrawn("l-ann-f-1", "ann"), Withdrawn("l-ann-f-0", "ann")]) == {}


def test_nobody_takes_back_what_another_said() -> None:
    assert settle([word("ann", "f", "flaw")], [Withdrawn("l-ann-f-0", "bob")])["f"].label is FLAW


def test_a_label_spreads_with_its_confidence_and_names_where_it_came_from() -> None:
    said = [word("ann", "f", "flaw", cluster="c", spread={"g": 0.8, "h": 0.2})]
    settled = settle(said, ())
    assert {name: one.confidence for name, one in settled.items()} == {"f": 1.0, "g": 0.8, "h": 0.2}
    assert (settled["g"].label, settled["g"].direct, settled["g"].sources) == (FLAW, False, ("l-ann-f-0",))
    assert not settled["g"].waits


def test_of_several_labels_that_reach_a_finding_the_most_confident_counts() -> None:
    said = [
        word("ann", "f", "flaw", 0, cluster="c", spread={"h": 0.4}),
        word("ann", "g", "flaw", 1, cluster="c", spread={"h": 0.7}),
    ]
    assert settle(said, ())["h"].sources == ("l-ann-g-1",)


def test_taking_the_source_back_takes_all_that_spread_from_it_and_nothing_else() -> None:
    said = [
        word("ann", "f", "flaw", 0, cluster="c", spread={"h": 0.9, "i": 0.9}),
        word("ann", "g", "flaw", 1, cluster="c", spread={"h": 0.7}),
    ]
    settled = settle(said, [Withdrawn("l-ann-f-0", "ann")])
    assert set(settled) == {"g", "h"}
    assert settled["h"].sources == ("l-ann-g-1",)


def test_one_spread_label_can_be_taken_back_by_itself() -> None:
    said = [word("ann", "f", "flaw", cluster="c", spread={"g": 0.9, "h": 0.9})]
    assert set(settle(said, [Withdrawn("l-ann-f-0/g", "ann")])) == {"f", "h"}


def test_a_word_that_was_replaced_spreads_no_more() -> None:
    said = [word("ann", "f", "flaw", 0, cluster="c", spread={"g": 0.9}), word("ann", "f", "unsure", 1, cluster="c")]
    assert set(settle(said, ())) == {"f"}


def test_labels_that_contradict_each_other_stop_the_spreading_in_their_cluster_alone() -> None:
    said = [
        word("ann", "f", "flaw", 0, cluster="c", spread={"h": 0.9}),
        word("bob", "g", "not a flaw", 0, cluster="c"),
        word("ann", "k", "flaw", 1, cluster="d", spread={"m": 0.9}),
    ]
    assert set(settle(said, ())) == {"f", "g", "k", "m"}
    assert set(settle(said, [Withdrawn("l-bob-g-0", "bob")])) == {"f", "h", "k", "m"}


def test_labels_of_differently_drawn_clusters_that_contradict_each_other_on_a_finding_leave_it_alone() -> None:
    said = [
        word("ann", "f", "flaw", cluster="c", spread={"h": 0.9, "i": 0.5}),
        word("bob", "g", "not a flaw", cluster="another", spread={"h": 0.8}),
    ]
    assert set(settle(said, ())) == {"f", "g", "i"}


def test_what_somebody_labelled_takes_nothing_from_others() -> None:
    said = [word("ann", "f", "flaw", cluster="c", spread={"g": 0.9}), word("bob", "g", "unsure", cluster="c")]
    assert settle(said, ())["g"].label is UNSURE
