"""The section of imitation."""

from __future__ import annotations

from pydantic import Field, model_validator

from iirl_core.config.encoding import LoraSection
from iirl_core.config.section import Section
from iirl_core.config.training import OptimiserSection, TrainSection


class ImitationOptimiserSection(OptimiserSection):
    """As ``train.optimiser``, with a rate for weights that were trained before."""

    learning_rate: float = Field(default=2e-5, gt=0)


class ImitationTrainSection(TrainSection):
    """As the section ``train``, with other defaults of its own; each stays where another key is set."""

    epochs: int = Field(default=2, ge=1)
    batch: int = Field(default=32, ge=1)
    """Conversations per step over all workers."""
    sorted_together: int = Field(default=1, ge=1)
    """As in ``train``. By default nothing is sorted: a batch's loss is the mean over its own answers' tokens, so in
    batches of like length those of short answers would count for more than those of long ones."""
    optimiser: ImitationOptimiserSection = ImitationOptimiserSection()


class ImitateSection(Section):
    """``iirl imitate``: a causal language model learns the answers of the corpora with the role demonstrations, by
    maximum likelihood (the forward KL). It makes π_SFT of π_init, a policy in the store; ``iirl train`` does not read
    this section. Refused are prompts that other corpora with files (but ``probes`` and ``samples``) hold in guard or
    unseen, and those of ``evaluate.suites`` whose files are there.
    """

    model: str
    """π_init: a folder, a hub name, or a policy in the store by its name or digest."""
    name: str = Field(default="sft", pattern=r"^[a-z0-9][a-z0-9-]*$")
    """What the policy is called in the store."""
    max_tokens: int = Field(default=512, ge=8)
    """Longer conversations lose the start of their context first; an answer that is longer by itself loses its end."""
    chat_template: str | None = None
    """Jinja, as ``encoder.chat_template``, and it must write the last question, too. None takes the tokenizer's
    own, or our plain one where it has none. The policy keeps it."""
    lora: LoraSection | None = None
    """Trains adapters beside the linear layers alone (they bear a higher rate); None: all of the model's weights. An
    adapter at what gives the next token's logits is refused: its weights may be the embeddings'."""
    train: ImitationTrainSection = ImitationTrainSection()

    @model_validator(mode="after")
    def _takes_its_keys(self) -> ImitateSection:
        if self.train.held_out is not None:
            raise ValueError("imitate.train.held_out: imitation is judged on the guard split, before and after")
        if self.train.gpus_per_encoder is not None:
            raise ValueError("imitate.train.gpus_per_encoder: imitation encodes nothing; see gpus_per_worker")
        if self.train.head_epochs:
            raise ValueError("imitate.train.head_epochs: a policy has no head of its own")
        if self.train.parent is not None or self.train.select is not None or self.train.corrections is not None:
            raise ValueError(
                "imitate.train: parent, select and corrections are of reward models; what a policy starts from is model"
            )
        return self
