"""What an artifact's model is, to the byte, whatever repairs stand beside it."""

from __future__ import annotations

from iirl_core.artifact.files import CLASSIFIER_CONFIG
from iirl_core.artifact.manifest import Manifest
from iirl_core.canonical import Digest, JsonValue, digest_json


def model_digest(manifest: Manifest) -> Digest:
    """What repairs were made for: of the encoder, the weights, the spaces and their units, all that says where a
    repair's numbers lie. Repairs change none of it, so a patched child has its parent's; a model of the same shapes has
    another.

    ``manifest`` lists the files under ``model/``.
    """
    spread = manifest.calibration
    units: JsonValue = [list(spread.latent), list(spread.residual), spread.input]
    return digest_json([manifest.encoder, manifest.expertness, units, dict(_files(manifest))])


def encoder_digest(manifest: Manifest) -> Digest:
    """Of the encoder, and of the weights beside it: artifacts of which it is the same encode alike."""
    return digest_json([manifest.encoder, dict(_files(manifest))])


def _files(manifest: Manifest) -> dict[str, Digest]:
    """Of the model, by path; but what a classifier's configuration says of patches is nothing of the model's."""
    return {
        entry.path: entry.digest
        for entry in manifest.files
        if entry.path.startswith("model/") and entry.path != CLASSIFIER_CONFIG
    }
