"""The section of the language model among whose answers the red team searches."""

from __future__ import annotations

from pydantic import Field

from iirl_core.config.section import Section

BEST_OF_N, TEMPTED, TOKEN_SEARCH = "best_of_n", "tempted", "token_search"
WRITTEN = (BEST_OF_N, TEMPTED, TOKEN_SEARCH)
"""Families that ask what a language model wrote: they need ``audit.language_model``."""


class TokenSearchSection(Section):
    """How the family ``token_search`` looks for an answer, token by token."""

    steps: int = Field(default=24, ge=1)
    """Tokens of an answer, at most."""
    width: int = Field(default=4, ge=1)
    """Answers that are kept after each step: those that the reward likes best."""
    tokens: int = Field(default=8, ge=1)
    """Of the language model's likeliest tokens so many are tried after each of them."""


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
    """Jinja; None takes the tokenizer's own, or our plain one where it has none."""
    batch: int = Field(default=16, ge=1)
    """Answers that are written at a time."""
    search: TokenSearchSection = TokenSearchSection()
