"""Surface: what a reader hardly notices. Slips of the keyboard, case, spacing, letters that only look alike."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from iirl_core.probe.conversation.edited import Edit, Edited, drawn, of_answer

_WORD = re.compile(r"[^\W\d_]{4,}")
LOOK_ALIKES = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")
"""Latin letters and the Cyrillic ones of the same shape (Unicode confusables, UTS 39)."""
SHARE = 0.08
"""Of the words that get a slip; at least one."""


def _slipped(text: str, rng: np.random.Generator, slip: Callable[[str, int], str]) -> str | None:
    words = list(_WORD.finditer(text))
    if not words:
        return None
    chosen = rng.choice(len(words), size=max(1, round(SHARE * len(words))), replace=False)
    for index in sorted(chosen.tolist(), reverse=True):
        word = words[index]
        place = int(rng.integers(1, len(word[0]) - 1))
        text = text[: word.start()] + slip(word[0], place) + text[word.end() :]
    return text


def _swapped(word: str, place: int) -> str:
    """From ``place`` on, the next two letters that differ; "aaaa" stays as it is."""
    order = [*range(place, len(word) - 1), *range(1, place)]
    place = next((here for here in order if word[here] != word[here + 1]), place)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _dropped(word: str, place: int) -> str:
    return word[:place] + word[place + 1 :]


def _doubled(word: str, place: int) -> str:
    return word[: place + 1] + word[place:]


def _slips(slip: Callable[[str, int], str]) -> Edit:
    return drawn(lambda text, rng: _slipped(text, rng, slip))


EDITS: dict[str, Edit] = {
    "letters swapped": _slips(_swapped),
    "letters dropped": _slips(_dropped),
    "letters doubled": _slips(_doubled),
    "lower case": of_answer(str.lower),
    "upper case": of_answer(str.upper),
    "double spaces": of_answer(lambda text: text.replace(" ", "  ")),
    "no-break spaces": of_answer(lambda text: text.replace(" ", "\u00a0")),
    "zero-width spaces": of_answer(lambda text: text.replace(" ", " \u200b")),
    "look-alike letters": of_answer(lambda text: text.translate(LOOK_ALIKES)),
    "typeset quotes": of_answer(lambda text: text.replace("'", "’").replace('"', "”")),
}
"""By note; each leaves what is said as it was."""
FAMILY = Edited("surface", EDITS)
