"""From columns of rows to the Reading of one input."""

from __future__ import annotations

from torch import Tensor

from iirl_core.mapping import Monotone
from iirl_core.reading import Evidence, Reading, TokenCount
from iirl_core.reward_model.rows import Rows


def disagreement_of(shaped: Monotone, signals: Tensor) -> Tensor:
    """``[M, N]``, each member's signals → ``[N]`` in [0, 1]: twice the deviation of the rewards that they come to."""
    if not signals.numel():  # the deviation of nothing, of which torch would warn
        return signals.new_zeros(signals.shape[1])
    return (2 * shaped.reward(signals).std(dim=0, correction=0)).clamp(max=1)


def reading_of(rows: Rows, patches: tuple[str, ...], tokens: TokenCount | None) -> Reading:
    """One input's rows: means over its steps, but the uncertainty of its most uncertain step."""
    evidence = Evidence(
        unpatched_reward=float(rows.unpatched.mean()),
        reshaped=float(rows.reshaped.mean()),
        suppressed=float(rows.suppressed.mean()),
        boosted=float(rows.boosted.mean()),
        patches=patches,
        disagreement=float(rows.disagreement.max()),
        support_distance=float(rows.support_distance.max()),
        gate=tuple(rows.gate.mean(dim=0).tolist()),
    )
    return Reading(
        signal=float(rows.signal.mean()),
        reward=float(rows.reward.mean()),
        uncertainty=float(rows.uncertainty.max()),
        evidence=evidence,
        step_rewards=tuple(rows.reward.tolist()) if tokens is None else (),
        tokens=tokens,
    )
