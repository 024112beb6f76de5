from __future__ import annotations

import dataclasses
import math

import pytest

from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.config.governance import TrialSection
from iirl_core.demonstration import Conversation, Input, conversation
from iirl_core.norm import Norm, NormKind
from iirl_core.probe import Material, Probe
from iirl_core.repair import ground_of
from iirl_core.repair.asked import Asked
from iirl_core.repair.teaching import Drawn, drawn_of
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.probe.samples import always, off_arc, planar, seed
from tests.iirl_core.repair.samples import found

RUDE = conversation("Can you help me with the bus?", "No. The bus is your own problem, go away.")
KIND = RUDE.with_answer("Of course, I am glad to help with the bus.")
LOW = Norm("low", NormKind.CEILING, True, 3, 0.1, 0.0, ("padding", "surface"), "rude", "me")
SAME = dataclasses.replace(LOW, id="same", kind=NormKind.INVARIANCE)


def probe(*inputs: Input, norm: str = "low") -> Probe:
    return Probe(inputs, "padding", "padding/1.0.0", "", norm)


def drawn(model: RewardModel, norm: Norm, probes: list[Probe], *tried: Probe) -> list[Drawn]:
    trial = Asked.of(model.encoder, tried, [norm])
    return list(drawn_of([(one, "") for one in probes], model, [norm], trial=[trial]))


@pytest.mark.parametrize(("held_out", "slips"), [((), True), (("surface",), False), (("surface", "order"), False)])
def test_edits_that_families_held_out_make_do_not_teach_around_a_finding(
    held_out: tuple[str, ...], slips: bool
) -> None:
    answer = RUDE.with_answer("No thanks. The bus is your own problem. Please go away now.")
    finding = Finding(digest_bytes(b""), 1, "low", True, 3, "careless", "careless/1.0.0", "", (answer,), (0.9,), 0.5)
    ground = ground_of(
        text_draft().model,
        [finding],
        [LOW],
        material=Material((KIND,)),
        seed=seed("t"),
        section=TrialSection(neighbours=12, elsewhere=0),
        held_out=held_out,
        teaching=True,
    )
    words = {word for one in ground.drawn for word in _answer(one).split()} - set(answer.answer.split())
    assert bool(words) == slips
    assert {one.owner for one in ground.drawn} == (set() if "order" in held_out else {finding.id})
    assert any(word.isupper() for one in ground.around.probes for word in _last(one.inputs).split()), "these only try"


def _answer(one: Drawn) -> str:
    return _last(one.inputs)


def _last(inputs: tuple[Input, ...]) -> str:
    (*_, last) = inputs
    assert isinstance(last, Conversation)
    return last.answer


def test_what_the_trial_asks_does_not_teach_also_in_other_letters() -> None:
    model, loud = text_draft().model, RUDE.with_answer(RUDE.answer.upper())
    assert drawn(model, LOW, [probe(RUDE)], probe(loud)) == []
    assert drawn(model, LOW, [probe(KIND, RUDE)], probe(loud)) == [], "a ceiling judges the last input alone"
    assert [one.inputs for one in drawn(model, LOW, [probe(RUDE)], probe(KIND))] == [(RUDE,)]
    pair = probe(KIND, RUDE, norm="same")
    assert drawn(model, SAME, [pair], pair) == []
    assert [one.inputs for one in drawn(model, SAME, [pair], probe(loud, RUDE, norm="same"))] == [(KIND, RUDE)]


def test_what_has_no_finite_signal_does_not_teach() -> None:
    asked = [dataclasses.replace(probe(*one.inputs), norm=one.norm) for one in found()[:3]]
    assert len(drawn(planar()[0], off_arc(), asked)) == 3
    assert drawn(always(math.nan), off_arc(), asked) == []
