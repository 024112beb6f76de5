from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from iirl_core.config.governance import ReviewSection
from iirl_core.demonstration import Comparison, conversation
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm import Norm, NormKind
from iirl_core.signing import Label
from iirl_core.triage import Review, check_undo, clusters_of, news, next_sequence, norm_changes, placed, settle
from iirl_core.triage.labelling import check
from iirl_core.triage.said import Said, Withdrawn
from tests.iirl_core.triage.found import finding, places

LOW = Norm("n", NormKind.CEILING, True, 3, 0.5, 0.05, ("f",), "why", "me")
SECTION = ReviewSection(reach=1.0, clusters=1)
FOUND = tuple(finding(number) for number in range(5))
AWAY = [0.0, 0.25, 0.5, 0.75, 1.5]


def review(*said: Said, withdrawn: tuple[Withdrawn, ...] = (), held: frozenset[str] = frozenset()) -> Review:
    lie = places(np.array([[away] for away in AWAY]))
    clusters = clusters_of(FOUND, lie, {"n": 10}, SECTION)
    return Review(FOUND, lie, clusters, (LOW,), SECTION.reach * lie.spread, said, withdrawn, held)


def test_a_label_spreads_in_its_cluster_with_a_confidence_that_falls_with_distance() -> None:
    label = placed(review(), Label(FOUND[0].id, "flaw"))
    assert dict(label.spread) == {FOUND[1].id: 0.75, FOUND[2].id: 0.5, FOUND[3].id: 0.25}
    assert label.cluster == review().clusters[0].id


def test_a_label_does_not_spread_where_it_is_unsure_or_asked_not_to_or_people_spoke_before() -> None:
    assert placed(review(), Label(FOUND[0].id, "unsure")).spread == ()
    assert placed(review(), Label(FOUND[0].id, "flaw"), spread=False).spread == ()
    held = review(held=frozenset({FOUND[1].id}))
    assert FOUND[1].id not in dict(placed(held, Label(FOUND[0].id, "flaw")).spread)


def test_a_label_of_no_finding_of_this_round_is_refused() -> None:
    with pytest.raises(InputError, match="there is no finding 'f-000000000000' in this round"):
        placed(review(), Label("f-000000000000", "flaw"))


@pytest.mark.parametrize(
    ("pair", "told", "message"),
    [
        (False, {"order": "original"}, "a single input; expected its right reward"),
        (True, {"reward": 0.2}, "a pair; expected the right order"),
        (True, {"order": "edited"}, "ordered so already"),
        (False, {"reward": 0.6}, "which n forbids"),
    ],
)
def test_a_flaw_whose_correction_is_no_correction_is_refused(pair: bool, told: dict[str, Any], message: str) -> None:
    one = finding(0, pair=pair)
    with pytest.raises(InputError, match=message):
        check(Label(one.id, "flaw", **told), one, LOW)


def test_corrections_that_the_norm_allows_are_taken() -> None:
    single, pair = finding(0), finding(0, pair=True)
    check(Label(single.id, "flaw", reward=0.5), single, LOW)
    check(Label(pair.id, "flaw", order="equal"), pair, replace(LOW, kind=NormKind.DIRECTION))
    check(Label(single.id, "flaw", reward=0.6), single, replace(LOW, kind=NormKind.FLOOR))
    check(Label(single.id, "flaw", reward=0.9), single, None)


def test_a_lower_threshold_loosens_a_direction_that_raises() -> None:
    one, rise = finding(0, excess=0.25, pair=True), replace(LOW, kind=NormKind.DIRECTION, raises=True)
    check(Label(one.id, "not a flaw", "it may", threshold=0.25), one, rise)
    with pytest.raises(InputError, match=r"at most 0\.25"):
        check(Label(one.id, "not a flaw", "it may", threshold=0.3), one, rise)


