"""The HTTP bodies. Pydantic stands at this door; behind it there are only the core's frozen nouns.

Every number that leaves is finite: a NaN would fail here, as an error of ours, and never reach a trainer.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, FiniteFloat, JsonValue, Tag

from iirl_core.demonstration import Role


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class TextPart(_Body):
    """A part of a message, as OpenAI's clients write it."""

    type: Literal["text"]
    text: str


class MessageBody(_Body):
    """One turn."""

    role: Role
    content: str | list[TextPart]


class MessagesItem(_Body):
    """A conversation whose last message is the assistant's: that turn is scored."""

    messages: list[MessageBody]


class PromptItem(_Body):
    """One exchange."""

    prompt: str
    response: str


class TextItem(_Body):
    """A conversation written out in some model's chat template; parsed back into messages, or refused."""

    text: str


class TrajectoryItem(_Body):
    """``observations [T, obs]`` and, where the model needs them, ``actions [T, act]``."""

    observations: list[list[float]]
    actions: list[list[float]] | None = None
    terminal: bool = False


KINDS = {"messages": "messages", "prompt": "prompt", "response": "prompt", "text": "text", "observations": "trajectory"}


def _kind_of(item: object) -> str | None:
    """The tag of the first key that tells the kinds of item apart; None for what is none of them."""
    return next((KINDS[key] for key in item if key in KINDS), None) if isinstance(item, dict) else None


Item = Annotated[
    Annotated[MessagesItem, Tag("messages")]
    | Annotated[PromptItem, Tag("prompt")]
    | Annotated[TextItem, Tag("text")]
    | Annotated[TrajectoryItem, Tag("trajectory")],
    Discriminator(
        _kind_of,
        custom_error_type="item_kind",
        custom_error_message="expected messages, prompt and response, text, or observations",
    ),
]


class RewardsRequest(_Body):
    """``POST /v1/rewards``."""

    items: list[Item]
    model: str | None = None
    """NAME, NAME@CHANNEL or sha256:…; left out, the one that is served."""
    truncate: Literal["error", "allow"] = "error"
    """What to do with text longer than the encoder reads: refuse it (422), or score what is left and say so."""


class ReportsRequest(_Body):
    """``POST /v1/reports``: what a trainer found that the reward gets wrong; the next audit asks it."""

    items: list[Item]
    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
    """Why, in the trainer's words, on one line."""
    model: str | None = None
    """As in ``/v1/rewards``."""


class ReportsResponse(_Body):
    """Answer to ``POST /v1/reports``: how many items were kept. They are written within seconds."""

    kept: int


class ArtifactBody(_Body):
    """Which reward model answered, and on whose authority."""

    name: str
    version: str
    digest: str
    release: str
    audit: str


class EvidenceBody(_Body):
    """Why the numbers are what they are."""

    unpatched_reward: FiniteFloat
    reshaped: FiniteFloat
    suppressed: FiniteFloat
    boosted: FiniteFloat
    patches: list[str]
    disagreement: FiniteFloat
    support_distance: FiniteFloat
    gate: list[FiniteFloat]


class TokensBody(_Body):
    """How many tokens the encoder saw, and whether the text was cut to fit."""

    count: int
    truncated: bool


class RewardBody(_Body):
    """One item's Score."""

    index: int
    reward: FiniteFloat
    """What the reward model says, in [0, 1]."""
    step_rewards: list[FiniteFloat]
    """One per step of a trajectory, as ``reward`` is; empty for a conversation."""
    uncertainty: FiniteFloat
    coverage_uncertainty: FiniteFloat
    action: Literal["allow", "block", "escalate"]
    reasons: list[str]
    """Which thresholds of the release were crossed, in the order of enforcement."""
    delivered: FiniteFloat | None
    """What a trainer should learn from, after enforcement and β; null where the release refuses to say."""
    delivered_steps: list[FiniteFloat | None] | None
    """The same for each step by itself, for trainers that learn from steps; null with ``delivered``."""
    evidence: EvidenceBody
    tokens: TokensBody | None


class RewardsResponse(_Body):
    """Answer to ``POST /v1/rewards``; ``data`` is in the order of the items."""

    artifact: ArtifactBody
    data: list[RewardBody]


class GetRewardRequest(_Body):
    """OpenRLHF's ``POST /get_reward``: any number of queries, none included. Keys that it may grow are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    query: list[str]
    """Prompt and response in the policy's chat template, special tokens kept."""
    prompts: list[str | None] | None = None
    """The prompt part of each query."""
    labels: list[JsonValue] | None = None
    """Not used: the reward comes from the conversation alone."""


class GetRewardResponse(_Body):
    """``rewards`` feed the advantage, ``scores`` (0 to 1) the dynamic filter, ``extra_logs`` the run's charts."""

    rewards: list[FiniteFloat]
    scores: list[FiniteFloat]
    extra_logs: dict[str, list[FiniteFloat]]
    artifact: ArtifactBody


class ModelBody(_Body):
    """One entry of ``GET /v1/models``, in the form that OpenAI's clients list."""

    id: str
    object: Literal["model"] = "model"
    owned_by: Literal["iirl"] = "iirl"
    aliases: list[str]
    kind: str
    version: str
    digest: str
    release: str
    audit: str
    mode: str
    supervision: str


class ModelsResponse(_Body):
    """``GET /v1/models``: the one that is served."""

    object: Literal["list"] = "list"
    data: list[ModelBody]


class HealthResponse(_Body):
    """``GET /health``."""

    status: Literal["ok"]
    digest: str
