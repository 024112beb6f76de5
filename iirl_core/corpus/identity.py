"""Which record is which, and into which split it falls."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from iirl_core.canonical import Digest, canonical_json, digest_chunks, digest_json
from iirl_core.config.corpora import SplitSection
from iirl_core.demonstration import SPLITS, Conversation, Input, Message, Split, Trajectory


def identity_of(item: Input) -> Digest:
    """The digest of the content: of a conversation's messages, each after its role and its length in bytes; of a
    trajectory's shapes and little-endian float32 values.
    """
    return identity_and_key(item)[0]


def identity_and_key(item: Input) -> tuple[Digest, str]:
    """The identity, and what decides the split: a conversation's context (so that no prompt is in two splits), else
    the record itself. The context is a prefix of what the identity hashes, so that both cost one pass.
    """
    if not isinstance(item, Conversation):
        identity = _of_arrays(item)
        return identity, identity
    *context, (role, content) = [(message.role, message.content.encode()) for message in item.messages]
    state = hashlib.sha256(b"".join([b"%b %d\n%b" % (role.encode(), len(text), text) for role, text in context]))
    key = state.hexdigest()
    state.update(b"%b %d\n%b" % (role.encode(), len(content), content))
    identity = Digest("sha256:" + state.hexdigest())
    return identity, key if context else identity


def plain_identity(turns: Sequence[Message]) -> Digest:
    """A digest of ``turns`` in which case and white space do not count: what makes two prompts or answers the same."""
    return digest_json([[turn.role, " ".join(turn.content.casefold().split())] for turn in turns])


def split_key(item: Input, identity: Digest) -> str:
    """The second half of ``identity_and_key``, where the identity is known."""
    return identity_and_key(item)[1] if isinstance(item, Conversation) else identity


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


def _of_arrays(item: Trajectory) -> Digest:
    arrays = [item.observations] if item.actions is None else [item.observations, item.actions]
    header = canonical_json({"shapes": [list(array.shape) for array in arrays], "terminal": item.terminal})
    return digest_chunks([header, *(array.astype("<f4", copy=False).tobytes() for array in arrays)])
