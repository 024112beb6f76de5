from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from iirl_core.config import Config

SELECT = {"near": "answers", "keep": 10}


def config(select: object = None, parent: str | None = "root", **changes: Any) -> Config:
    files = {"files": ["pairs.jsonl"], "paired": True}
    train: dict[str, Any] = {"batch": 8, "parent": parent, "select": select}
    document: dict[str, Any] = {
        "name": "child",
        "corpora": [
            {"name": "good", "take": "chosen", **files},
            {"name": "bad", "take": "rejected", "role": "negatives", **files},
            {"name": "answers", "role": "samples", "files": ["answers.jsonl"]},
        ],
        "encoder": {"kind": "text"},
        "expertness": {"family": "bradley_terry"},
        "mapping": {"kind": "sigmoid"},
        "train": train,
        "audit": {"probes": {}},
    }
    return Config.model_validate(document | changes)


def test_a_selection_is_by_number_share_or_threshold() -> None:
    keeps = [{"keep": 2000}, {"keep": 0.25}, {"threshold": 0.6}, {"keep": 5, "threshold": 0.6}]
    sections = [config({"near": "answers", **each}).train.select for each in keeps]
    assert [(each.keep, each.threshold) for each in sections if each] == [
        (2000, None),
        (0.25, None),
        (None, 0.6),
        (5, 0.6),
    ]
    assert config({"by": "random", "keep": 10}).train.select is not None
    assert config(SELECT | {"rounds": 3}).train.select is not None


@pytest.mark.parametrize(
    ("select", "changes", "reason"),
    [
        ({"near": "answers"}, {}, "Give keep or threshold"),
        (SELECT | {"keep": 1.0}, {}, "keep"),
        (SELECT | {"keep": 0}, {}, "keep"),
        (SELECT | {"by": "random"}, {}, "random looks at no sample"),
        ({"keep": 10}, {}, "0 corpora in near for 1 rounds"),
        ({"near": ["answers", "more"], "keep": 10, "rounds": 3}, {}, "2 corpora in near for 3 rounds"),
        ({"near": "good", "keep": 10}, {}, "good is no corpus with the role samples"),
        ({"near": "missing", "keep": 10}, {}, "missing is no corpus with the role samples"),
        (SELECT, {"parent": None}, "needs train.parent"),
        (SELECT, {"expertness": {"family": "discriminator"}}, "re-fit by Bradley–Terry"),
        (None, {"parent": "child"}, "what this run seals"),
        (SELECT, {"encoder": {"kind": "text", "tuning": "full"}}, "tuning: frozen"),
    ],
)
def test_a_selection_that_cannot_be_made_is_refused(select: object, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        config(select, **changes)


def test_an_occupancy_has_no_weights_to_start_from() -> None:
    with pytest.raises(ValidationError, match="measured anew"):
        config(
            corpora=[{"name": "walks", "files": ["walks.npz"]}],
            encoder={"kind": "trajectory", "rows": "changes"},
            expertness={"family": "occupancy"},
            mapping={"kind": "exponential"},
        )
