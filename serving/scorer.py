"""From inputs to Scores: the Reading, how well that place was audited, and what the release makes of both."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from iirl_core.artifact import Artifact
from iirl_core.audit import Coverage
from iirl_core.demonstration import Input
from iirl_core.enforcement import enforce
from iirl_core.reading import Score
from serving.served import Served


class Scorer:
    """One loaded release. Called from one thread; what it says of an input does not depend on the batch."""

    def __init__(self, artifact: Artifact, coverage: Coverage, served: Served) -> None:
        self._model = artifact.model
        self._coverage = coverage
        self.served = served

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
        scores, start = [], 0
        for reading, length in zip(readings, encoded.lengths, strict=True):
            # A trajectory is as well covered as its least covered step.
            uncertainty = float(coverage[start : start + length].max())
            start += length
            enforced = enforce(reading, uncertainty, self.served.thresholds, self.served.known_good)
            scores.append(
                Score(
                    reading=reading,
                    coverage_uncertainty=uncertainty,
                    action=enforced.action,
                    delivered=enforced.delivered,
                    digest=self.served.digest,
                    release=self.served.release,
                    reasons=enforced.reasons,
                )
            )
        return scores
