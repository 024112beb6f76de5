"""Imitation: demonstrations → a policy, π_SFT."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.session import Session
    from iirl_core.config import Config
    from jobs.console import Progress
    from jobs.outcome import Outcome


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """``iirl imitate``; see ``jobs.imitate.job.run``."""
    from jobs.imitate.job import run as run_job  # here, so that workers which import one file do not import them all

    return run_job(session, config, progress)
