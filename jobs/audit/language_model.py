"""The language model whose answers the red team searches: found once, opened by every scorer that is asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cluster.store import open_store
from iirl_core.config import Config
from iirl_core.config.red_team import WRITTEN, LanguageModelSection
from iirl_core.policy.source import PolicySource, find_policy, folder_of_policy
from iirl_core.policy.writing import Writing
from iirl_core.store import Store

if TYPE_CHECKING:
    from iirl_core.policy.sampling import Sampler


@dataclass(frozen=True)
class Opening:
    """Opens the ``policy`` on any node that reaches the store at the URL ``store``; small enough to send along."""

    store: str
    policy: PolicySource
    section: LanguageModelSection
    device: str

    def __call__(self) -> Sampler:
        """Its sampler, the same one in every call within a process.

        Raises:
            ConfigError: it cannot be found or loaded from here.
            Tampered: it is another than was found when this began.
        """
        return _opened(self)


@lru_cache(maxsize=1)
def _opened(opening: Opening) -> Sampler:
    from iirl_core.policy.noise import Draw  # here, because the driver opens none
    from iirl_core.policy.sampling import Reader, Sampler

    section = opening.section
    folder = folder_of_policy(open_store(opening.store), opening.policy)
    reader = Reader(folder, section.chat_template, section.called)
    draw = Draw(section.temperature, section.top_p)
    tokens, batch = section.max_new_tokens, section.batch
    return Sampler(folder, reader, draw, max_new_tokens=tokens, batch=batch, device=opening.device)


def writing_of(store: Store, config: Config) -> Writing | None:
    """The language model that the configuration names, for families that ask what it says; None without them.

    Raises:
        ConfigError: there is none of that name.
        Tampered: its files in the store were changed.
    """
    section = _asked(config)
    if section is None:
        return None
    policy = find_policy(store, section.model)
    device = "cuda" if config.audit.gpus_per_scorer else "cpu"
    return Writing(policy.name, policy.digest, section, Opening(store.url, policy, section, device))


def check_writing(store: Store, config: Config) -> None:
    """Refuse, before any scorer starts, a language model that could not be asked, as far as can be told without its
    weights; those are looked at by each scorer that loads them (``read_language_model``).

    Raises:
        ConfigError: there is none of that name, or its tokenizer or chat template does not fit it (``Reader``).
        Tampered: its files in the store were changed.
    """
    section = _asked(config)
    if section is not None:
        from iirl_core.policy.sampling import Reader  # transformers takes seconds to import

        Reader(folder_of_policy(store, find_policy(store, section.model)), section.chat_template, section.called)


def _asked(config: Config) -> LanguageModelSection | None:
    wanted = {*WRITTEN}.intersection(config.audit.probes)
    return config.audit.language_model if wanted else None
