"""Whether one corpus is what was left of another, row by row: nothing else changed, and what went is what was said."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from iirl_core.canonical import digest_json
from iirl_core.corpus.corpus import Corpus
from iirl_core.corpus.forgetting import FORGOT, forgot
from iirl_core.errors import Tampered


def check_left(left: Corpus, origin: Corpus) -> None:
    """Both are read once, a row group at a time; all ids are held in memory.

    Raises:
        Tampered: a row of ``left`` is none of ``origin``, or stands elsewhere, or is another; or those that went are
            not as many as its manifest says, or others.
    """
    name, told = left.manifest.name, forgot(left.manifest)
    stays = {one for table in left.batches() for one in table["id"].to_pylist()}
    gone: list[str] = []

    def kept() -> Iterator[pa.Table]:
        for table in origin.batches():
            mask = pa.array([one in stays for one in table["id"].to_pylist()], pa.bool_())
            gone.extend(table.filter(pc.invert(mask))["id"].to_pylist())
            yield table.filter(mask)

    if not _same(kept(), left.batches()):
        raise Tampered(f"corpus {name} holds other rows than {origin.manifest.digest[:19]} without what was forgotten")
    if told is None or len(gone) != told[1]:
        raise Tampered(f"of corpus {name} {len(gone)} records went", f"{told[1] if told else 0}")
    recorded = left.manifest.config
    said = recorded.get(FORGOT) if isinstance(recorded, dict) else None
    if not isinstance(said, dict) or said.get("ids") != digest_json(sorted(gone)):
        raise Tampered(f"of corpus {name} other records went than its manifest binds")


def _same(one: Iterator[pa.Table], other: Iterator[pa.Table]) -> bool:
    """Whether the rows are equal, in order, however they are cut."""
    mine = theirs = None
    while True:
        mine = _more(mine, one)
        theirs = _more(theirs, other)
        if mine is None or theirs is None:
            return mine is theirs
        length = min(len(mine), len(theirs))
        if not mine.slice(0, length).equals(theirs.slice(0, length)):
            return False
        mine, theirs = mine.slice(length), theirs.slice(length)


def _more(table: pa.Table | None, tables: Iterator[pa.Table]) -> pa.Table | None:
    """``table``, or where it holds no rows the next that does; None at the end."""
    while table is None or not len(table):
        table = next(tables, None)
        if table is None:
            return None
    return table
