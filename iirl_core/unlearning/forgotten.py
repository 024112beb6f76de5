"""Forgotten: what the manifest of an artifact that has forgotten records says of that."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.canonical import Digest, JsonValue
from iirl_core.errors import Tampered
from iirl_core.signing.fields import Fields
from iirl_core.unlearning.reach import Way
from iirl_core.unlearning.remains import NOTHING, Remains, Treatment


@dataclass(frozen=True)
class Forgotten:
    """What a manifest says of an artifact that has forgotten: how many ``records``, out of which ``corpora`` (by name:
    the digest of the one that held them), in which ``way`` and in how many ``epochs`` over what is left (0: none were
    needed); how many of the parent's repairs were ``dropped`` with it; of the ``guarded`` known-good inputs that are
    left, how many were ``overdrawn``, having lost more than their budget of what the artifact ``against`` gave them
    (None: the parent's guard set says), and what the worst of them ``keeps``; and what ``remains`` (None: nobody could
    tell).
    """

    records: int
    corpora: tuple[tuple[str, Digest], ...]
    way: Way
    epochs: int
    dropped: int
    guarded: int
    overdrawn: int
    keeps: float
    remains: Remains | None
    against: Digest | None = None

    def __str__(self) -> str:
        names = ", ".join(name for name, _ in self.corpora)
        how = "nothing in them depends on those" if self.way.exact else f"{self.epochs} epochs over what is left"
        told = "what remains was not measured"
        if self.remains is not None:
            told = (
                f"by the signal they are told from never-seen ones with an AUROC of {self.remains.after} (95%), before"
                f" with {self.remains.before}; a guess has {NOTHING}"
            )
        return f"{self.records} records of {names}; weights {self.way}: {how}; {told}"

    def document(self) -> dict[str, JsonValue]:
        """As JSON; ``from_fields`` is the inverse."""
        found = self.remains
        told: JsonValue = None
        if found is not None:
            told = {
                "forgotten": found.forgotten,
                "never": found.never,
                "before": dict(vars(found.before)),
                "after": dict(vars(found.after)),
            }
        return {
            "records": self.records,
            "corpora": {name: digest for name, digest in self.corpora},  # noqa: C416 (a JSON object, by type)
            "way": self.way.value,
            "epochs": self.epochs,
            "dropped": self.dropped,
            "guarded": self.guarded,
            "overdrawn": self.overdrawn,
            "keeps": self.keeps,
            "remains": told,
            **({} if self.against is None else {"against": self.against}),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Forgotten:
        """Strictly.

        Raises:
            Tampered: a field is missing or of another type.
        """
        try:
            way = Way(fields.text("way"))
        except ValueError as error:
            raise Tampered(f"manifest.json: {error}") from error
        corpora = fields.inner("corpora")
        told = None if fields.document.get("remains") is None else _remains(fields.inner("remains"))
        return cls(
            fields.integer("records"),
            tuple((name, corpora.digest(name)) for name in sorted(corpora.document)),
            way,
            fields.integer("epochs"),
            fields.integer("dropped"),
            fields.integer("guarded"),
            fields.integer("overdrawn"),
            fields.number("keeps"),
            told,
            fields.digest("against") if "against" in fields.document else None,
        )


def _remains(fields: Fields) -> Remains:
    before, after = (_of(fields.inner(name)) for name in ("before", "after"))
    return Remains(fields.integer("forgotten"), fields.integer("never"), before, after)


def _of(fields: Fields) -> Treatment:
    return Treatment(*(fields.number(name) for name in Treatment.__dataclass_fields__))
