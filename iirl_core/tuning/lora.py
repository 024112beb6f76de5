"""Low-rank adapters: a transformer trained through a few small matrices beside its own (Hu et al., arXiv 2106.09685),
by peft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from iirl_core.config.encoding import LoraSection
from iirl_core.errors import ConfigError
from iirl_core.tuning.tuned import POOLER

if TYPE_CHECKING:
    from peft import PeftModel


def target_modules(model: PreTrainedModel, targets: Sequence[str] | None, key: str = "encoder.lora") -> list[str]:
    """The full names of the linear layers that get adapters: those whose name ends in one of ``targets``, whole parts
    of it compared; every one where that is None. What gives a language model's logits gets none: it often shares its
    weights with the embeddings. ``key`` is the section that names the targets.

    Raises:
        ConfigError: one of the targets names none.
    """
    logits = model.get_output_embeddings()
    layers = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and not name.startswith(POOLER) and module is not logits
    ]
    if targets is None:
        return layers
    found = set()
    for target in targets:
        named = {name for name in layers if f".{name}".endswith(f".{target}")}
        if not named:
            known = ", ".join(sorted({name.rpartition(".")[2] for name in layers}))
            raise ConfigError(f"{key}.targets: no linear layer is named {target}", f"one of {known}")
        found |= named
    return [name for name in layers if name in found]


def adapted(model: PreTrainedModel, section: LoraSection) -> PeftModel:
    """``model`` with fresh adapters, the only weights of it that are trained; it is changed in place. Which adapters
    follows from torch's seed, and at first they change nothing of what the model says.

    Raises:
        ConfigError: as ``target_modules``.
    """
    from peft import LoraConfig, get_peft_model  # seconds

    config = LoraConfig(
        r=section.rank,
        lora_alpha=section.alpha,
        lora_dropout=section.dropout,
        target_modules=target_modules(model, section.targets),
    )
    module: PeftModel = get_peft_model(model, config)
    return module


def merged(model: PreTrainedModel, section: LoraSection, weights: Mapping[str, Tensor]) -> PreTrainedModel:
    """``model`` with the trained ``weights`` of its adapters added to its own: a plain transformer again.

    Raises:
        RuntimeError: they are not those of the adapters that ``section`` describes.
    """
    module = adapted(model, section)
    expected = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
    if wrong := (expected - set(weights)) | (set(weights) - set(module.state_dict())):
        raise RuntimeError(f"adapters that do not fit: {sorted(wrong)[:3]}")
    module.load_state_dict(dict(weights), strict=False)
    plain: PreTrainedModel = module.merge_and_unload()
    return plain
