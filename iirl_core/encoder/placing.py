"""Where an encoder computes."""

from __future__ import annotations

from iirl_core.encoder.protocol import Encoder


def place(encoder: Encoder, device: str) -> None:
    """Compute on ``device`` (torch's name of it) from now on; rows come back to the CPU, where all that follows is
    small. Standardising a trajectory costs less than moving it, so that stays where it is.

    Raises:
        RuntimeError: there is no such device.
    """
    if encoder.kind == "conversation":
        from iirl_core.encoder.ratio import RatioEncoder  # transformers takes seconds to import: only for text
        from iirl_core.encoder.text import TextEncoder

        if isinstance(encoder, RatioEncoder):
            for part in (encoder.sft, encoder.init):
                part.model.to(device)
            encoder = encoder.text
        if isinstance(encoder, TextEncoder):
            encoder.model.to(device)
