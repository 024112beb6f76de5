"""An Artifact: a sealed RewardModel, loaded and found to be what its manifest says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from iirl_core.artifact.guard import Guard
from iirl_core.artifact.manifest import Manifest
from iirl_core.canonical import Digest
from iirl_core.demonstration import Conversation, Input, Trajectory
from iirl_core.reading import Reading
from iirl_core.records import parse_record
from iirl_core.reward_model import RewardModel

Item = Input | Mapping[str, object]
"""An input, or a record that ``parse_record`` takes: messages, prompt and response, observations and actions."""


@dataclass(frozen=True, eq=False)
class Artifact:
    """Named by ``digest``; ``folder`` holds its files. Immutable: a correction is a child with another digest.

    Example:
        >>> load("spatial-0.1.3").read([{"observations": [[0.0, 0.8, 0.0]]}])[0].reward  # doctest: +SKIP
        0.97
    """

    digest: Digest
    manifest: Manifest
    model: RewardModel
    guard: Guard
    folder: Path

    def read(self, items: Iterable[Item]) -> list[Reading]:
        """One Reading per item, in order.

        Raises:
            InputError: an item has none of the accepted shapes, or is of the other kind or dimension.
        """
        return self.model.read([_input_of(item) for item in items])


def _input_of(item: Item) -> Input:
    return item if isinstance(item, Conversation | Trajectory) else parse_record(item)
