"""Sections of the families of expertness: what is learnt, and by which loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from iirl_core.config.section import Fraction, Section


class PenaltySection(Section):
    """The members' mean signal less a multiple of their variance (UWO): where they disagree, the signal is low."""

    penalty: float = Field(gt=0)
    """λ. The variance is in squared units of the signal, so λ is in one over them: for signals that are logits, members
    that differ by a standard deviation of 2 nats take 4·λ nats away."""


Combine = Literal["mean", "min"] | PenaltySection


class MixtureSection(Section):
    """Gated mixture of autoencoders: recon = Σ_e w_e·dec_e(enc_e(z)), signal −MSE."""

    family: Literal["autoencoder_mixture"] = "autoencoder_mixture"
    experts: int | None = Field(default=None, ge=1)
    """Autoencoders; None: of 1, 2 and 4 the fewest whose held-out error is within a standard error of the best."""
    bottleneck: int | None = Field(default=None, ge=1)
    """Numbers that an expert passes a row through; None: of 1, 2, 4, 8 and 16 the fewest, likewise (together with
    ``experts``, where both are None), all narrower than the row. Held out are numbers of held-out rows, predicted from
    the others."""
    hidden: int = Field(default=64, ge=1)
    members: int = Field(default=1, ge=1)
    """Ensemble size M."""
    combine: Combine = "mean"
    """What the members' signals come to: their ``mean``, their ``min`` (WCO), or ``{penalty: λ}`` (UWO)."""
    length_debias: float = Field(default=0.0, ge=0)
    """Texts: weight of the squared correlation of signal and logarithm of the answer's tokens in a batch, added to the
    loss."""


class CorruptedSection(Section):
    """Negatives made of demonstrations, each kind as a share of all of them."""

    mismatched: Fraction = 0.0
    """Conversations: another record's answer."""
    empty: Fraction = 0.0
    """Conversations: no answer at all."""
    truncated: Fraction = 0.0
    """Conversations: the answer cut off in the middle."""
    shuffled: Fraction = 0.0
    """Conversations: the answer's words in another order."""
    repeated: Fraction = 0.0
    """Conversations: one sentence of the answer over and over."""
    time_reversed: Fraction = 0.0
    """Trajectories: from the last step to the first (encoder.rows: transitions, changes or windows)."""
    permuted: Fraction = 0.0
    """Trajectories: the steps in no order (encoder.rows: transitions, changes or windows)."""
    noised: Fraction = 0.0
    """Trajectories: with Gaussian noise of 0.5 to 2 of their own standard deviations."""

    def shares(self) -> dict[str, float]:
        """Those above 0, by name."""
        every = {name: float(getattr(self, name)) for name in type(self).model_fields}
        return {name: share for name, share in every.items() if share > 0}


CONVERSATIONS_ONLY = ("mismatched", "empty", "truncated", "shuffled", "repeated")
ORDER_ONLY = ("time_reversed", "permuted")
ORDERLESS = ("states", "state-actions")
"""Rows that look at one step, and see no order."""


class DiscriminatorSection(Section):
    """Demonstrations against negatives; signal = logit − log(n_E/n_neg)."""

    family: Literal["discriminator"] = "discriminator"
    hidden: int | None = Field(default=None, ge=0)
    """Units of each member's network; None: as many as a stock classifier has room for, which is the width of z by
    ``members``, at least 16, and with ``encoder.pooling: last`` none. 0: a line without a bias, for decoders."""
    members: int = Field(default=4, ge=1)
    combine: Combine = "mean"
    """What the members' signals come to: their ``mean``, their ``min`` (WCO), or ``{penalty: λ}`` (UWO)."""
    corrupted: CorruptedSection = CorruptedSection()
    length_debias: float = Field(default=0.0, ge=0)
    """Texts: weight of the squared correlation of signal and logarithm of the answer's tokens in a batch, added to the
    loss."""


class DiscountSection(Section):
    """β falls with time: ``discount`` to the power of t at step t of a trajectory, 1 at its first."""

    discount: float = Field(gt=0, le=1)


Strength = Annotated[float, Field(gt=0)]


class SourcesSection(Section):
    """β by the ``source`` of a record; of a negative made of a demonstration, by that one's."""

    sources: dict[str, Strength]
    otherwise: Strength = 1.0
    """β of records from elsewhere."""


Beta = Strength | DiscountSection | SourcesSection


