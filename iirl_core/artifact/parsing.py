"""``manifest.json`` → Manifest, strictly: what is not exactly as we write it is not trusted."""

from __future__ import annotations

from typing import cast

from iirl_core.artifact.entries import Calibration, CorpusEntry, FileEntry, Golden, GuardEntry
from iirl_core.artifact.manifest import FORMER, SCHEMA, Manifest
from iirl_core.artifact.provenance import Mode, Supervision
from iirl_core.encoder.protocol import ArtifactKind
from iirl_core.errors import ArtifactError, Tampered
from iirl_core.signing.fields import Fields
from iirl_core.unlearning.forgotten import Forgotten


def parse_manifest(data: bytes) -> Manifest:
    """The inverse of ``Manifest.bytes``.

    Raises:
        ArtifactError: the schema is another version's.
        Tampered: a field is missing or of another type, or the bytes are not the canonical ones.
    """
    fields = Fields.parse("manifest.json", data)
    schema = fields.document.get("schema")
    if schema not in (FORMER, SCHEMA):
        raise ArtifactError(
            f"manifest.json has schema {schema!r}",
            f"{FORMER} or {SCHEMA}",
            "Open it with the version of iirl that made it",
        )
    manifest = _manifest(fields)
    if manifest.bytes() != data:
        raise Tampered("manifest.json is not in canonical form, or holds fields of nobody's")
    return manifest


def _manifest(fields: Fields) -> Manifest:
    supervision, model = fields.inner("supervision"), fields.inner("model")
    kind = fields.text("kind")
    if kind not in ("conversation", "trajectory"):
        raise Tampered(f"manifest.json: kind is {kind!r}", "conversation or trajectory")
    try:
        mode, level = Mode(fields.text("mode")), Supervision(supervision.text("level"))
    except ValueError as error:
        raise Tampered(f"manifest.json: {error}") from error
    metrics = fields.inner("metrics")
    return Manifest(
        name=fields.text("name"),
        version=fields.text("version"),
        parent=fields.optional_digest("parent"),
        kind=cast(ArtifactKind, kind),
        mode=mode,
        supervision=level,
        human=supervision.flag("human"),
        files=tuple(
            FileEntry(item.text("path"), item.digest("digest"), item.integer("size")) for item in fields.inners("files")
        ),
        corpora=tuple(
            CorpusEntry(item.text("name"), item.text("role"), item.digest("digest"))
            for item in fields.inners("corpora")
        ),
        config=dict(fields.inner("config").document),
        environment=dict(fields.pairs("environment")),
        metrics={name: metrics.number(name) for name in metrics.document},
        encoder=dict(model.inner("encoder").document),
        expertness=dict(model.inner("expertness").document),
        calibration=_calibration(fields.inner("calibration")),
        terminal=None if fields.document.get("terminal") is None else fields.inner("terminal").text("states"),
        guard=_guard(fields.inner("guard")),
        patches=fields.integer("patches"),
        projections=fields.integer("projections") if "projections" in fields.document else 0,
        sculpts=fields.integer("sculpts") if "sculpts" in fields.document else 0,
        edits=fields.integer("edits") if "edits" in fields.document else 0,
        forgotten=Forgotten.from_fields(fields.inner("forgotten")) if "forgotten" in fields.document else None,
        golden=tuple(_golden(item) for item in fields.inners("golden")),
        classifier=dict(model.inner("classifier").document) if "classifier" in model.document else None,
    )


def _calibration(fields: Fields) -> Calibration:
    mapping, spread = fields.inner("mapping"), fields.inner("spread")
    numbers = {name: mapping.number(name) for name in mapping.document if name != "kind"}
    return Calibration(
        mapping={"kind": mapping.text("kind"), **numbers},
        support_scale=fields.number("support_scale"),
        latent=spread.numbers("latent"),
        residual=spread.numbers("residual"),
        input=spread.number("input"),
    )


def _guard(fields: Fields) -> GuardEntry:
    return GuardEntry(fields.digest("digest"), fields.integer("rows"), fields.integer("known_good"))


def _golden(fields: Fields) -> Golden:
    numbers = (fields.number(name) for name in ("signal", "reward", "uncertainty"))
    return Golden(dict(fields.inner("input").document), *numbers)
