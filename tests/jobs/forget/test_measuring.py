from __future__ import annotations

from pathlib import Path

import numpy as np

from iirl_core.corpus import find_dropped
from jobs.forget.measuring import FEW, MEASURED, witnesses
from jobs.train.learnable import read_sources
from tests.jobs.forget.made import ALL, OURS, THEIRS, learnt, made


def test_the_forgotten_that_were_trained_on_meet_never_seen_ones_of_their_own_source(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL)
    behind = read_sources(session.store, config)
    found = witnesses(behind, find_dropped(behind.demonstrations, sources=["theirs"]))
    assert {one.id for one in found.forgotten} == {one.id for one in THEIRS if one.split == "train"}
    assert {one.id for one in found.never} == {one.id for one in THEIRS if one.split == "unseen"}
    assert len(found.never) >= FEW
    artifact = learnt(session, config)
    ((gone, never),) = found.heard(artifact.model)
    readings = artifact.read([one.input for one in found.forgotten])
    np.testing.assert_allclose(gone.rewards, [one.reward for one in readings])
    assert not {*gone.clusters.tolist()} & {*never.clusters.tolist()}


def test_where_their_source_has_few_all_sources_answer(tmp_path: Path) -> None:
    few = [*OURS, *THEIRS[:6]]
    session, config = made(tmp_path, few)
    behind = read_sources(session.store, config)
    found = witnesses(behind, find_dropped(behind.demonstrations, sources=["theirs"]))
    assert {one.id for one in found.never} == {one.id for one in few if one.split == "unseen"}
    assert len(found.forgotten) <= MEASURED


def test_records_that_nothing_learnt_from_are_no_witnesses(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL)
    behind = read_sources(session.store, config)
    guard = [one.id for one in THEIRS if one.split == "guard"]
    assert witnesses(behind, find_dropped(behind.demonstrations, ids=guard)).forgotten == ()
