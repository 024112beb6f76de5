from __future__ import annotations

from iirl_core.demonstration import Conversation, Trajectory, conversation
from iirl_core.probe import Material, Probe

SHOWN = (conversation("Open?", "Until six."), conversation("Hurts?", "Call."), conversation("Hurts?", "Wait."))
ASKED = (conversation("Bill?", "No idea."), conversation("Open?", "Never."))
MATERIAL = Material(SHOWN, ASKED, sources=("desk", "nurse", "doctor"), corpus_sources=("billing", "desk"))


def source_of(*inputs: Conversation | Trajectory, source: str = "") -> str:
    return MATERIAL.source_of(Probe(inputs, "empty", "empty/1.0.0", "", source=source))


def test_a_probe_has_the_source_of_the_record_it_was_made_from() -> None:
    assert source_of(SHOWN[2], SHOWN[2].with_answer("x")) == "doctor"
    assert source_of(conversation("Bill?", "x")) == "billing"
    assert source_of(conversation("Open?", "x")) == "desk"


def test_where_records_of_several_sources_share_a_prompt_nobody_knows() -> None:
    assert source_of(conversation("Hurts?", "x")) == ""
    assert source_of(conversation("Never asked", "x")) == ""
    assert source_of(Trajectory([[0.0]])) == ""


def test_a_former_finding_keeps_the_source_it_was_found_with() -> None:
    assert source_of(conversation("Open?", "x"), source="phone") == "phone"
