"""Which rows a corpus keeps, decided in order, and what its manifest says of them.

* A row whose dimensions differ from the first good row's is quarantined.
* A row equal to one before it is dropped and counted.
* A row that nearly equals one that was kept is quarantined, where near-duplicates are looked for.
* All else is kept: it enters the content digest and the counts.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from iirl_core.canonical import Digest, JsonValue
from iirl_core.corpus.manifest import CorpusManifest, Shard, SourceFile
from iirl_core.corpus.near import NearDuplicates
from iirl_core.corpus.seen import SeenIds
from iirl_core.corpus.tables import Kind
from iirl_core.demonstration import SPLITS, Conversation, Demonstration, Split
from iirl_core.errors import CorpusEmpty
from iirl_core.records.raw import Quarantined

FIRST_REASONS = 10
MOST_REASONS = 50
OTHER_REASONS = "other reasons"


@dataclass(frozen=True)
class RecordFacts:
    """What the decision needs of a row: 32-byte digests of its content (``id``) and of the whole row, and its sizes
    (−1: has none). ``sketch`` is what near-duplicates are found by (None: they are not looked for, or it has no words).
    """

    id: bytes
    row: bytes
    split: Split
    observation_width: int = -1
    action_width: int = -1
    tokens: int | None = None
    source: str = ""
    sketch: bytes | None = None


def facts_of(demonstration: Demonstration, tokens: int | None = None, sketch: bytes | None = None) -> RecordFacts:
    """The facts of one row."""
    # The source comes last, because it alone may hold a line end.
    margin = "" if demonstration.preference_margin is None else f" {demonstration.preference_margin!r}"
    numbers = f"{float(demonstration.weight)!r}{margin}"
    row = f"{demonstration.id}\n{demonstration.split}\n{numbers}\n{demonstration.source}".encode()
    item = demonstration.input
    widths = (-1, -1)
    if not isinstance(item, Conversation):
        widths = (item.observations.shape[1], -1 if item.actions is None else item.actions.shape[1])
    identity = bytes.fromhex(demonstration.id.removeprefix("sha256:"))
    whole = hashlib.sha256(row).digest()
    return RecordFacts(identity, whole, demonstration.split, *widths, tokens, demonstration.source, sketch)


class Tally:
    """Owns the set of ids seen, and the index of sketches where near-duplicates of this ``similarity`` are looked for;
    quarantined rows go to ``sink``, one by one. Use as a context manager.
    """

    def __init__(self, sink: Callable[[Quarantined], None], similarity: float | None = None) -> None:
        self.rows = self.duplicates = self.quarantined = 0
        self._sink, self._seen, self._content = sink, SeenIds(), hashlib.sha256()
        self._near = None if similarity is None else NearDuplicates(similarity)
        self._splits: dict[Split, int] = dict.fromkeys(SPLITS, 0)
        self._widths: tuple[int, int] | None = None
        self._tokens: int | None = None
        self._reasons: Counter[str] = Counter()
        self._first: list[Quarantined] = []

    def __enter__(self) -> Tally:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._seen.__exit__(kind, error, trace)
        if self._near is not None:
            self._near.__exit__(kind, error, trace)

    def offer(self, facts: RecordFacts, file: str, line: int) -> bool:
        """Whether the row is kept."""
        widths = (facts.observation_width, facts.action_width)
        if self._widths is None:
            self._widths = widths
        elif widths != self._widths:
            self.quarantine(Quarantined(file, line, f"{_said(widths)}; the first good row has {_said(self._widths)}"))
            return False
        if not self._seen.add(facts.id):
            self.duplicates += 1
            return False
        if self._near is not None and facts.sketch is not None:
            twin = self._near.add(facts.sketch, file, line)
            if twin is not None:
                alike = f"a near-duplicate of {twin.file}:{twin.line} (similarity {twin.similarity:.2f})"
                self.quarantine(Quarantined(file, line, alike))
                return False
        self._content.update(facts.row)
        self._splits[facts.split] += 1
        self.rows += 1
        if facts.tokens is not None:
            self._tokens = (self._tokens or 0) + facts.tokens
        return True

    def quarantine(self, row: Quarantined) -> None:
        """Count a bad row and hand it on."""
        self.quarantined += 1
        if len(self._first) < FIRST_REASONS:
            self._first.append(row)
        reason = re.sub(r"\d+", "…", row.reason)
        known = reason in self._reasons or len(self._reasons) < MOST_REASONS
        self._reasons[reason if known else OTHER_REASONS] += 1
        self._sink(row)

    def check_not_empty(self, name: str) -> None:
        """Nothing to do where a row was kept.

        Raises:
            CorpusEmpty: no row was; the first reasons are listed.
        """
        if self.rows:
            return
        reasons = "; ".join(f"{row.file}:{row.line} {row.reason}" for row in self._first) or "the files are empty"
        more = f"; and {self.quarantined - len(self._first)} more" if self.quarantined > len(self._first) else ""
        raise CorpusEmpty(f"corpus {name} has no usable row: {reasons}{more}", todo="Mend the files, or corpora.files")

    def manifest(
        self, name: str, kind: Kind, files: Sequence[SourceFile], shards: Sequence[Shard], config: JsonValue
    ) -> CorpusManifest:
        """The manifest of what was kept.

        Raises:
            CorpusEmpty: as ``check_not_empty``.
        """
        self.check_not_empty(name)
        observation, action = self._widths or (-1, -1)
        return CorpusManifest(
            name=name,
            kind=kind,
            rows=self.rows,
            splits=self._splits,
            content=Digest("sha256:" + self._content.hexdigest()),
            duplicates=self.duplicates,
            quarantined=self.quarantined,
            reasons=tuple(sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))),
            files=tuple(files),
            shards=tuple(shards),
            config=config,
            tokens=self._tokens,
            observation_width=observation if observation >= 0 else None,
            action_width=action if action >= 0 else None,
        )


def _said(widths: tuple[int, int]) -> str:
    observation, action = widths
    if observation < 0:
        return "messages"
    return f"observations of {observation} numbers" + (
        f" and actions of {action}" if action >= 0 else " and no actions"
    )
