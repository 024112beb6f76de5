"""Which patches go back to a probe corpus: answers that somebody wrote as bad ones are weak supervision."""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.audit.finding import Finding
from iirl_core.patch.patch import Patch

CORPUS_FAMILIES = ("careless", "climb", "concatenation", "evolve")
"""Probe families that may ask what stands in a probe corpus; all others make their probes from demonstrations."""


def draws_on_corpus(patches: Sequence[Patch], findings: Sequence[Finding]) -> bool:
    """Whether a patch cites a finding that a probe corpus gave; ``findings`` are those that the patches cite."""
    written = {finding.id for finding in findings if finding.origin in CORPUS_FAMILIES}
    return any(not written.isdisjoint(patch.findings) for patch in patches)
