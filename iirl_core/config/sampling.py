"""Sections that say whose answers to which prompts are wanted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from iirl_core.config.section import Section

Split = Literal["train", "guard", "unseen"]


class SampleSection(Section):
    """``iirl sample``: one corpus of a policy's answers to the prompts of another corpus. The same policy, prompts and
    seed give the same answers, however many samplers there are.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """Of the corpus that is made. Name it in ``corpora``, without files, to learn from it."""
    model: str
    """The policy, a causal language model: a folder, a hub name, or a policy in the store by its name or digest."""
    prompts: str
    """A corpus of conversations in the store: each different prompt (what stands before the last answer) is asked. An
    answer falls into its prompt's split."""
    splits: list[Split] = Field(default=["train", "guard", "unseen"], min_length=1)
    """Which splits' prompts are asked."""
    limit: int | None = Field(default=None, ge=1)
    """Ask only the first so many."""
    per_prompt: int = Field(default=1, ge=1)
    """Answers to each prompt. Equal ones are as many records: the corpus is a sample of what the policy says."""
    temperature: float = Field(default=1.0, ge=0)
    """0: always the likeliest token."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Only the likeliest tokens that together have this probability are drawn from."""
    max_new_tokens: int = Field(default=256, ge=1)
    """Longer answers are cut off, and counted."""
    sampled: Literal["fixed", "moving"] = "fixed"
    """``moving``: the policy is updated between samples; what is learnt from them is *policy-adaptive*, not
    *frozen-policy*."""
    chat_template: str | None = None
    """Jinja, as ``encoder.chat_template``, and it must write the last question, too. None takes the tokenizer's
    own, or our plain one where it has none."""
    engine: Literal["transformers", "vllm"] = "transformers"
    """``vllm`` (GPUs and the extra ``vllm`` on them, or its build for CPUs) samples faster, with seeds of its own:
    other answers than ``transformers`` where they are drawn, the same again only on the same machines and version."""
    batch: int = Field(default=16, ge=1)
    """Answers that a sampler writes at a time; ``vllm`` has up to eight batches of so many under way."""
    samplers: int = Field(default=1, ge=1)
    """At most so many actors, each with the policy in its memory."""
    cpus_per_sampler: float = Field(default=1.0, gt=0)
    gpus_per_sampler: float = Field(default=0.0, ge=0)
    """Above 1: whole ones of one node, among which ``vllm`` splits the policy's weights. ``transformers`` computes on
    one, so more are refused."""

    @property
    def called(self) -> str:
        """The policy, in errors."""
        return f"sample.model {self.model!r}"

    @model_validator(mode="after")
    def _uses_its_gpus(self) -> SampleSection:
        if self.engine == "transformers" and self.gpus_per_sampler > 1:
            raise ValueError(
                f"gpus_per_sampler {self.gpus_per_sampler:g} with engine transformers, which computes on one GPU:"
                " at most 1, or engine vllm"
            )
        return self
