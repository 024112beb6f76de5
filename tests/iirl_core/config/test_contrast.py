"""A contrast casts corpora by their roles, and what cannot be cast is refused at the door."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from iirl_core.config import Config

ROLES = {"shown": "demonstrations", "initial": "init-samples", "fitted": "sft-samples", "bad": "negatives"}
FAMILIES = {"preference": "bradley_terry", "one-class": "autoencoder_mixture"}


def _config(contrast: str | None, *, family: str = "discriminator", without: str = "", **changes: object) -> Config:
    sides = {"demonstrations": "chosen", "negatives": "rejected"} if family == "bradley_terry" else {}
    corpora = [
        {"name": name, "role": role, "files": ["answers.jsonl"]}
        | ({"take": sides[role], "paired": True} if role in sides else {})
        for name, role in ROLES.items()
        if role != without
    ]
    document = {
        "name": "afd",
        "corpora": corpora,
        "contrast": contrast,
        "encoder": {"kind": "text"},
        "expertness": {"family": family},
        "mapping": {"kind": "exponential" if family == "autoencoder_mixture" else "sigmoid"},
        "audit": {"probes": {"empty": 10}},
    }
    return Config.model_validate(document | changes)


@pytest.mark.parametrize(
    ("contrast", "shown", "negatives"),
    [
        ("init-sft", ["fitted"], ["initial"]),
        ("init-demo", ["shown"], ["initial"]),
        ("sft-demo", ["shown"], ["fitted"]),
        ("preference", ["shown"], ["bad"]),
        ("one-class", ["shown"], []),
    ],
)
def test_one_configuration_serves_every_contrast(contrast: str, shown: list[str], negatives: list[str]) -> None:
    config = _config(contrast, family=FAMILIES.get(contrast, "discriminator"))
    assert [corpus.name for corpus in config.playing("demonstrations")] == shown
    assert [corpus.name for corpus in config.playing("negatives")] == negatives


@pytest.mark.parametrize(
    ("contrast", "family", "without", "reason"),
    [
        ("init-sft", "discriminator", "sft-samples", "init-sft needs a corpus with the role sft-samples"),
        ("init-demo", "joint", "init-samples", "init-demo needs a corpus with the role init-samples"),
        ("sft-demo", "joint", "demonstrations", "sft-demo needs a corpus with the role demonstrations"),
        ("preference", "bradley_terry", "negatives", "preference needs a corpus with the role negatives"),
        ("init-sft", "autoencoder_mixture", "", "init-sft is nothing that autoencoder_mixture learns from; expected"),
        ("init-demo", "bradley_terry", "", "init-demo is nothing that bradley_terry learns from"),
        ("preference", "discriminator", "", "expected bradley_terry"),
        ("one-class", "bradley_terry", "", "one-class is nothing that bradley_terry learns from"),
        ("one-class", "discriminator", "", "needs a corpus with the role negatives, or corrupted ones"),
        (None, "discriminator", "sft-samples", r"what initial \(init-samples\) plays is for a contrast to say"),
    ],
)
def test_a_contrast_that_cannot_be_drawn_is_refused(
    contrast: str | None, family: str, without: str, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        _config(contrast, family=family, without=without)


def test_one_class_lets_two_classes_be_made_of_demonstrations() -> None:
    config = _config("one-class", expertness={"family": "discriminator", "corrupted": {"mismatched": 1.0}})
    assert config.playing("negatives") == []


@pytest.mark.parametrize("train", [{"parent": "other"}, {"select": {"by": "random", "keep": 10}}])
def test_what_only_rewards_start_from_is_nothing_to_imitate_with(train: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="select and corrections are of reward models"):
        _config("init-sft", imitate={"model": "a", "train": train})
