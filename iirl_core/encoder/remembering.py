"""An encoder that remembers: an audit asks about the same demonstrations and former findings round after round, and
patches change nothing of what they encode to.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from iirl_core.demonstration import Conversation, Input
from iirl_core.encoder.protocol import ArtifactKind, Encoded, Encoder
from iirl_core.encoder.words import words_of
from iirl_core.reading import TokenCount

Memory = dict[Conversation, tuple[Tensor, TokenCount | None]]


class RememberingEncoder:
    """Gives what ``encoder`` gave before, or another of the same weights, whose ``memory`` it takes on. Holds at most
    ``capacity`` conversations, forgetting the oldest first.

    Not for a verifier, which must take another path than the one that proposed.
    """

    def __init__(self, encoder: Encoder, capacity: int, memory: Memory | None = None) -> None:
        self.encoder, self.capacity = encoder, capacity
        self.memory: Memory = {} if memory is None else memory

    @property
    def kind(self) -> ArtifactKind:
        """The encoder's."""
        return self.encoder.kind

    @property
    def width(self) -> int:
        """The encoder's."""
        return self.encoder.width

    @property
    def words(self) -> tuple[str, ...]:
        """The encoder's."""
        return words_of(self.encoder)

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """As the encoder does; only what it did not encode before is encoded.

        Raises:
            InputError: as the encoder.
        """
        conversations = [item for item in inputs if isinstance(item, Conversation)]
        if len(conversations) < len(inputs) or not inputs:
            return self.encoder.encode(inputs)  # which says what it thinks of them
        known = {item: self.memory[item] for item in conversations if item in self.memory}
        new = [item for item in dict.fromkeys(conversations) if item not in known]
        if new:
            encoded = self.encoder.encode(new)
            learnt = dict(zip(new, zip(encoded.z.clone(), encoded.tokens, strict=True), strict=True))
            known |= learnt
            self._keep(learnt)
        rows, tokens = zip(*(known[item] for item in conversations), strict=True)
        return Encoded(torch.stack(rows), (1,) * len(rows), tokens)

    def _keep(self, learnt: dict[Conversation, tuple[Tensor, TokenCount | None]]) -> None:
        self.memory |= learnt
        for oldest in list(self.memory)[: max(0, len(self.memory) - self.capacity)]:
            del self.memory[oldest]
