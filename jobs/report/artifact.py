"""What the report says of the artifact: what it is made of, where it comes from, what it learnt from."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.artifact import Artifact, Manifest
from iirl_core.canonical import Digest
from iirl_core.corpus import read_corpus
from iirl_core.patch.repairs import counted
from iirl_core.report import Ancestor, ArtifactFacts, CorpusFacts
from iirl_core.store.protocol import Store
from jobs.lineage import lineage
from jobs.report.times import Times


def artifact_facts(store: Store, artifact: Artifact, times: Times) -> ArtifactFacts:
    """From the manifest, its ancestors' and its corpora's."""
    manifest = artifact.manifest
    ancestors = [
        Ancestor(one.digest, one.manifest.version, _made(one.manifest)) for one in lineage(store, artifact.digest)
    ]
    supervision = manifest.supervision.value + (" and human" if manifest.human else "")
    return ArtifactFacts(
        name=manifest.name,
        version=manifest.version,
        digest=artifact.digest,
        kind=manifest.kind,
        mode=manifest.mode.value,
        supervision=supervision,
        encoder=_words(manifest.encoder, ("kind", "rows", "model", "max_tokens", "truncation")),
        expertness=_words(manifest.expertness, ("family", "experts", "bottleneck", "hidden", "members", "combine")),
        mapping=_words(manifest.calibration.mapping, tuple(manifest.calibration.mapping)),
        created=times.sealed,
        lineage=tuple(reversed(ancestors[1:])),
        corpora=tuple(_corpus(store, entry.name, entry.role, entry.digest) for entry in manifest.corpora),
        forgotten="" if manifest.forgotten is None else str(manifest.forgotten),
    )


def _made(manifest: Manifest) -> str:
    if manifest.parent is None:
        return "trained"
    refitted = manifest.version.endswith(".0")  # a repair raises the last number, a re-fit the one before
    if refitted and manifest.forgotten is not None:
        return f"forgot {manifest.forgotten.records} records"
    return "re-fitted" if refitted else f"repaired: {counted(manifest.repairs) or 'none in effect'}"


def _words(document: object, keys: Sequence[str]) -> str:
    fields = document if isinstance(document, dict) else {}
    found = [fields[key] for key in keys if fields.get(key) is not None]
    named = [key for key in keys if fields.get(key) is not None]
    texts = [_text(value) for value in found]
    return ", ".join(
        text if key in ("kind", "family") else f"{key} {text}" for key, text in zip(named, texts, strict=True)
    )


def _text(value: object) -> str:
    if isinstance(value, dict):
        return _words(value, tuple(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _corpus(store: Store, name: str, role: str, digest: Digest) -> CorpusFacts:
    manifest = read_corpus(store, name, digest).manifest
    return CorpusFacts(name, role, manifest.rows, manifest.quarantined, digest)
