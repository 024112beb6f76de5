"""What the benchmark of forgetting makes of its children, and one run of it on little data."""

from __future__ import annotations

import gzip
from argparse import Namespace
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import forgetting
from benchmarks.forgetting import Child, children, configuration, figures_of, learnt
from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.store import DirectoryStore
from iirl_core.unlearning import Remains
from iirl_core.unlearning.remains import Treatment
from jobs import ingest
from jobs.key import new_keys
from tests.jobs.wheel import quiet

LINES = 60


def treatment(apart: float) -> Treatment:
    return Treatment(0.1, 0.6, 0.0, 0.5, apart, apart - 0.1, apart + 0.1)


def child(after: float, gaps: tuple[float, float] | None) -> Child:
    return Child(Remains(100, 500, treatment(0.7), treatment(after)), *(gaps or (None, None)))


def test_figures_are_medians_over_seeds_and_the_exact_child_is_away_from_nobody() -> None:
    found = [{"from scratch": child(0.4, None), "re-fitted": child(after, (0.1, 0.05))} for after in (0.5, 0.6, 0.8)]
    values = {one.name: (one.value, one.runs) for one in figures_of(found)}
    assert values["the root: AUROC"] == (0.7, (0.7, 0.7, 0.7))
    assert values["re-fitted: AUROC"] == (0.6, (0.5, 0.6, 0.8))
    assert values["re-fitted: rewards away from scratch, never"] == (0.05, (0.05, 0.05, 0.05))
    assert not [name for name in values if name.startswith("from scratch: rewards away")]


@pytest.mark.ray
@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_the_same_records_are_forgotten_in_every_way(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data" / "hh-rlhf" / "harmless-base-1800.jsonl.gz"
    file.parent.mkdir(parents=True)
    with gzip.open(data_folder / "hh-rlhf" / file.name, "rb") as lines, gzip.open(file, "wb") as out:
        out.writelines(islice(lines, LINES))
    monkeypatch.setenv("IIRL_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(forgetting, "GONE", 4)
    new_keys(tmp_path / "keys")
    options = Namespace(store=str(tmp_path / "store"), keys=str(tmp_path / "keys"), quick=True)
    session, config = Session(DirectoryStore(tmp_path / "store")), configuration(0, options)
    ingest.run(session, config, quiet())
    root = learnt(session, config, quiet())
    made = children(session, config, quiet(), root, (1,))
    assert list(made) == ["from scratch", "re-fitted, 1 epochs"]
    assert {one.remains.forgotten for one in made.values()} == {4}
    assert made["from scratch"].forgotten is None
    assert made["re-fitted, 1 epochs"].forgotten is not None
    assert load_from(session.store, root).manifest.forgotten is None
    ingest.run(session, config, quiet())  # the corpus's name means what is left until then
    assert learnt(session, config, quiet()) == root, "whatever became of it since"
