"""A decoded row → the Demonstrations that it holds, or the reason why it holds none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from iirl_core.canonical import digest_json
from iirl_core.config.corpora import CorpusSection, SplitSection
from iirl_core.corpus.identity import identity_and_key, identity_of, split_of
from iirl_core.corpus.tables import Kind
from iirl_core.demonstration import SPLITS, Conversation, Demonstration, Input, Split
from iirl_core.errors import InputError
from iirl_core.records.parse import Side, parse_comparison, parse_record
from iirl_core.records.raw import Quarantined, RawRecord
from iirl_core.records.segment import segments, shares


@dataclass(frozen=True)
class Admission:
    """What a corpus takes: inputs of one kind, of comparisons one side (``paired``: which remembers its comparison),
    trajectories cut to ``segment`` steps; ``sources`` multiply the weights of records that come from them. ``horizon``:
    that of absorbing states, which a trajectory split by its steps would keep no trace of; None where they are ignored.
    ``answered``: a conversation whose answer is empty shows nothing.
    """

    kind: Kind
    take: Side | None = None
    segment: int | None = None
    split: SplitSection = field(default_factory=SplitSection)
    paired: bool = False
    sources: Mapping[str, float] = field(default_factory=dict)
    horizon: int | None = None
    answered: bool = False


def admission_of(
    section: CorpusSection, kind: Kind, horizon: int | None = None, *, for_prompts: bool = False
) -> Admission:
    """The rules of a configured corpus for an encoder of ``kind``, with the ``horizon`` of its absorbing states.

    Demonstrations are ``answered``, but for sides of comparisons (to say nothing may be the better answer) and for
    corpora whose prompts a policy is asked (``for_prompts``).
    """
    answered = section.role == "demonstrations" and section.take is None and not for_prompts
    return Admission(
        kind, section.take, section.segment, section.split, section.paired, section.sources, horizon, answered
    )


def admit(row: RawRecord | Quarantined, stem: str, rules: Admission) -> Iterator[Demonstration | Quarantined]:
    """One demonstration (or one for each part of a trajectory), or one Quarantined. ``stem`` is the source of rows that
    name none.
    """
    if isinstance(row, Quarantined):
        yield row
        return
    try:
        if rules.paired:
            yield _side(row.document, stem, rules)
            return
        item = parse_record(row.document, rules.take)
        _check(item, rules)
        source, weight = _attributes(row.document, stem, rules)
        for part, split in _parts(item, rules):
            identity, key = identity_and_key(part)
            yield Demonstration(identity, part, source, split or split_of(key, rules.split), weight)
    except InputError as error:
        yield Quarantined(row.file, row.line, str(error).rstrip("."))


def _parts(item: Input, rules: Admission) -> Iterator[tuple[Input, Split | None]]:
    """What a record is cut into, each with its split, or None where its hash decides that.

    Raises:
        InputError: it ended by itself before the horizon, and its parts would not tell.
    """
    if isinstance(item, Conversation):
        yield item, None
    elif rules.split.by == "steps":
        fractions: list[float] = [getattr(rules.split, split) for split in SPLITS]
        found = [(part, split) for part, split in zip(shares(item, fractions), SPLITS, strict=True) if part is not None]
        if rules.horizon is not None and item.terminal and len(item) < rules.horizon and len(found) > 1:
            raise InputError(
                f"a trajectory that ended by itself after {len(item)} of {rules.horizon} steps",
                "split.by: record, or encoder.terminal: ignored: parts do not say that they end early",
            )
        yield from found
    else:
        yield from ((part, None) for part in segments(item, rules.segment))


def _side(document: object, stem: str, rules: Admission) -> Demonstration:
    """One side of a comparison. Whatever is wrong with one side is wrong with both, so no corpus holds half a pair."""
    told = parse_comparison(document)
    sides = (told.chosen, told.rejected)
    for side in sides:
        _check(side, rules)
    source, weight = _attributes(document, stem, rules)
    comparison = digest_json([identity_of(side) for side in sides])
    taken = told.chosen if rules.take == "chosen" else told.rejected
    _, key = identity_and_key(taken)
    return Demonstration(
        digest_json([comparison, rules.take]),
        taken,
        source,
        split_of(key if taken.context else comparison, rules.split),
        weight,
        comparison,
        told.preference_margin,
    )


def _check(item: Input, rules: Admission) -> None:
    kind = "conversation" if isinstance(item, Conversation) else "trajectory"
    if kind != rules.kind:
        raise InputError(f"a {kind}", f"a {rules.kind}, which is what the encoder reads")
    if isinstance(item, Conversation) and not any(message.content.strip() for message in item.messages):
        raise InputError("a conversation without any text")
    if isinstance(item, Conversation) and rules.answered and not item.answer.strip():
        raise InputError("an empty answer", "what a demonstrator said; other roles may be silent")


def _attributes(document: object, stem: str, rules: Admission) -> tuple[str, float]:
    """The record's own ``source`` or ``stem``; its own ``weight`` or 1, times its source's."""
    fields = document if isinstance(document, Mapping) else {}
    source, weight = fields.get("source"), fields.get("weight")
    if not isinstance(source, str) or not source:
        source = stem
    try:
        source.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError("source is not valid Unicode (an unpaired surrogate)") from error
    if weight is None:
        weight = 1.0
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise InputError(f"weight {weight!r}", "a finite number ≥ 0")  # Demonstration checks which
    try:
        return source, float(weight) * rules.sources.get(source, 1.0)
    except OverflowError as error:
        raise InputError("weight has hundreds of digits", "a finite number ≥ 0") from error
