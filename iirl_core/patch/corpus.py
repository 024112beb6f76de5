"""Which patches go back to what somebody said: bad answers of a probe corpus (weak supervision), or comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.audit.finding import Finding
from iirl_core.patch.patch import Patch

CORPUS_FAMILIES = ("careless", "climb", "concatenation", "evolve")
"""Probe families that may ask what stands in a probe corpus; all others make their probes from demonstrations."""


PAIR_FAMILIES = ("pairs",)
"""Probe families that ask comparisons that somebody made: what rests on them is preference."""


def draws_on_corpus(patches: Sequence[Patch], findings: Sequence[Finding]) -> bool:
    """Whether a patch cites a finding that a probe corpus gave; ``findings`` are those that the patches cite."""
    return _draw_on(patches, findings, CORPUS_FAMILIES)


def draws_on_pairs(patches: Sequence[Patch], findings: Sequence[Finding]) -> bool:
    """Whether a patch cites a finding that a comparison gave; ``findings`` as for ``draws_on_corpus``."""
    return _draw_on(patches, findings, PAIR_FAMILIES)


def _draw_on(patches: Sequence[Patch], findings: Sequence[Finding], families: tuple[str, ...]) -> bool:
    written = {finding.id for finding in findings if finding.origin in families}
    return any(not written.isdisjoint(patch.findings) for patch in patches)
