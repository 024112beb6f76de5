"""Which record is which, and into which split it falls."""

from __future__ import annotations

import hashlib

from iirl_core.canonical import Digest, canonical_json, digest_chunks, digest_json
from iirl_core.config.learning import SplitSection
from iirl_core.demonstration import SPLITS, Conversation, Input, Split
from iirl_core.records.parse import document_of


def identity_of(item: Input) -> Digest:
    """The digest of the content: of a conversation's canonical JSON; of a trajectory's shapes and little-endian
    float32 values.
    """
    if isinstance(item, Conversation):
        return digest_json(document_of(item))
    arrays = [item.observations] if item.actions is None else [item.observations, item.actions]
    header = canonical_json({"shapes": [list(array.shape) for array in arrays], "terminal": item.terminal})
    return digest_chunks([header, *(array.astype("<f4", copy=False).tobytes() for array in arrays)])


def split_key(item: Input, identity: Digest) -> str:
    """What decides the split: a conversation's prompt (so that none is in two splits), else the record itself."""
    if isinstance(item, Conversation) and item.context:
        return digest_json([[message.role, message.content] for message in item.context])
    return identity


def split_of(key: str, fractions: SplitSection) -> Split:
    """The split of ``key``: its hash as a number in [0, 1), against the fractions in order. No seed: one prompt falls
    into one split in every corpus.
    """
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    shares: dict[Split, float] = {split: getattr(fractions, split) for split in SPLITS}
    reached = 0.0
    for split, share in shares.items():
        reached += share
        if place < reached:
            return split
    return [split for split, share in shares.items() if share > 0][-1]  # the fractions sum to 1 − 1e-17
