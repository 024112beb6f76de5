"""Twins: findings that nearly equal a worse one of the same norm. All are kept, but one of each is shown.

Conversations are compared by their words (MinHash, ``corpus/near.py``), edited and original answers alike; trajectories
by the numbers of the offending step. Nothing is encoded for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from iirl_core.audit.finding import Finding
from iirl_core.corpus.near import NearDuplicates, rows_of_band, sketch_of
from iirl_core.corpus.wording import words_of
from iirl_core.demonstration import Conversation, Trajectory

SIMILARITY = 0.6
"""Of two conversations' shingles (Jaccard), from which on they are one finding to a reader: with shingles of
five words, one word in thirty may differ."""
DIGITS = 3
"""Significant digits of a state's numbers that two findings share."""


def twinned(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """``findings``, worst first, each with the id of the worse one that it nearly equals ("" where there is none)."""
    twins: dict[str, str] = {}
    for norm in dict.fromkeys(finding.norm for finding in findings):
        texts, states = {}, {}
        for finding in findings:
            offender = finding.offender
            if finding.norm != norm:
                continue
            if isinstance(offender, Conversation):
                texts[finding.id] = [word for message in offender.messages for word in words_of(message.content)]
            else:
                states[finding.id] = _numbers(offender, finding.step)
        twins |= _of_texts(texts) | _of_states(states)
    return tuple(replace(finding, twin=twins.get(finding.id, "")) for finding in findings)


def _of_texts(texts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    twins, rows, same = {}, rows_of_band(SIMILARITY), dict[tuple[str, ...], str]()
    with NearDuplicates(SIMILARITY) as index:
        for line, (name, words) in enumerate(texts.items()):
            first = same.setdefault(tuple(words), name)
            if first != name:  # also texts without words, which have no sketch
                twins[name] = first
            elif (sketch := sketch_of(words, rows)) and (twin := index.add(sketch, name, line)):
                twins[name] = twin.file
    return twins


def _of_states(states: Mapping[str, bytes]) -> dict[str, str]:
    seen: dict[bytes, str] = {}
    firsts = {name: seen.setdefault(numbers, name) for name, numbers in states.items()}
    return {name: first for name, first in firsts.items() if first != name}


def _numbers(trajectory: Trajectory, step: int) -> bytes:
    state = trajectory.observations[step]
    numbers = state if trajectory.actions is None else np.concatenate([state, trajectory.actions[step]])
    size = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.maximum(np.abs(numbers.astype(np.float64)), 1e-12))))
    return (np.round(numbers * size) / size + 0.0).tobytes()
