"""JSON files: a list of records, or records one after another, decoded one at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator

from iirl_core.errors import one_line
from iirl_core.records.lines import cut_lines, decode_chunk
from iirl_core.records.opening import blocks_of
from iirl_core.records.raw import Quarantined, RawRecord, RecordFile

MAX_VALUE_CHARACTERS = 64 << 20
_DECODER = json.JSONDecoder()


def read_json(file: RecordFile) -> Iterator[RawRecord | Quarantined]:
    """The elements of a top-level list, or the values of a file without one (so also JSON Lines named ``.json``).

    A value that cannot be decoded ends a list: nothing tells where the next one begins.
    """
    text = _Text(file)
    start = text.skip(0, " \t\r\n")
    in_list = text.buffer[start : start + 1] == "["
    if not in_list and _is_lines(text.buffer[start:]):
        for chunk in cut_lines(file):
            yield from [chunk] if isinstance(chunk, Quarantined) else decode_chunk(file, chunk)
        return
    position, line = start + in_list, 0
    while True:
        position = text.skip(position, " \t\r\n," if in_list else " \t\r\n")
        if position >= len(text.buffer):
            if text.broken or in_list:
                yield Quarantined(file.name, line + 1, f"the file breaks off here ({text.broken or 'no closing ]'})")
            return
        if in_list and text.buffer[position] == "]":
            return
        line += 1
        try:
            value, position = text.value(position)
        except (ValueError, RecursionError) as error:
            what, why = (
                ("the file breaks off here", text.broken) if text.broken else ("malformed JSON", one_line(error))
            )
            yield Quarantined(file.name, line, f"{what} ({why}); what follows was not read")
            return
        yield RawRecord(file.name, line, value)
        position = text.forget(position)


class _Text:
    """A window on a file's text that grows as values need it."""

    def __init__(self, file: RecordFile) -> None:
        self.buffer = ""
        self.broken = ""
        self._blocks = blocks_of(file)
        # Undecodable bytes become surrogates, which the Message that holds them refuses: one row is lost, not the file.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
        self._ended = False

    def skip(self, position: int, characters: str) -> int:
        """The first position not in ``characters``, reading on as needed."""
        while True:
            while position < len(self.buffer) and self.buffer[position] in characters:
                position += 1
            if position < len(self.buffer) or not self._grow():
                return position

    def value(self, position: int) -> tuple[object, int]:
        """The value at ``position`` and where it ends."""
        while True:
            try:
                return _DECODER.raw_decode(self.buffer, position)
            except json.JSONDecodeError:
                if len(self.buffer) - position > MAX_VALUE_CHARACTERS or not self._grow(len(self.buffer) - position):
                    raise

    def forget(self, position: int) -> int:
        """Drop what was read; returns where ``position`` is now. Rarely, since it copies the rest."""
        if position < len(self.buffer) // 2:
            return position
        self.buffer = self.buffer[position:]
        return 0

    def _grow(self, at_least: int = 1) -> bool:
        """Read on by at least ``at_least`` characters (so that long values are not decoded again and again)."""
        grown = []
        while at_least > 0 and not self._ended:
            try:
                text = self._decoder.decode(next(self._blocks))
            except StopIteration:
                self._ended, text = True, self._decoder.decode(b"", final=True)
            except OSError as error:
                self._ended, self.broken, text = True, one_line(error), ""
            grown.append(text)
            at_least -= len(text)
        self.buffer += "".join(grown)
        return any(grown)


def _is_lines(text: str) -> bool:
    first, separator, rest = text.partition("\n")
    if not separator or not rest.strip():
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False
