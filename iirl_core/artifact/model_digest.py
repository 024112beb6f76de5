"""What repairs of an artifact were made for: its model as training left it, to the byte."""

from __future__ import annotations

from iirl_core.artifact.files import CLASSIFIER_CONFIG
from iirl_core.artifact.manifest import Manifest
from iirl_core.canonical import Digest, JsonValue, digest_json


def model_digest(manifest: Manifest) -> Digest:
    """Of the encoder, the weights, the spaces and their units: all that says where a repair's numbers lie. Repairs
    change none of it, so a patched child has its parent's; a model of the same shapes has another.

    ``manifest`` lists the files under ``model/``.
    """
    files = {
        entry.path: entry.digest
        for entry in manifest.files
        if entry.path.startswith("model/") and entry.path != CLASSIFIER_CONFIG  # it tells whether there are patches
    }
    spread = manifest.calibration
    units: JsonValue = [list(spread.latent), list(spread.residual), spread.input]
    return digest_json([manifest.encoder, manifest.expertness, units, dict(files)])
