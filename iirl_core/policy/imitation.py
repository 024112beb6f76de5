"""Imitation: a causal language model learns the demonstrations' answers, token by token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoTokenizer, PreTrainedModel

from iirl_core.config.encoding import LoraSection
from iirl_core.config.imitation import ImitateSection
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from iirl_core.encoder.template import check_template
from iirl_core.encoder.tokenizer import check_tokenizer
from iirl_core.errors import ConfigError, one_line
from iirl_core.policy.reading import read_language_model
from iirl_core.tuning.lora import adapted, merged, target_modules


class Imitation(nn.Module):
    """``−E_{(x,y)~D_E}[log π(y|x)]``, per token of the answers: the forward KL of the demonstrator's answers from the
    policy's, up to a constant (AfD, arXiv 2405.15624, §3). What it leads to is π_SFT.
    """

    def __init__(
        self, model: PreTrainedModel, adapters: LoraSection | None = None, *, checkpointing: bool = False
    ) -> None:
        """``adapters``: only these are trained, fresh ones by torch's seed; ``model`` is changed in place."""
        super().__init__()
        if checkpointing:  # layers are computed again on the way back
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.model = (model if adapters is None else adapted(model, adapters)).train()

    def forward(self, ids: Tensor, mask: Tensor, starts: Tensor, weight: Tensor) -> Tensor:
        """The weighted mean over answer tokens of their negative log probability, in nats.

        ``ids [N, T]`` int64 and ``mask [N, T]`` (1 where a token is real), padded on the right; ``starts [N]`` is where
        each answer begins: neither the context is learnt, nor a first token that has nothing before it.
        """
        logits: Tensor = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        surprise = functional.cross_entropy(logits[:, :-1].float().transpose(1, 2), ids[:, 1:], reduction="none")
        answers = (torch.arange(1, ids.shape[1], device=ids.device) >= starts[:, None]) & (mask[:, 1:] > 0)
        counted = answers * weight[:, None]
        return (surprise * counted).sum() / counted.sum().clamp(min=1e-6)


def load_initial(section: ImitateSection, folder: Path) -> tuple[PreTrainedModel, Rendering]:
    """π_init from a local folder, and how conversations are put to it.

    Raises:
        ConfigError: there is no such causal language model, it takes fewer tokens than ``max_tokens``, the tokenizer is
            another's (``check_tokenizer``), the chat template drops a turn (``check_template``), it cannot compute
            its layers again where that is asked for, or a target of the adapters names nothing.
    """
    name = f"imitate.model {section.model!r}"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = read_language_model(folder)
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"{name} cannot be loaded ({one_line(error)})",
            "a causal language model: a folder, a hub name or a policy in the store",
        ) from error
    takes = getattr(model.config, "max_position_embeddings", None) or section.max_tokens
    if section.max_tokens > takes:
        raise ConfigError(f"imitate.max_tokens {section.max_tokens}", f"at most the model's {takes}")
    check_tokenizer(model, tokenizer, name)
    if section.lora is not None:
        target_modules(model, section.lora.targets, "imitate.lora")
    if section.train.gradient_checkpointing and not model.supports_gradient_checkpointing:
        raise ConfigError(f"imitate.train.gradient_checkpointing: {type(model).__name__} cannot", "false")
    template = section.chat_template or tokenizer.chat_template or PLAIN_TEMPLATE
    rendering = Rendering(tokenizer, template, section.max_tokens)
    check_template(rendering, name, questions=True)
    return model, rendering


def trained(
    model: PreTrainedModel, weights: Mapping[str, Tensor], adapters: LoraSection | None = None
) -> PreTrainedModel:
    """``model`` with the trained weights of an Imitation of it; it is changed in place. Tied weights come once.

    Raises:
        RuntimeError: they are of another shape.
    """
    own = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
    if adapters is not None:
        return merged(model, adapters, own)
    missing, strange = model.load_state_dict(own, strict=False)
    tied = set(model.all_tied_weights_keys)
    if strange or set(missing) - tied:
        raise RuntimeError(f"trained weights that do not fit: {strange[:3]} too many, {missing[:3]} missing")
    return model


def save_policy(model: PreTrainedModel, rendering: Rendering, folder: Path) -> None:
    """A transformers folder: safetensors, the tokenizer, and the chat template that was learnt with, whether it was the
    tokenizer's own or not. Equal policies write equal bytes.
    """
    tokenizer = rendering.tokenizer
    model.save_pretrained(folder)
    tokenizer.chat_template = rendering.template
    tokenizer.save_pretrained(folder)
