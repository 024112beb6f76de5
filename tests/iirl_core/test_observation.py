from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.canonical import digest_json
from iirl_core.demonstration import Trajectory, conversation
from iirl_core.errors import InputError, Tampered
from iirl_core.observation import Observation, keep_observations, observations
from iirl_core.store import DirectoryStore

DIGEST = digest_json("an artifact")
SEEN = (
    Observation("escalated", conversation("Open?", "Until six."), "coverage"),
    Observation("drift", conversation("Open?", "Zzz."), "far"),
    Observation("reported", Trajectory([[0.0, 1.0]], terminal=True), "stands still"),
)


def test_what_was_observed_comes_back(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    keep_observations(store, DIGEST, SEEN)
    first, drifted, second = observations(store, DIGEST)
    assert (first, drifted) == SEEN[:2]
    assert (second.reason, second.note) == ("reported", "stands still")
    assert isinstance(second.input, Trajectory)
    assert second.input.terminal
    assert list(observations(store, digest_json("another"))) == []


def test_a_batch_that_was_changed_is_noticed(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    key = keep_observations(store, DIGEST, SEEN)
    store.put(key, store.get(key).replace(b"six", b"ten"))
    with pytest.raises(Tampered, match="was changed"):
        list(observations(store, DIGEST))


def test_there_are_three_reasons() -> None:
    with pytest.raises(InputError, match="escalated, drift, reported"):
        Observation("liked", conversation("a", "b"))  # type: ignore[arg-type]