class JointSection(Section):
    """IIRL's equation 2 itself: signal S and bounded map m learnt together on E_demonstrations[β(x,t)·m(S)] −
    E_negatives[β(x,t)·m(S)]; signal = logit m(S).
    """

    family: Literal["joint"] = "joint"
    hidden: int | None = Field(default=None, ge=0)
    """Units of each member's network; None: the width of z by ``members``, at least 16: as many as a stock classifier
    has room for. 0: a line without a bias."""
    members: int = Field(default=4, ge=1)
    combine: Combine = "mean"
    """What the members' signals come to: their ``mean``, their ``min`` (WCO), or ``{penalty: λ}`` (UWO)."""
    steps: int = Field(default=4, ge=1)
    """Sigmoids whose weighted sum is m."""
    beta: Beta = 1.0
    """The strength β with which a row is learnt: a constant, or a function of time, ``{discount: γ}``, or of the input,
    ``{sources: {NAME: β, …}, otherwise: β}``. Another number than ``release.thresholds.beta``, which scales what
    trainers receive, and set by itself."""
    saturation: float = Field(default=0.02, ge=0)
    """Weight of the penalty on (logit m)²: what keeps rewards off 0 and 1 while they are learnt."""
    corrupted: CorruptedSection = CorruptedSection()
    length_debias: float = Field(default=0.0, ge=0)
    """Texts: weight of the squared correlation of signal and logarithm of the answer's tokens in a batch, added to the
    loss."""


class BradleyTerrySection(Section):
    """Comparisons: −log σ(chosen − rejected − margin). Needs two corpora of the same files, ``paired``: one takes the
    chosen sides (role demonstrations), one the rejected (role negatives).
    """

    family: Literal["bradley_terry"] = "bradley_terry"
    hidden: int | None = Field(default=None, ge=0)
    """Units of each member's network; None: as many as a stock classifier has room for, which is the width of z by
    ``members``, at least 16, and with ``encoder.pooling: last`` none. 0: a line without a bias, for decoders."""
    members: int = Field(default=4, ge=1)
    combine: Combine = "mean"
    """What the members' signals come to: their ``mean``, their ``min`` (WCO), or ``{penalty: λ}`` (UWO)."""
    margin: float = Field(default=1.0, ge=0)
    """What a record's ``preference_margin`` is multiplied by; records without one have margin 0."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    """The share of comparisons that are taken to be the wrong way round."""
    centring: float = Field(default=0.01, ge=0)
    """Weight of the penalty on (chosen + rejected)²."""
    length_debias: float = Field(default=0.0, ge=0)
    """Texts: weight of the squared correlation of signal and logarithm of the answer's tokens in a batch, added to the
    loss."""


class OccupancySection(Section):
    """Trajectories as wholes: an episode's rows are to be distributed as the demonstrations' are; signal = minus the
    squared maximum mean discrepancy, a step's reward is its credit for the episode's. One class; learnt in one pass.
    """

    family: Literal["occupancy"] = "occupancy"
    features: int = Field(default=640, ge=1)
    """Random Fourier features, shared out evenly among the widths."""
    widths: list[float] = Field(default=[0.5, 1.0, 2.0, 4.0, 8.0], min_length=1)
    """Widths of the Gaussian kernels, in units of the demonstrations' root mean square distance from each other. Narrow
    ones see how an episode that is nearly right differs, wide ones which way to go from far off."""

    @field_validator("widths")
    @classmethod
    def _positive(cls, widths: list[float]) -> list[float]:
        if any(not 0 < width < float("inf") for width in widths):
            raise ValueError("widths are positive")
        return widths


class LogRatioSection(Section):
    """Texts: how much likelier an answer is to π_SFT than to π_init; signal = log π_SFT(y|x) − log π_init(y|x), summed
    over the answer's tokens. Nothing is trained: negatives only calibrate the map, and patches act where the text
    encoder has put the texts. The artifact holds both models.
    """

    family: Literal["log_ratio"] = "log_ratio"
    sft: str
    """π_SFT, a causal language model: a folder, a hub name, or a policy in the store by its name or digest."""
    init: str
    """π_init, likewise."""
    max_tokens: int = Field(default=512, ge=8)
    """What both models read of a conversation: longer ones lose the start of their context first; an answer that is
    longer by itself loses its end."""
    length_debias: Fraction = 0.0
    """How much is taken away of what goes with length: of the line through the demonstrations' signals over the
    logarithm of their answers' tokens. 1: all of it."""


HeadSection = DiscriminatorSection | JointSection | BradleyTerrySection
"""Families with small networks over z."""
EnsembleSection = MixtureSection | DiscriminatorSection | JointSection | BradleyTerrySection
"""Families that train members by a loss."""
Expertness = Annotated[
    MixtureSection | DiscriminatorSection | JointSection | BradleyTerrySection | OccupancySection | LogRatioSection,
    Field(discriminator="family"),
]


def beta_of(section: Expertness) -> Beta:
    """The strength of the section's rows; 1 for families without one."""
    return section.beta if isinstance(section, JointSection) else 1.0


def length_debias_of(section: Expertness) -> float:
    """The weight of ``length_penalty`` in the loss; 0 for families without one."""
    return section.length_debias if isinstance(section, EnsembleSection) else 0.0


def sees_whole_batches(section: Expertness) -> bool:
    """Whether the loss is more than a mean over rows: a difference of the means of both classes, or a correlation."""
    return isinstance(section, JointSection) or length_debias_of(section) > 0
