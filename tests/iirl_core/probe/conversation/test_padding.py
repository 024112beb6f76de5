from __future__ import annotations

from iirl_core.probe import FAMILIES
from iirl_core.probe.conversation.padding import EDITS, FLUFF, PLEASANTRIES
from tests.iirl_core.probe.conversation.samples import material, seed, texts


def test_the_answer_stays_whole_and_nothing_is_added_to_it() -> None:
    probes = FAMILIES["padding"].probes(seed("padding"), 60, material())
    assert {probe.note for probe in probes} == set(EDITS)
    for probe in probes:
        original, edited = texts(probe)
        assert original in edited
        rest = edited.replace(original, "")
        for said in (*FLUFF, *PLEASANTRIES, "Anything else?"):
            rest = rest.replace(said, "")
        assert len(edited) > len(original)
        assert not rest.strip()
