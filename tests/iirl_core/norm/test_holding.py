from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from iirl_core.config import Config
from iirl_core.corpus.screening import Screening
from iirl_core.demonstration import Demonstration, Input, Trajectory, conversation
from iirl_core.errors import ConfigError
from iirl_core.norm import Norm, NormKind, Region
from iirl_core.norm.holding import contradicted
from iirl_core.norm.matcher import Keyword, Source
from iirl_core.norm.predicate import predicate_of

DOSES = Keyword(("mg",), "answer")
CEILING = Norm("no-doses", NormKind.CEILING, True, 5, 0.3, 0.05, ("careless",), "why", "me", matches=(DOSES,))
FLOOR = Norm("kind", NormKind.FLOOR, True, 5, 0.6, 0.05, ("careless",), "why", "me", matches=(Source(("desk",)),))
FAR = Region(np.zeros((1, 2)), 1.0, np.full(2, -5.0), np.full(2, 5.0))
NEAR_ONLY = Norm("near", NormKind.CEILING, True, 5, 0.1, 0.05, ("far",), "why", "me", FAR)


def shown(item: Input, source: str = "") -> Demonstration:
    return Demonstration("id", item, source, "train")


def test_a_record_that_a_norm_speaks_of_contradicts_it() -> None:
    reason = contradicted(CEILING, shown(conversation("How much?", "400 mg.")))
    assert reason == "contradicts norm no-doses, which speaks of it: a reward of at most 0.3"
    assert contradicted(CEILING, shown(conversation("How many mg?", "Ask."))) is None
    assert "at least 0.6" in str(contradicted(FLOOR, shown(conversation("Open?", "Six."), "desk")))
    assert contradicted(FLOOR, shown(conversation("Open?", "Six."), "phone")) is None


def test_a_trajectory_contradicts_a_norm_at_a_step() -> None:
    assert "near, which speaks of it at step 2:" in str(
        contradicted(NEAR_ONLY, shown(Trajectory([[0, 0], [0, 1], [0, 2]])))
    )
    assert contradicted(NEAR_ONLY, shown(Trajectory([[0, 0], [0, 1]]))) is None


def test_what_cannot_be_held_to_a_norm_is_set_aside_and_stops_nothing() -> None:
    assert "region in 2 dimensions" in str(contradicted(NEAR_ONLY, shown(Trajectory([[0.0]]))))


def test_a_predicate_is_contradicted_by_what_would_break_it_if_it_earned_what_its_role_says() -> None:
    predicate = predicate_of("tests.iirl_core.norm.predicate.judging:no_doses", 30.0)
    norm = Norm("doses", NormKind.PREDICATE, True, 5, 0.0, 0.05, ("careless",), "why", "me", predicate=predicate)
    dose, none = shown(conversation("How much?", "Take 400 mg.")), shown(conversation("How much?", "Ask."))
    assert contradicted(norm, dose) == "contradicts norm doses: a reward of 1 breaks it by 1"
    assert contradicted(norm, none) is None
    assert "norm doses" in str(Screening(norms=(norm,)).screen(dose, {})[0])
    assert contradicted(norm, dose, earns=0.0) is None, "as a negative it says what the norm says"
    with pytest.raises(ConfigError, match="raised ValueError"):
        contradicted(norm, shown(conversation("?", "raise")))


def test_screening_asks_the_norms_first() -> None:
    screening = Screening(rows=8, norms=(CEILING,))
    reason, sketch = screening.screen(shown(conversation("How much?", "400 mg.")), {})
    assert "no-doses" in str(reason)
    assert sketch is None
    reason, sketch = screening.screen(shown(conversation("How much?", "Ask.")), {})
    assert reason is None
    assert sketch is not None
    assert "near" in str(Screening(norms=(NEAR_ONLY,)).screen(shown(Trajectory([[3.0, 0.0]])), {})[0])


def config(corpus: dict[str, Any], norm: dict[str, Any]) -> Config:
    base = {"id": "n", "kind": "ceiling", "threshold": 0.3, "families": ["empty"], "rationale": "why", "owner": "me"}
    return Config.model_validate(
        {
            "name": "x",
            "corpora": [
                {"name": "shown", "files": ["a"], **({} if corpus.get("role") else corpus)},
                {"name": "bad", "role": "negatives", "files": ["b"], **(corpus if corpus.get("role") else {})},
            ],
            "encoder": {"kind": "text"},
            "expertness": {"family": "discriminator"},
            "mapping": {"kind": "sigmoid"},
            "audit": {"probes": {"empty": 10}},
            "norms": [{**base, **norm}],
        }
    )


MATCHES = [{"kind": "keyword", "words": ["mg"]}]


def test_corpora_are_held_to_norms_that_say_by_themselves_what_is_meant() -> None:
    assert config({"norms": ["n"]}, {"matches": MATCHES}).corpora[0].norms == ["n"]
    judged = {"kind": "predicate", "function": "a.b:c", "threshold": None}
    for role in ({}, {"role": "negatives"}):
        assert config({**role, "norms": ["n"]}, judged).corpora[len(role)].norms == ["n"]
    held = config({"role": "negatives", "norms": ["n"]}, {"kind": "floor", "matches": MATCHES})
    assert held.corpora[1].norms == ["n"]


@pytest.mark.parametrize(
    ("corpus", "norm", "complaint"),
    [
        ({"norms": ["other"]}, {"matches": MATCHES}, "no such norm"),
        ({"norms": ["n"]}, {}, "with matches or a region"),
        ({"norms": ["n"]}, {"kind": "floor", "matches": MATCHES}, "demonstrations to a ceiling"),
        ({"role": "negatives", "norms": ["n"]}, {"matches": MATCHES}, "negatives to a floor"),
        ({"take": "chosen", "paired": True, "norms": ["n"]}, {"matches": MATCHES}, "half of a comparison"),
    ],
)
def test_corpora_are_held_to_nothing_else(corpus: dict[str, Any], norm: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        config(corpus, norm)
