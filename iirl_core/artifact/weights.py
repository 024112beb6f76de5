"""A RewardModel ↔ files and documents: safetensors and JSON, never pickle.

model/                          where a stock classifier gives the signal: that classifier, a transformers folder, of
                                which the encoder is a part
model/encoder/                  else the encoder's own files (for text, a transformers folder)
model/expertness.safetensors    the family's parameters and buffers
model/spaces.safetensors        whitening and support
patches/                        the repairs, as lists
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from iirl_core.artifact.entries import Calibration
from iirl_core.artifact.golden import CONVERSATIONS
from iirl_core.artifact.manifest import Manifest
from iirl_core.artifact.model_digest import model_digest
from iirl_core.artifact.repair_files import repairs_of
from iirl_core.canonical import JsonValue
from iirl_core.config.expertness import Expertness as ExpertnessSection
from iirl_core.config.expertness import HeadSection
from iirl_core.encoder import load_encoder, save_encoder
from iirl_core.encoder.saving import LAYERS, document_of
from iirl_core.errors import ArtifactError, one_line
from iirl_core.expertness import build_expertness
from iirl_core.mapping import from_document
from iirl_core.reward_model import RewardModel, Spaces, Support, Whitening

_SECTION: TypeAdapter[ExpertnessSection] = TypeAdapter(ExpertnessSection)


@dataclass(frozen=True)
class SavedModel:
    """The encoder's document, and for text what the manifest says of the classifier."""

    encoder: dict[str, JsonValue]
    classifier: dict[str, JsonValue] | None


def save_model(model: RewardModel, folder: Path) -> SavedModel:
    """Write weights into ``folder/model``. Equal models write equal bytes."""
    saved = _save_encoder(model, folder / "model")
    spaces = model.spaces
    tensors = {
        "bottleneck.mean": spaces.bottleneck.mean,
        "bottleneck.matrix": spaces.bottleneck.matrix,
        "whole.mean": spaces.whole.mean,
        "whole.matrix": spaces.whole.matrix,
        "support.points": model.support.points,
    }
    for name, group in (("spaces", tensors), ("expertness", model.expertness.state_dict())):
        copies = {key: tensor.detach().clone().contiguous() for key, tensor in group.items()}
        save_file(copies, folder / "model" / f"{name}.safetensors")
    return saved


def _save_encoder(model: RewardModel, folder: Path) -> SavedModel:
    """As part of a stock classifier where one gives the signal, else by itself: its weights are stored once."""
    if model.encoder.kind == "trajectory":
        return SavedModel(save_encoder(model.encoder, folder / "encoder"), None)
    from iirl_core.classifier.saving import save_classifier  # transformers takes seconds to import: only for text

    if why := save_classifier(model, folder, CONVERSATIONS):
        return SavedModel(save_encoder(model.encoder, folder / "encoder"), {"folder": None, "why": why})
    return SavedModel(document_of(model.encoder, within=True), {"folder": "model", "gives": "the unpatched signal"})


def calibration_of(model: RewardModel) -> Calibration:
    """The numbers of the model that the manifest shows."""
    spaces = model.spaces
    return Calibration(
        mapping=dict(model.mapping.document()),
        support_scale=float(model.support.scale),
        latent=tuple(spaces.latent.tolist()),
        residual=tuple(spaces.residual.tolist()),
        input=float(spaces.input),
    )


def load_model(folder: Path, manifest: Manifest, *, trust_remote_code: bool) -> RewardModel:
    """Rebuild the model that the manifest describes from the files in ``folder``, which were verified before.

    Raises:
        ArtifactError: files and documents do not fit together, or repairs were made for another model.
    """
    place = folder / "model" if LAYERS in manifest.encoder else folder / "model" / "encoder"
    encoder = load_encoder(place, manifest.encoder, trust_remote_code=trust_remote_code)
    try:
        weights = load_file(folder / "model" / "expertness.safetensors")
        section = _as_trained(_SECTION.validate_python(manifest.expertness), weights)
        expertness = build_expertness(section, encoder.width)
        expertness.load_state_dict(weights)
        tensors = load_file(folder / "model" / "spaces.safetensors")
        calibration = manifest.calibration
        spaces = Spaces(
            Whitening(tensors["bottleneck.mean"], tensors["bottleneck.matrix"]),
            Whitening(tensors["whole.mean"], tensors["whole.matrix"]),
            torch.tensor(calibration.latent),
            torch.tensor(calibration.residual),
            torch.tensor([calibration.input]),
        )
        support = Support(tensors["support.points"], calibration.support_scale)
    except (ValidationError, KeyError, RuntimeError, OSError, SafetensorError) as error:
        raise ArtifactError(
            f"the weights of {manifest.name} {manifest.version} do not fit ({one_line(error)})"
        ) from error
    mapping = from_document(cast(JsonValue, calibration.mapping))
    return RewardModel(
        encoder, expertness, mapping, spaces, support, repairs=repairs_of(folder, model_digest(manifest))
    )


def _as_trained(section: ExpertnessSection, weights: Mapping[str, Tensor]) -> ExpertnessSection:
    """With as many units as the weights have, where the section leaves that open: the default was another once."""
    if not isinstance(section, HeadSection) or section.hidden is not None:
        return section
    return section.model_copy(update={"hidden": weights["head"].shape[1]})
