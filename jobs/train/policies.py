"""The policies that a family compares, put beside the encoder."""

from __future__ import annotations

from functools import partial

from iirl_core.config import Config
from iirl_core.config.expertness import LogRatioSection
from iirl_core.encoder import Encoder
from iirl_core.errors import ConfigError
from iirl_core.policy.source import PolicySource, find_policy, folder_of_policy
from iirl_core.store.protocol import Store


def find_policies(store: Store, config: Config) -> tuple[PolicySource, ...]:
    """π_SFT and π_init where the family is their log-ratio, else none.

    Raises:
        ConfigError: there is no such policy, or both are the same.
    """
    section = config.expertness
    if not isinstance(section, LogRatioSection):
        return ()
    found = find_policy(store, section.sft), find_policy(store, section.init)
    if found[0].digest == found[1].digest:
        raise ConfigError(
            f"expertness.sft {section.sft!r} and init {section.init!r} are the same policy",
            "two, of which the first imitated demonstrations",
            "Make one with: iirl imitate CONFIG.yaml",
        )
    return found


def beside_ratio(store: Store, config: Config, encoder: Encoder, sft: PolicySource, init: PolicySource) -> Encoder:
    """The encoder with the ratio of both as one column more, and the answers' lengths where the family asks for them.

    Raises:
        ConfigError: a policy cannot be loaded, takes fewer tokens than ``expertness.max_tokens``, or has another's
            tokenizer or a chat template that drops the answer or the question.
    """
    from iirl_core.encoder.ratio import LanguageModel, RatioEncoder  # transformers takes seconds to import
    from iirl_core.encoder.text import TextEncoder

    section = config.expertness
    if not isinstance(encoder, TextEncoder) or not isinstance(section, LogRatioSection):
        raise ConfigError(f"expertness.{section.family} beside an encoder of {config.encoder.kind}", "log_ratio, text")
    names = (f"expertness.sft {section.sft!r}", f"expertness.init {section.init!r}")
    load = partial(LanguageModel.loaded, max_tokens=section.max_tokens, weights=encoder.weights)
    models = [
        load(folder_of_policy(store, one), policy=one.digest, name=name)
        for one, name in zip((sft, init), names, strict=True)
    ]
    return RatioEncoder(encoder, *models, lengths=section.length_debias > 0)
