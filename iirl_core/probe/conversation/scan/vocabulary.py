"""The vocabulary of a scan: features from the lexicon, from demonstrations and corpora, from the encoder's words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from iirl_core.demonstration import Conversation, Input
from iirl_core.probe.conversation.scan.edges import CLOSINGS, OPENINGS, REQUESTS
from iirl_core.probe.conversation.scan.feature import Feature, Place
from iirl_core.probe.conversation.scan.lexicon import INSIDE
from iirl_core.probe.conversation.scan.relations import relation_features
from iirl_core.probe.conversation.scan.scripts import SCRIPTS
from iirl_core.probe.conversation.scan.wholes import whole_features
from iirl_core.probe.conversation.scan.word_lists import common_words, groups, kin, uncommon_words

FREQUENT, EDGES = 40, 60
"""Words that are scanned for when they are gone; first and last words of answers that are scanned for at the edges."""
MEMBERS = 12
"""A class of words is scanned for where so many are known."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def vocabulary(items: Sequence[Input], words: Iterable[str]) -> tuple[Feature, ...]:
    """All features, one a place and name: of the lexicon, of what ``items`` say, of common words, of uncommon ones, of
    groups and their members, and of ``words`` that the encoder knows. The order is settled by the arguments alone.
    """
    answers = [item.answer for item in items if isinstance(item, Conversation)]
    said = [_WORD.findall(answer) for answer in answers]
    counts = Counter(word for line in said for word in line)
    members = [piece for group in groups().values() for piece in group]
    listed, own, common, uncommon, others = _each_new(
        dict.fromkeys(piece for pieces in INSIDE.values() for piece in pieces),
        [word for word in sorted(counts) if len(word) > 1],
        common_words(),
        dict.fromkeys((*uncommon_words(), *members)),
        sorted(set(words)),
    )
    together = [(f"words of {name}", group) for name, group in groups().items()]
    classes = _classes([*filter(_WORD.fullmatch, listed), *own, *common, *others])
    frequent = [word for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:FREQUENT]]
    starts = _edges([line[0] for line in said if line], OPENINGS)
    ends = _edges([f"{line[-1]}." for line in said if line], CLOSINGS)
    features = whole_features(frequent)
    features += relation_features(common)
    features += _placed("inside", [*_inside(listed, classes), *together])
    features += _placed("word", [(word, (word,)) for word in (*own, *common)])
    features += _placed("rare", [(piece, (piece,)) for piece in uncommon])
    features += _placed("rare", [(word, (_in_both_cases(word),)) for word in others])
    features += _placed("start", [(piece, (piece,)) for piece in starts])
    features += _placed("end", [(piece, (piece,)) for piece in ends])
    features += _placed("request", [*((piece, (piece,)) for piece in (*REQUESTS, *listed, *own)), *together])
    return tuple({feature.note: feature for feature in features}.values())


def _each_new(*lists: Iterable[str]) -> list[list[str]]:
    """Of each list what none before it holds, whatever the case."""
    known, found = set[str](), list[list[str]]()
    for words in lists:
        found.append([word for word in words if word.lower() not in known])
        known |= {word.lower() for word in found[-1]}
    return found


def _inside(listed: Sequence[str], classes: Mapping[str, tuple[str, ...]]) -> list[tuple[str, tuple[str, ...]]]:
    """Pieces of the lexicon, scripts, ``classes`` of words, topics of the lexicon, and words of one meaning."""
    found: list[tuple[str, tuple[str, ...]]] = [(piece.strip() or repr(piece)[1:-1], (piece,)) for piece in listed]
    found += [(name, (signs,)) for name, signs in SCRIPTS.items()]
    found += classes.items()
    topics = {topic: tuple(filter(_WORD.fullmatch, pieces)) for topic, pieces in INSIDE.items()}
    found += [(f"words of {topic}", words) for topic, words in topics.items() if words]
    return [*found, *((f"words like {members[0]}", members) for members in kin())]


def _in_both_cases(word: str) -> str:
    return word if word != word.lower() else f"{word} {word.title()}"


def _placed(place: Place, pieces: Iterable[tuple[str, tuple[str, ...]]]) -> list[Feature]:
    return [Feature(place, name, piece) for name, piece in pieces]


def _edges(found: Sequence[str], listed: Sequence[str]) -> list[str]:
    """Those of the lexicon, and those found most often."""
    common = [word for word, _ in Counter(sorted(found)).most_common(EDGES)]
    return list(dict.fromkeys([*listed, *common]))


def _classes(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Words of one ending, of one first letter, long ones, short ones, capitalised ones."""
    classes: dict[str, list[str]] = {}
    for word in words:
        for name in _belongs(word):
            classes.setdefault(name, []).append(word)
    return {name: tuple(members) for name, members in sorted(classes.items()) if len(members) >= MEMBERS}


def _belongs(word: str) -> list[str]:
    names = [f"words in -{word[-size:].lower()}" for size in (1, 2, 3) if len(word) > size + 1]
    names.append(f"words in {word[0].lower()}-")
    if len(word) >= 9:
        names.append("long words")
    if len(word) <= 3:
        names.append("short words")
    if word != word.lower():
        names.append("capitalised words")
    return names
