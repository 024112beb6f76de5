"""The record of a round's repair, before and after a person took one of its candidates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from iirl_core.canonical import canonical_json, digest_bytes
from iirl_core.errors import Tampered
from iirl_core.patch import Projection, Repairs
from iirl_core.release import audit_file
from iirl_core.repair import Approval, Decided, Offer, Plan
from iirl_core.store import DirectoryStore
from jobs.patch.repair import REPAIR, Repair, on_record, record_child, record_named
from tests.iirl_core.repair.test_trial import GOOD

ROOT, CHILD = digest_bytes(b"root"), digest_bytes(b"child")


def removing(finding: str, least: float) -> Offer:
    """A candidate after which a known-good input keeps ``least`` of its reward."""
    repairs = Repairs(projections=(Projection(((1.0, 0.0),), (0.0, 0.0), (finding,), ("n",), 1),))
    trial = replace(GOOD, budget=replace(GOOD.budget, least=least))
    return Offer("projection", repairs, frozenset({finding}), trial)


def test_what_a_person_takes_is_what_the_record_tells_of(tmp_path: Path) -> None:
    store, key = DirectoryStore(tmp_path), audit_file(ROOT, 1, REPAIR)
    offers = removing("f-1", 0.96), removing("f-2", 0.97)
    open_ones = Plan((), offers, (), open=offers)
    waits = Repair(None, open_ones, replace(GOOD.budget, least=1.0), Decided(Approval.CHOOSE), ("r-1", "r-2"))
    store.put(key, canonical_json(waits.document()))
    before = json.loads(store.get(key))
    assert (before["trial"], before["budget"]["least_kept"]) == (None, 1.0)

    taken = offers[1]
    for _ in range(2):  # interrupted, and done again
        record_child(store, ROOT, 1, CHILD, repairs=taken.repairs, trial=taken.trial.document())
        after = json.loads(store.get(key))
        assert after["child"] == CHILD
        assert after["projections"] == [one.id for one in taken.repairs]
        assert after["trial"]["budget"]["least"] == after["budget"]["least_kept"] == 0.97
        assert [one["chosen"] for one in after["considered"]] == [False, True]
    assert after["suggestions"] == ["r-1", "r-2"]


def test_of_what_several_candidates_make_the_record_goes_on_saying_which(tmp_path: Path) -> None:
    store, key = DirectoryStore(tmp_path), audit_file(ROOT, 1, REPAIR)
    offers = removing("f-1", 0.97), removing("f-2", 0.96)
    plan = Plan(offers, (*offers, removing("f-3", 0.9)), ())
    trial = offers[1].trial  # of both, the last of them on top of the first
    waits = Repair(None, plan, trial.budget, Decided(Approval.SUGGEST), ("r-1",))
    store.put(key, canonical_json(waits.document()))
    record_child(store, ROOT, 1, CHILD, repairs=plan.repairs, trial=trial.document())
    assert [one["chosen"] for one in json.loads(store.get(key))["considered"]] == [True, True, False]


@pytest.mark.parametrize("broken", [b"{}", b"zzz", b"[]", b'{"child": 3, "considered": []}', b'{"child": null}'])
def test_a_record_that_was_changed_is_told_as_that(tmp_path: Path, broken: bytes) -> None:
    store = DirectoryStore(tmp_path)
    store.put(audit_file(ROOT, 1, REPAIR), broken)
    offer = removing("f-1", 0.97)
    for ask in (
        lambda: on_record(store, ROOT, 1),
        lambda: record_named(store, ROOT, 1),
        lambda: record_child(store, ROOT, 1, CHILD, repairs=offer.repairs, trial=offer.trial.document()),
    ):
        with pytest.raises(Tampered, match=r"repair\.json"):
            ask()
