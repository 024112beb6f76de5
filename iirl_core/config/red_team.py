"""Sections of the optimisers that serve as auditors: those that train policies, and a language model among whose
answers the red team searches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from iirl_core.config.section import Section

BEST_OF_N, TEMPTED, TOKEN_SEARCH = "best_of_n", "tempted", "token_search"
WRITTEN = (BEST_OF_N, TEMPTED, TOKEN_SEARCH)
"""Families that ask what a language model wrote: they need ``audit.language_model``."""


class ArsSection(Section):
    """How the family ``policy`` trains policies on the reward: augmented random search (arXiv 1803.07055), which tries
    linear policies and hears one number for each episode. The algorithm may be left out.
    """

    algorithm: Literal["ars"] = "ars"
    environment: str
    """Gymnasium's id, such as Hopper-v4; observations and actions are those that the reward reads."""
    steps: int = Field(default=200_000, ge=1)
    """Of the environment, in each training."""
    horizon: int = Field(default=1000, ge=1)
    """Steps after which an episode is cut off."""
    directions: int = Field(default=8, ge=1)
    """Tried per update."""
    top: int = Field(default=4, ge=1)
    """Of them, those that count."""
    noise: float = Field(default=0.03, gt=0)
    step_size: float = Field(default=0.02, gt=0)
    pieces: int = Field(default=1, ge=1)
    """In which each episode is asked, each a probe of its own: a piece has one finding at most, its worst step. One
    for a family that scores whole episodes."""


class PpoSection(Section):
    """The same by proximal policy optimisation (arXiv 1707.06347), which improves a network and hears a reward for each
    step. The extra ``ppo`` brings it (stable-baselines3), with what is not said here as that has it.
    """

    algorithm: Literal["ppo"]
    environment: str
    """As above."""
    steps: int = Field(default=200_000, ge=1)
    """Of the environment, in each training: whole rollouts."""
    horizon: int = Field(default=1000, ge=2)
    """Steps of a rollout, after which an episode is cut off."""
    copies: int = Field(default=4, ge=1)
    """Of the environment, side by side in a rollout."""
    batch: int = Field(default=250, ge=2)
    """Steps per update; a rollout has ``horizon`` × ``copies``."""
    epochs: int = Field(default=10, ge=1)
    """How often a rollout is gone through."""
    learning_rate: float = Field(default=3e-4, gt=0)
    pieces: int = Field(default=1, ge=1)
    """As above."""


Optimiser = Annotated[ArsSection | PpoSection, Field(discriminator="algorithm")]


def by_ars(optimiser: object) -> object:
    """The optimiser that is meant where none is named."""
    return {"algorithm": "ars", **optimiser} if isinstance(optimiser, Mapping) else optimiser


class TokenSearchSection(Section):
    """How the family ``token_search`` looks for an answer, token by token."""

    steps: int = Field(default=24, ge=1)
    """Tokens of an answer, at most."""
    width: int = Field(default=4, ge=1)
    """Answers that are kept after each step: those that the reward likes best."""
    tokens: int = Field(default=8, ge=1)
    """Of the language model's likeliest tokens so many are tried after each of them."""
    fluency: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """What is kept is best in reward plus so many times the mean log probability of its tokens. 0: the reward alone
    decides, which may well like word salad best; the more, the nearer to what the language model would say."""


class LanguageModelSection(Section):
    """A causal language model that stays as it is; of what it says, the families ``best_of_n``, ``tempted`` and
    ``token_search`` ask what the reward likes best. Each scorer holds it in memory, in float32; no code that comes with
    it is run.
    """

    model: str
    """A folder, a hub name, or a policy in the store by its name or digest."""
    answers: int = Field(default=16, ge=2)
    """n: answers to each prompt, of which the best is asked about."""
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Only the likeliest tokens that together have this probability are drawn from."""
    max_new_tokens: int = Field(default=64, ge=1)
    """Longer answers are cut off."""
    chat_template: str | None = None
    """Jinja, as ``encoder.chat_template``, and it must write the last question, too. None takes the tokenizer's
    own, or our plain one where it has none."""
    batch: int = Field(default=16, ge=1)
    """Answers that are written at a time."""
    search: TokenSearchSection = TokenSearchSection()

    @property
    def called(self) -> str:
        """The policy, in errors."""
        return f"audit.language_model.model {self.model!r}"
