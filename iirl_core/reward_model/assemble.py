"""From what training leaves behind to a RewardModel: calibrate the map, fit the spaces and the support."""

from __future__ import annotations

import torch
from torch import Tensor

from iirl_core.config.mapping import ExponentialSection
from iirl_core.encoder.protocol import Encoder
from iirl_core.errors import ConfigError
from iirl_core.expertness import Episodes, Expertness
from iirl_core.mapping import MappingSection, calibrate
from iirl_core.reward_model.model import CHUNK, RewardModel
from iirl_core.reward_model.spaces import Spaces
from iirl_core.reward_model.support import Support

SUPPORT_SAMPLES = 8192


def support_samples(z: Tensor, margin: float, count: int = SUPPORT_SAMPLES) -> Tensor:
    """``[count, D]`` uniform in the bounding box of ``z [N, D]`` widened on each side by ``margin`` times its extent;
    deterministic. What an exponential map is anchored at where there are no negatives.
    """
    low, high = z.min(dim=0).values, z.max(dim=0).values
    extent = high - low
    uniform = torch.rand(count, z.shape[1], generator=torch.Generator().manual_seed(0))
    return low - margin * extent + uniform * (1 + 2 * margin) * extent


@torch.no_grad()
def assemble(
    mapping: MappingSection,
    encoder: Encoder,
    expertness: Expertness,
    *,
    z_train: Tensor,
    z_guard: Tensor,
    z_contrast: Tensor | None,
) -> RewardModel:
    """The unpatched RewardModel of a trained ``expertness``.

    ``z_train [N, D]`` are the demonstrations of the train split (they fit whitening, spreads and support), ``z_guard
    [G, D]`` held-out ones (they calibrate map and support), ``z_contrast [K, D]`` negatives, or None for one class: an
    exponential map is then anchored at samples of the support. A family of whole episodes takes each part as a sample
    of one occupancy, and is anchored, for want of negatives, at episodes that are one of the demonstrations' rows over
    and over. Pure, and deterministic.

    Raises:
        ConfigError: there are no held-out demonstrations, a map other than an exponential has no contrast, or the
            anchors are inverted.
    """
    if len(z_train) == 0 or len(z_guard) == 0:
        raise ConfigError(
            f"{len(z_train)} training and {len(z_guard)} guard rows",
            "at least one of each",
            "Give corpora[].split a guard fraction, or more demonstrations",
        )
    expertness = expertness.float().eval()
    if z_contrast is None or len(z_contrast) == 0:
        if not isinstance(mapping, ExponentialSection):
            raise ConfigError(f"mapping: {mapping.kind} needs a contrast", "a corpus with the role negatives")
        still = z_train if expertness.whole_episodes else support_samples(z_train, mapping.support_margin)
        contrast = _signal(expertness, still, Episodes.single(len(still)))
    else:
        contrast = _signal(expertness, z_contrast, Episodes((len(z_contrast),)))
    calibrated = calibrate(mapping, _signal(expertness, z_guard, Episodes((len(z_guard),))), contrast)
    spaces = Spaces.fit(expertness, z_train)
    support = Support.fit(spaces.bottleneck.apply(z_train), spaces.bottleneck.apply(z_guard))
    return RewardModel(encoder, expertness, calibrated, spaces, support)


def _signal(expertness: Expertness, z: Tensor, episodes: Episodes) -> Tensor:
    """Signals ``[N]`` of rows, or ``[B]`` of whole episodes."""
    if not expertness.whole_episodes:
        return torch.cat([expertness.combined(expertness.signals(part)) for part in torch.split(z, CHUNK)])
    means, start = [], 0
    for some in episodes.chunks(CHUNK):
        rows = sum(some.lengths)
        credit = expertness.combined(expertness.credit(z[start : start + rows], some))
        means += [part.mean() for part in torch.split(credit, list(some.lengths))]
        start += rows
    return torch.stack(means)
