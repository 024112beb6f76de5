"""Twins: findings that nearly equal a worse one of the same norm. All are kept, but one of each is shown.

Answers to the same request are compared by their words (MinHash, ``corpus/near.py``), trajectories by the numbers of
the offending row and of its action. Nothing is encoded for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit.finding import Finding
from iirl_core.config.rows import ACTING, RowKind
from iirl_core.corpus.near import NearDuplicates, rows_of_band, sketch_of
from iirl_core.corpus.wording import words_of
from iirl_core.demonstration import Conversation, Trajectory
from iirl_core.encoder.rows import rows_of, sight_of, stretch_of

SIMILARITY = 0.6
"""Of two answers' shingles (Jaccard), from which on they are one finding to a reader: with shingles of
five words, one word in thirty may differ."""
DIGITS = 3
"""Significant digits of a state's numbers that two findings share."""


def twinned(findings: Sequence[Finding], rows: RowKind, window: int) -> tuple[Finding, ...]:
    """``findings``, worst first, each with the id of the worse one that it nearly equals ("" where there is none);
    ``rows`` and ``window`` are the encoder's, for trajectories.
    """
    twins: dict[str, str] = {}
    for norm in dict.fromkeys(finding.norm for finding in findings):
        texts, states = dict[str, Conversation](), dict[str, bytes]()
        for finding in findings:
            offender = finding.offender
            if finding.norm != norm:
                continue
            if isinstance(offender, Conversation):
                texts[finding.id] = offender
            else:
                states[finding.id] = _numbers(offender, finding.step, rows, window)
        twins |= _of_texts(texts) | _of_states(states)
    return tuple(replace(finding, twin=twins.get(finding.id, "")) for finding in findings)


def _of_texts(texts: Mapping[str, Conversation]) -> dict[str, str]:
    """Answers to one request that are alike: the words of a long request decide nothing."""
    twins, rows, same = {}, rows_of_band(SIMILARITY), dict[tuple[object, ...], str]()
    with NearDuplicates(SIMILARITY) as index:
        for line, (name, item) in enumerate(texts.items()):
            words = words_of(item.answer)
            first = same.setdefault((item.context, *words), name)
            if first != name:  # also answers without words, which have no sketch
                twins[name] = first
                continue
            twin = index.add(sketch, name, line) if (sketch := sketch_of(words, rows)) else None
            if twin is not None and texts[twin.file].context == item.context:
                twins[name] = twin.file
    return twins


def _of_states(states: Mapping[str, bytes]) -> dict[str, str]:
    seen: dict[bytes, str] = {}
    firsts = {name: seen.setdefault(numbers, name) for name, numbers in states.items()}
    return {name: first for name, first in firsts.items() if first != name}


def _numbers(trajectory: Trajectory, step: int, rows: RowKind, window: int) -> bytes:
    """What the row holds, with the next state in place of a change: of a small difference few digits mean anything."""
    sight, width = sight_of(rows, step, len(trajectory), window), trajectory.observations.shape[1]
    numbers = rows_of(stretch_of(trajectory, sight), rows, window)[step - sight.start]
    if rows == "changes":
        numbers = np.concatenate([numbers[:width], numbers[:width] + numbers[width:]])
    if trajectory.actions is not None and rows not in ACTING:  # a norm may look at what the reward does not
        numbers = np.concatenate([numbers, trajectory.actions[step]])
    size = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.maximum(np.abs(numbers.astype(np.float64)), 1e-12))))
    rounded: NDArray[np.float64] = np.round(numbers * size) / size + 0.0
    return rounded.tobytes()
