"""From inputs to Scores: the Reading, how well that place was audited, and what the release makes of both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.artifact import Artifact
from iirl_core.audit import Coverage
from iirl_core.demonstration import Conversation, Input
from iirl_core.enforcement import enforce
from iirl_core.reading import Score
from serving.served import Served


class Scorer:
    """One loaded release. Called from one thread; what it says of an input does not depend on the batch."""

    def __init__(self, artifact: Artifact, coverage: Coverage, served: Served) -> None:
        self._model = artifact.model
        self._coverage = coverage
        self.served = served
        self.guard_distances = self._distances(artifact.guard.z)
        """Support distances of the guard set's rows, which those of requests are set beside."""

    @torch.no_grad()
    def score(self, inputs: Sequence[Input]) -> list[Score]:
        """One Score per input, in order. The encoder, which is what costs, runs once for reading and coverage.

        Raises:
            InputError: an input is of the other kind or dimension.
        """
        if not inputs:
            return []
        encoded = self._model.encoder.encode(inputs)
        readings = self._model.read_encoded(encoded)
        coverage = self._coverage.uncertainty(encoded.z)
        starts = accumulate(encoded.lengths[:-1], initial=0)
        drawn = [start + _step(item, count) for item, start, count in zip(inputs, starts, encoded.lengths, strict=True)]
        distances = self._distances(encoded.z[drawn]).tolist()
        scores, start = [], 0
        for reading, length, distance in zip(readings, encoded.lengths, distances, strict=True):
            # A trajectory is as well covered as its least covered step.
            uncertainty = float(coverage[start : start + length].max())
            start += length
            enforced = enforce(reading, uncertainty, self.served.thresholds, self.served.known_good)
            scores.append(
                Score(
                    reading=reading,
                    coverage_uncertainty=uncertainty,
                    drawn_distance=distance,
                    action=enforced.action,
                    delivered=enforced.delivered,
                    digest=self.served.digest,
                    release=self.served.release,
                    reasons=enforced.reasons,
                )
            )
        return scores

    @torch.no_grad()
    def _distances(self, z: Tensor) -> NDArray[np.float64]:
        distances = self._model.support.distance(self._model.spaces.bottleneck.apply(z))
        return distances.double().cpu().numpy()


def _step(item: Input, count: int) -> int:
    """One of an input's ``count`` rows, by its content alone."""
    return 0 if isinstance(item, Conversation) else crc32(item.observations.tobytes()) % count
