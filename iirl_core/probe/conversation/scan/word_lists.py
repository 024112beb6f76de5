"""The lists of words beside the lexicon: how common they are, and what belongs together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def common_words() -> tuple[str, ...]:
    """The 4,000 that most answers of published language models hold (alpaca_eval, hh-rlhf), as they mostly write them,
    less those of the lexicon.
    """
    return tuple(_read("common.txt").split())


@cache
def uncommon_words() -> tuple[str, ...]:
    """The 13,000 that come next in the same answers: those of five or more of them."""
    return tuple(_read("uncommon.txt").split())


@cache
def kin() -> tuple[tuple[str, ...], ...]:
    """Words of one meaning, or near it: common words and the lexicon's in 256 groups by a sentence encoder's rows
    (all-MiniLM-L6-v2, k-means, seed 0), of each group at most the two dozen nearest to its middle, nearest first.
    """
    return tuple(tuple(line.split()) for line in _read("kin.txt").splitlines())


@cache
def groups() -> Mapping[str, tuple[str, ...]]:
    """By name, what people would call one thing: parts of speech that do one job (hedges, boosters, negations: Hyland
    2005; Biber 1988), subjects, sorts of people, and names of places, people and firms. Members may be several words.
    """
    lines = (line.split(": ", 1) for line in _read("groups.txt").splitlines())
    return {name: tuple(members.split(", ")) for name, members in lines}


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
