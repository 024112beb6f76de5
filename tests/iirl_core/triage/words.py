"""Labels of people who are not there."""

from __future__ import annotations

from iirl_core.signing import Label, Word
from iirl_core.triage.said import Said


def word(
    by: str,
    finding: str,
    said: Word,
    sequence: int = 0,
    *,
    cluster: str = "",
    spread: dict[str, float] | None = None,
) -> Said:
    because = "the norm is wrong here" if said == "not a flaw" else ""
    label = Label(finding, said, because, cluster=cluster, spread=tuple(sorted((spread or {}).items())))
    return Said(f"l-{by}-{finding}-{sequence}", by, sequence, label)
