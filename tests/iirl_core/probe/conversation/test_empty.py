from __future__ import annotations

from iirl_core.probe import FAMILIES
from iirl_core.probe.conversation.empty import EMPTY
from tests.iirl_core.probe.conversation.samples import material, seed, texts


def test_a_request_answered_with_nothing_in_every_way() -> None:
    probes = FAMILIES["empty"].probes(seed("empty"), len(EMPTY), material())
    assert [texts(probe) for probe in probes] == [(EMPTY[probe.note],) for probe in probes]
    assert {probe.note for probe in probes} == set(EMPTY)
    assert all(len(answer.split()) <= 1 for answer in EMPTY.values())
