"""Encoders: inputs → rows z. One kind, one file."""

from __future__ import annotations

from collections.abc import Iterable

from iirl_core.config.encoding import TextEncoderSection, TrajectoryEncoderSection
from iirl_core.demonstration import Input
from iirl_core.encoder.placing import place as place
from iirl_core.encoder.protocol import ArtifactKind as ArtifactKind
from iirl_core.encoder.protocol import Encoded as Encoded
from iirl_core.encoder.protocol import Encoder as Encoder
from iirl_core.encoder.saving import load_encoder as load_encoder
from iirl_core.encoder.saving import save_encoder as save_encoder
from iirl_core.encoder.trajectory import fit_trajectory

EncoderSection = TextEncoderSection | TrajectoryEncoderSection


def fit_encoder(section: EncoderSection, inputs: Iterable[Input]) -> Encoder:
    """The encoder of a new model. ``inputs`` are the training demonstrations: a trajectory encoder fits its statistics
    on them (one pass, constant memory), a text encoder does not look at them.

    Raises:
        ConfigError: there is nothing to fit on, or the text model cannot be loaded.
        InputError: an input is of the other kind, or dimensions differ.
    """
    if isinstance(section, TrajectoryEncoderSection):
        return fit_trajectory(section, inputs)
    from iirl_core.encoder.text import fit_text  # transformers takes seconds to import: only for text

    return fit_text(section)