def test_a_proposed_threshold_must_make_the_finding_none() -> None:
    one = finding(0, excess=0.25)
    fine = Label(one.id, "not a flaw", "it may", threshold=0.75)
    check(fine, one, LOW)
    with pytest.raises(InputError, match=r"still break n at a threshold of 0\.7; expected at least 0\.7500"):
        check(replace(fine, threshold=0.7), one, LOW)
    floor = replace(LOW, kind=NormKind.FLOOR)
    check(replace(fine, threshold=0.25), one, floor)
    pair, told = finding(0, excess=0.05, pair=True), Comparison(conversation("q", "a"), conversation("q", "b"))
    agree = replace(LOW, kind=NormKind.AGREEMENT, threshold=0.1, comparisons=(("file", told),))
    check(replace(fine, finding=pair.id, threshold=0.05), pair, agree)
    with pytest.raises(InputError, match=r"expected at most 0\.2500"):
        check(replace(fine, threshold=0.3), one, floor)
    with pytest.raises(ConfigError, match="a number in"):
        check(replace(fine, threshold=-0.5), one, floor)


def said(name: str, by: str, label: Label, sequence: int = 0) -> Said:
    return Said(name, by, sequence, placed(review(), label))


def test_only_own_labels_are_taken_back_and_each_once() -> None:
    ann = said("l-1", "ann", Label(FOUND[0].id, "flaw"))
    table = review(ann, withdrawn=(Withdrawn(f"l-1/{FOUND[1].id}", "ann"),))
    assert check_undo(table, ["l-1", "l-1", f"l-1/{FOUND[1].id}"], "ann") == ("l-1",)
    with pytest.raises(InputError, match="a label that ann gave"):
        check_undo(table, ["l-1"], "bob")
    with pytest.raises(InputError, match="there is no label 'l-2'"):
        check_undo(table, ["l-2"], "ann")
    with pytest.raises(InputError, match="did not spread to"):
        check_undo(table, [f"l-1/{FOUND[4].id}"], "ann")


def test_what_was_said_already_is_no_news_but_a_new_word_is() -> None:
    ann = said("l-1", "ann", Label(FOUND[0].id, "flaw"))
    again, other = placed(review(), Label(FOUND[0].id, "flaw")), placed(review(), Label(FOUND[0].id, "unsure"))
    assert news(review(ann), [again, other], "ann") == (other,)
    assert news(review(ann), [again], "bob") == (again,)
    taken_back = review(ann, withdrawn=(Withdrawn("l-1", "ann"),))
    assert news(taken_back, [again], "ann") == (again,)


def test_an_annotation_is_imported_once_whatever_became_of_it() -> None:
    imported = said("l-1", "ann", Label(FOUND[0].id, "flaw", source="label-studio:1"))
    taken_back = review(imported, withdrawn=(Withdrawn("l-1", "ann"),))
    assert news(taken_back, [imported.label], "ann") == ()
    assert news(taken_back, [imported.label], "bob") == (imported.label,)


def test_a_persons_next_word_follows_the_last_of_this_person() -> None:
    ann = said("l-1", "ann", Label(FOUND[0].id, "flaw"), sequence=4)
    assert [next_sequence([ann], name) for name in ("ann", "bob")] == [5, 0]


def test_the_signed_spread_is_what_others_are_settled_by() -> None:
    settled = settle([said("l-1", "ann", Label(FOUND[0].id, "flaw"))], ())
    assert settled[FOUND[1].id].confidence == 0.75
    assert settled[FOUND[1].id].sources == ("l-1",)


def test_norm_changes_are_gathered_from_the_words_that_stand() -> None:
    first = said("l-1", "ann", Label(FOUND[0].id, "not a flaw", "too strict", threshold=0.9))
    second = said("l-2", "bob", Label(FOUND[1].id, "not a flaw", "too strict", threshold=0.95))
    third = said("l-3", "bob", Label(FOUND[2].id, "flaw"), sequence=1)
    (change,) = norm_changes(review(first, second, third))
    assert (change.norm, change.people, change.thresholds) == ("n", ("ann", "bob"), (0.9, 0.95))
    assert change.because == ("too strict",)
    assert norm_changes(review(first, withdrawn=(Withdrawn("l-1", "ann"),))) == ()
