"""What a corpus says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from iirl_core.canonical import Digest, JsonValue, canonical_json, digest_json, folder_of
from iirl_core.corpus.tables import Kind
from iirl_core.demonstration import Split
from iirl_core.errors import Tampered


@dataclass(frozen=True)
class SourceFile:
    """A file that was ingested, by its last name (paths are a machine's own)."""

    name: str
    bytes: int
    digest: Digest


@dataclass(frozen=True)
class Shard:
    """A Parquet file of the corpus."""

    file: str
    rows: int
    digest: Digest


@dataclass(frozen=True)
class CorpusManifest:
    """``manifest.json``. The same input under the same configuration gives the same manifest, to the byte.

    ``content`` is the digest of the rows (id, source, split, weight) in order, however they are sharded;
    ``duplicates`` were dropped because an equal record came before; ``reasons`` counts quarantined rows by reason,
    numbers masked; ``tokens`` sums the column, None where nothing was counted; the widths are the trajectories'.
    """

    name: str
    kind: Kind
    rows: int
    splits: Mapping[Split, int]
    content: Digest
    duplicates: int
    quarantined: int
    reasons: tuple[tuple[str, int], ...]
    files: tuple[SourceFile, ...]
    shards: tuple[Shard, ...]
    config: JsonValue
    tokens: int | None = None
    observation_width: int | None = None
    action_width: int | None = None
    digest: Digest = field(init=False)
    """Of everything above; names the corpus' folder."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_json(self._body()))

    @property
    def folder(self) -> str:
        """The key prefix of the corpus in its store."""
        return f"corpora/{self.name}/{folder_of(self.digest)}"

    def _body(self) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {"schema": "iirl.corpus/1"}
        body |= {each.name: getattr(self, each.name) for each in fields(self) if each.name != "digest"}
        body["splits"] = {split: count for split, count in self.splits.items()}  # noqa: C416 (a JSON object, by type)
        body["reasons"] = [[reason, count] for reason, count in self.reasons]
        body["files"] = [asdict(each) for each in self.files]
        body["shards"] = [asdict(each) for each in self.shards]
        return body

    def document(self) -> dict[str, JsonValue]:
        """As JSON, the digest included."""
        return {**self._body(), "digest": self.digest}

    def to_bytes(self) -> bytes:
        """``manifest.json``."""
        return canonical_json(self.document()) + b"\n"


def manifest_from(document: object) -> CorpusManifest:
    """The inverse of ``document``.

    Raises:
        Tampered: it is no JSON object, a field is missing or unknown, or the digest does not hold.
    """
    if not isinstance(document, Mapping):
        raise Tampered(f"a corpus manifest of type {type(document).__name__}", todo="Ingest the corpus again")
    given = {name: value for name, value in document.items() if name not in ("schema", "digest")}
    try:
        given["reasons"] = tuple((reason, count) for reason, count in given["reasons"])
        given["files"] = tuple(SourceFile(**each) for each in given["files"])
        given["shards"] = tuple(Shard(**each) for each in given["shards"])
        manifest = CorpusManifest(**given)
        held = manifest.digest == document["digest"] and document["schema"] == "iirl.corpus/1"
    except (KeyError, TypeError, ValueError) as error:
        raise Tampered(f"a corpus manifest that cannot be read ({error})", todo="Ingest the corpus again") from error
    if not held:
        raise Tampered(f"the manifest of corpus {manifest.name} does not match its digest", todo="Ingest it again")
    return manifest
