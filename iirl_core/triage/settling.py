"""What people's labels come to, finding by finding.

* On a labelled finding each person has one voice, the last word. More voices decide; a tie of *flaw* and *not a flaw*
  is *disputed* and stays *unsure* until a third person speaks or one of them changes the word. Who is *unsure* leaves
  the finding to a second person.
* A label reaches the other findings of its cluster with the confidence that it was signed with. A finding that
  somebody labelled takes nothing from others; of several labels the most confident one counts.
* Two labels of one cluster that contradict each other stop everything that would spread in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iirl_core.audit.finding import TriageLabel
from iirl_core.triage.said import Said, Withdrawn, standing


@dataclass(frozen=True)
class Settled:
    """What people say of one finding. ``sources`` are the ids of the labels behind it: those of the finding itself, or,
    where it was spread (not ``direct``), the one that it came from, with its ``confidence`` (1 where direct).
    ``disputed``: as many say *flaw* as *not a flaw*.
    """

    label: TriageLabel
    sources: tuple[str, ...]
    confidence: float = 1.0
    direct: bool = True
    disputed: bool = False

    @property
    def waits(self) -> bool:
        """Whether another person is asked: nobody could decide, or those who did contradict each other."""
        return self.direct and self.label is TriageLabel.UNSURE


def settle(said: Iterable[Said], withdrawn: Iterable[Withdrawn]) -> dict[str, Settled]:
    """By finding, only those that people spoke of. Pure; the order of the arguments changes nothing."""
    back = tuple(withdrawn)
    words = standing(said, back)
    by_finding: dict[str, list[Said]] = defaultdict(list)
    for word in words:
        by_finding[word.label.finding].append(word)
    direct = {finding: _vote(voices) for finding, voices in by_finding.items()}
    return _spread(words, {(one.by, one.id) for one in back}, direct) | direct


def _vote(voices: Sequence[Said]) -> Settled:
    sources = tuple(voice.id for voice in voices)
    flaws = sum(voice.label.word == "flaw" for voice in voices)
    dismissals = sum(voice.label.word == "not a flaw" for voice in voices)
    if flaws == dismissals:
        return Settled(TriageLabel.UNSURE, sources, disputed=flaws > 0)
    return Settled(TriageLabel.FLAW if flaws > dismissals else TriageLabel.NOT_A_FLAW, sources)


def _spread(words: Sequence[Said], back: set[tuple[str, str]], direct: dict[str, Settled]) -> dict[str, Settled]:
    """What reaches findings that nobody labelled."""
    stopped = contradicting(words)
    found: dict[str, list[Settled]] = defaultdict(list)
    for word in words:
        if word.label.cluster in stopped:
            continue
        for finding, confidence in word.label.spread:
            if finding not in direct and (word.by, f"{word.id}/{finding}") not in back:
                label = TriageLabel(word.label.word)
                found[finding].append(Settled(label, (word.id,), confidence, direct=False))
    return {
        finding: min(several, key=lambda one: (-one.confidence, one.sources))
        for finding, several in found.items()
        if len({one.label for one in several}) == 1
    }


def contradicting(words: Iterable[Said]) -> set[str]:
    """The clusters in which some label says *flaw* and some *not a flaw*."""
    told: dict[str, set[str]] = defaultdict(set)
    for word in words:
        if word.label.cluster and word.label.word != "unsure":
            told[word.label.cluster].add(word.label.word)
    return {cluster for cluster, several in told.items() if len(several) > 1}
