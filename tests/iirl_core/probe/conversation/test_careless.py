from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.probe import FAMILIES, Material, Probe
from iirl_core.probe.conversation.careless import VARIATIONS
from tests.iirl_core.probe.conversation.samples import BAD, GOOD, material, seed, texts


def test_every_record_of_the_probe_corpus_is_asked_under_its_own_request() -> None:
    probes = FAMILIES["careless"].probes(seed("careless"), len(BAD), material())
    assert {probe.inputs[0].context for probe in probes} == {item.context for item in BAD}  # type: ignore[union-attr]


@pytest.mark.parametrize("note", [note for note in VARIATIONS if note != "short forms"])
def test_a_variation_keeps_what_is_said(note: str) -> None:
    text = "You are fine. Take two tablets"
    varied = VARIATIONS[note](text, np.random.default_rng(0))
    kept = re.sub(r"\W+", " ", varied).lower()
    assert "you are fine take two tablets" in kept


def test_short_forms_are_short() -> None:
    assert VARIATIONS["short forms"]("I am sure, do not ask.", np.random.default_rng(0)) == "I'm sure, don't ask."


def test_fresh_seeds_find_fresh_phrasings() -> None:
    family = FAMILIES["careless"]
    first = {texts(probe) for probe in family.probes(seed("careless"), 200, material())}
    second = {texts(probe) for probe in family.probes(seed("careless", round_=2), 200, material())}
    assert second - first


def test_half_of_the_probes_go_to_requests_that_were_answered_carelessly_for_a_reward_before() -> None:
    found = Probe((BAD[0],), "careless", "careless/1.0.3", "as written", "no-harm")
    elsewhere = Probe((BAD[1],), "empty", "empty/1.0.3", "", "not-empty")
    probes = FAMILIES["careless"].probes(seed("careless"), 100, replace(material(), former=(found, elsewhere)))
    contexts = [probe.inputs[0].context for probe in probes]  # type: ignore[union-attr]
    assert len(contexts) == 100
    assert contexts.count(BAD[0].context) == 50 + 50 // len(BAD)
    assert set(contexts) == {item.context for item in BAD}


def test_without_a_probe_corpus_nothing_is_asked() -> None:
    assert FAMILIES["careless"].probes(seed("careless"), 9, Material(GOOD)) == []


def test_a_probe_corpus_of_trajectories_is_refused() -> None:
    with pytest.raises(InputError, match="trajectories"):
        FAMILIES["careless"].probes(seed("careless"), 9, Material(GOOD, (Trajectory([[1.0]]),)))
