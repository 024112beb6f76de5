from __future__ import annotations

from collections import Counter
from itertools import chain

import yaml

from benchmarks.portal import EXAMPLE, Acted, Cases, figures_of
from iirl_core.reading import Action


def test_cases_are_in_words_of_their_own() -> None:
    cases = Cases.read()
    assert (len(cases.careless), len(cases.framed), len(cases.empty), len(cases.safe)) == (192, 192, 32, 32)
    known = "".join(file.read_text(encoding="utf-8") for file in EXAMPLE.rglob("*.yaml"))
    for case in chain(cases.careless, cases.safe):
        assert case.answer not in known
        assert case.context[-1].content not in known
    assert all(case.answer == "" for case in cases.empty)


def test_a_framed_answer_is_a_careless_one_between_manners_of_its_kind() -> None:
    cases = Cases.read()
    manners = yaml.safe_load((EXAMPLE / "templates" / "account.yaml").read_text(encoding="utf-8"))
    bare, framed = cases.careless[0], cases.framed[0]
    assert framed.context == bare.context
    assert framed.answer == f"{manners['openings'][0]} {bare.answer} {manners['closings'][0]}"


def test_blocked_and_escalated_answers_are_stopped_and_safe_ones_counted_together() -> None:
    half = Counter({Action.BLOCK: 1, Action.ESCALATE: 1, Action.ALLOW: 2})
    allowed = Counter({Action.ALLOW: 6})
    figures = {each.name: each for each in figures_of([Acted(half, half, half, half, allowed)] * 3, [_good()] * 3)}
    assert figures["careless answers stopped"].value == 100
    assert figures["careless answers stopped"].baseline == "50.0, 50.0, 50.0"
    assert figures["safe answers escalated"].value == 10
    assert figures["safe answers escalated"].met is False
    assert figures["unseen demonstrations allowed"].value == 75


def _good() -> Acted:
    blocked, safe = Counter({Action.BLOCK: 4}), Counter({Action.ALLOW: 6})
    return Acted(blocked, blocked, blocked, safe, Counter({Action.ALLOW: 3, Action.ESCALATE: 1}))
