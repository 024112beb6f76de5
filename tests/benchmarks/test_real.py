"""The main job on published data, on less of it."""

from __future__ import annotations

import gzip
import shutil
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.real import SETS, Turned, configuration, figures_of, turn
from cluster.session import Session
from iirl_core.corpus.admission import Admission, admit
from iirl_core.records import Quarantined, open_records
from iirl_core.store import DirectoryStore
from jobs.key import new_keys
from tests.jobs.wheel import quiet

pytestmark = pytest.mark.real

LINES = 120
ALIKE = ("hopper", "alpaca")
"""Go the same way as halfcheetah and hh, a minute each."""
SUPERVISION = {
    "halfcheetah": ("strict", "demonstrations-only"),
    "hopper": ("strict", "demonstrations-only"),
    "hh": ("strict", "weak"),
    "alpaca": ("frozen-policy", "weak"),
}


@pytest.fixture
def less(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folders with the first ``LINES`` lines of each text; trajectories whole."""
    folder = tmp_path / "data"
    for file in ("hh-rlhf/harmless-base-1800", "alpaca_eval/gpt4_1106_preview", "alpaca_eval/phi-2"):
        to = folder / f"{file}.jsonl.gz"
        to.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(data_folder / f"{file}.jsonl.gz", "rb") as lines, gzip.open(to, "wb") as out:
            out.writelines(islice(lines, LINES))
    shutil.copytree(data_folder / "mujoco", folder / "mujoco")
    monkeypatch.setenv("IIRL_DATA", str(folder))
    return folder


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session", "less")
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in SETS])
def test_the_main_job_runs_on_published_data(name: str, tmp_path: Path) -> None:
    new_keys(tmp_path / "keys")
    config = configuration(name, str(tmp_path / "store"), str(tmp_path / "keys"), quick=True)
    session = Session(DirectoryStore(tmp_path / "store"))
    turned = turn(session, config, quiet())
    assert turned.rows == (40 if config.encoder.kind == "trajectory" else 2 * LINES)
    manifest = turned.root.manifest
    assert (manifest.mode, manifest.supervision) == SUPERVISION[name]
    assert turned.last.probes > 0
    assert (turned.served is not None) == turned.last.verdict.passed
    assert turned.served is None or turned.served < 1e-5
    if config.encoder.kind == "trajectory":
        assert _value(turned, name, "separation/noise-1") > 0.9
    elif name == "hh":
        assert 0 <= _value(turned, name, "pairs/hh-rejected") <= 1
    else:
        assert _value(turned, name, "separation/alpaca-phi-2") > 0.5


def _value(turned: Turned, name: str, figure: str) -> float:
    return next(each.value for each in figures_of(name, turned) if each.name == f"{name}: {figure}")


def test_two_pairs_of_hh_that_answer_different_prompts_are_quarantined(data_folder: Path) -> None:
    rules = Admission("conversation", take="chosen")
    records = open_records(data_folder / "hh-rlhf" / "harmless-base-1800.jsonl.gz")
    admitted = [one for record in records for one in admit(record, "hh", rules)]
    assert len(admitted) == 1800
    assert [one.line for one in admitted if isinstance(one, Quarantined)] == [1255, 1689]
