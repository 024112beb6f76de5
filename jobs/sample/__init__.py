"""``iirl sample``: policies and prompts → corpora of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.session import Session
    from iirl_core.config import Config
    from jobs.console import Progress
    from jobs.outcome import Outcome


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """``iirl sample``; see ``jobs.sample.job.run``."""
    from jobs.sample.job import run as run_job  # here, so that workers which import one file do not import them all

    return run_job(session, config, progress)
