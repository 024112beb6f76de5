"""Writing: a language model as the red team uses it. It stays as it is; what is asked of what it says is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iirl_core.canonical import Digest
from iirl_core.config.red_team import LanguageModelSection

if TYPE_CHECKING:
    from iirl_core.policy.sampling import Sampler  # transformers takes seconds to import


@dataclass(frozen=True)
class Writing:
    """The policy called ``name``, of that ``digest``, and how the ``section`` wants it to write. ``opened`` gives its
    sampler, wherever probes are made, and may take long the first time; it has to be picklable where scorers are apart.
    """

    name: str
    digest: Digest
    section: LanguageModelSection
    opened: Callable[[], Sampler]
