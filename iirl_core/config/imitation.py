"""The section of imitation."""

from __future__ import annotations

from pydantic import Field, model_validator

from iirl_core.config.section import Section
from iirl_core.config.training import OptimiserSection, TrainSection


class ImitateSection(Section):
    """``iirl imitate``: a causal language model learns the answers of the corpora with the role demonstrations, by
    maximum likelihood (the forward KL). It makes π_SFT of π_init, a policy in the store; ``iirl train`` does not read
    this section.
    """

    model: str
    """π_init: a folder, a hub name, or a policy in the store by its name or digest."""
    name: str = Field(default="sft", pattern=r"^[a-z0-9][a-z0-9-]*$")
    """What the policy is called in the store."""
    max_tokens: int = Field(default=512, ge=8)
    """Longer conversations lose the start of their context first; an answer that is longer by itself loses its end."""
    chat_template: str | None = None
    """Jinja; None takes the tokenizer's own, or our plain one where it has none. The policy keeps it."""
    trust_remote_code: bool = False
    train: TrainSection = TrainSection(
        epochs=2, batch=32, optimiser=OptimiserSection(learning_rate=2e-5, warmup_steps=20)
    )
    """As the section ``train``, with other defaults: 2 epochs, batches of 32 conversations, a learning rate of 2e-5."""

    @model_validator(mode="after")
    def _takes_its_keys(self) -> ImitateSection:
        if self.train.held_out is not None:
            raise ValueError("imitate.train.held_out: imitation is judged on the guard split, before and after")
        if self.train.parent is not None or self.train.select is not None:
            raise ValueError(
                "imitate.train: parent and select are of reward models; what a policy starts from is model"
            )
        return self
