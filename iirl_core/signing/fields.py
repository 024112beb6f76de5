"""Reading a signed JSON document strictly: each field is there and of its type, or the document is not trusted."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Never, TypeVar

from iirl_core.canonical import Digest, JsonValue
from iirl_core.errors import Tampered

T = TypeVar("T", bound=str)

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 200
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether ``text`` is a whole digest, ``sha256:`` and 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True)
class Fields:
    """One JSON object; ``what`` names it in errors. Every method raises Tampered where the field is not as asked."""

    what: str
    document: Mapping[str, JsonValue]

    @staticmethod
    def parse(what: str, data: bytes) -> Fields:
        """From bytes."""
        try:
            return Fields.of(what, json.loads(data))
        except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are both ValueErrors
            raise Tampered(f"{what} is not JSON ({error})") from error

    @staticmethod
    def of(what: str, value: JsonValue) -> Fields:
        """From a decoded value."""
        if not isinstance(value, dict):
            raise Tampered(f"{what} is not a JSON object")
        return Fields(what, value)

    def text(self, name: str) -> str:
        """A string."""
        value = self.document.get(name)
        return value if isinstance(value, str) else self._refuse(name, "a string")

    def optional_text(self, name: str) -> str | None:
        """A string or null."""
        return None if self.document.get(name) is None else self.text(name)

    def digest(self, name: str) -> Digest:
        """A digest."""
        value = self.text(name)
        return Digest(value) if is_digest(value) else self._refuse(name, "a sha256 digest")

    def optional_digest(self, name: str) -> Digest | None:
        """A digest or null."""
        return None if self.document.get(name) is None else self.digest(name)

    def integer(self, name: str) -> int:
        """An integer ≥ 0."""
        value = self.document.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        return self._refuse(name, "an integer ≥ 0")

    def number(self, name: str) -> float:
        """A finite number."""
        value = self.document.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            with suppress(OverflowError):  # an integer of hundreds of digits
                if math.isfinite(value):
                    return float(value)
        return self._refuse(name, "a finite number")

    def numbers(self, name: str) -> tuple[float, ...]:
        """A list of finite numbers."""
        value = self.document.get(name)
        if isinstance(value, list):
            return tuple(Fields(f"{self.what}: {name}", {name: item}).number(name) for item in value)
        return self._refuse(name, "a list of numbers")

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.document.get(name)
        return value if isinstance(value, bool) else self._refuse(name, "true or false")

    def choice(self, name: str, among: tuple[T, ...]) -> T:
        """One of a few strings."""
        value = self.document.get(name)
        found = next((one for one in among if one == value), None)
        return found if found is not None else self._refuse(name, f"one of {', '.join(among)}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self.document.get(name)
        if isinstance(value, list):
            found = tuple(item for item in value if isinstance(item, str))
            if len(found) == len(value):
                return found
        return self._refuse(name, "a list of strings")

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """An object of strings, as pairs sorted by name."""
        inner = self.inner(name)
        return tuple((key, inner.text(key)) for key in sorted(inner.document))

    def inner(self, name: str) -> Fields:
        """An object inside."""
        return Fields.of(f"{self.what}: {name}", self.document.get(name))

    def inners(self, name: str) -> tuple[Fields, ...]:
        """A list of objects."""
        value = self.document.get(name)
        if isinstance(value, list):
            return tuple(Fields.of(f"{self.what}: {name}", item) for item in value)
        return self._refuse(name, "a list of objects")

    def _refuse(self, name: str, expected: str) -> Never:
        raise Tampered(f"{self.what}: {name} is {_SHORT.repr(self.document.get(name))}", expected)
