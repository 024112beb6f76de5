"""Forgetting: an artifact and the records that it is to forget → a child that has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.session import Session
    from iirl_core.config import Config
    from jobs.console import Progress
    from jobs.outcome import Outcome


def run(
    session: Session,
    config: Config,
    progress: Progress,
    *,
    reference: str | None = None,
    sources: Sequence[str] = (),
    ids: Sequence[str] = (),
    listed: str | None = None,
    from_scratch: bool = False,
) -> Outcome:
    """``iirl forget``; see ``jobs.forget.job.run``."""
    # Here, so that workers which import one file do not import them all.
    from jobs.forget.job import run as run_job
    from jobs.forget.to_forget import ToForget, ids_in

    named = (*ids, *(() if listed is None else ids_in(Path(listed))))
    return run_job(session, config, progress, ToForget(reference, tuple(sources), named, from_scratch))
