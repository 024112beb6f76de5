"""One audited root, made once; each test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs import triage
from tests.jobs.triage.audited import Audited, make_audited
from tests.jobs.wheel import quiet


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return make_audited(tmp_path_factory.mktemp("audited"))


@pytest.fixture
def audited(made: Audited, tmp_path: Path) -> Audited:
    shutil.copytree(made.folder, tmp_path / "audited")
    return Audited(tmp_path / "audited", made.root)


@pytest.fixture
def laid_out(audited: Audited) -> Audited:
    """Triaged by a policy that leaves everything to people: ann and bob."""
    for name in ("ann", "bob"):
        audited.person(name)
    triage.run(audited.session, audited.config(triage="manual"), quiet())
    return audited
