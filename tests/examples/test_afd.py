"""AfD's whole pipeline on a language model of three layers: imitate, sample both policies, learn, pick the best."""

from __future__ import annotations

import importlib.util
import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import Mode, Supervision, load_from
from iirl_core.config import Config, load_config
from iirl_core.evaluation.evaluation import parse_evaluation
from iirl_core.policy import load_policy, resolve_policy
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs import evaluate, imitate, ingest, sample, train
from jobs.console import Progress
from jobs.evaluate.job import evaluation_key
from jobs.key import new_keys

HERE = Path(__file__).resolve().parents[2] / "examples" / "afd"
QUIET = Progress(Console(file=io.StringIO()))


def _module(name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _config(folder: Path, name: str, *overrides: str) -> Config:
    where = {"store": str(folder / "store"), "keys": str(folder / "keys")}
    return load_config(folder / f"{name}.yaml", overrides, plain=where)


@pytest.mark.parametrize("contrast", ["init-sft", "init-demo", "sft-demo"])
def test_the_example_serves_each_contrast(contrast: str) -> None:
    config = load_config(HERE / "config.yaml", [f"contrast={contrast}"])
    assert config.imitate is not None
    assert {one.name for one in config.corpora} >= {one.name for one in config.playing("negatives")}
    assert load_config(HERE / "base.yaml").imitate is not None


def test_the_golden_score_wants_a_careful_sentence_about_what_was_asked() -> None:
    golden = _module("make_data").golden  # type: ignore[attr-defined]
    asked = "What do I do about the lamp?"
    assert golden(asked, "Thank you for telling us about the lamp. I will see to it now.") == 1.0
    assert golden(asked, "Thank you for telling us about the bus. I will see to it now.") == 0.5
    assert golden(asked, "No idea.") == 0.0


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(3000)
@pytest.mark.usefixtures("ray_session")
def test_what_the_reward_of_init_sft_picks_is_better_than_chance(tmp_path: Path) -> None:
    for name in ("base.yaml", "config.yaml"):
        shutil.copy(HERE / name, tmp_path)
    make = _module("make_data")
    make.main(tmp_path / "data")  # type: ignore[attr-defined]
    new_keys(tmp_path / "keys", None)
    base = _config(tmp_path, "base", f"imitate.model={tmp_path / 'data' / 'untrained'}", "imitate.train.epochs=4")
    config, store = _config(tmp_path, "config"), DirectoryStore(tmp_path / "store")
    with Session(store) as session:
        for verb, one in ((ingest, base), (imitate, base), (ingest, config), (imitate, config), (sample, config)):
            verb.run(session, one, QUIET)
        make.judge(store.url, tmp_path / "data")  # type: ignore[attr-defined]
        train.run(session, config, QUIET)
        evaluate.run(session, config, QUIET)
    told = [
        load_policy(store, digest).manifest for name in ("base", "clerk-sft") if (digest := resolve_policy(store, name))
    ]
    assert told[1].initial.digest == told[0].digest
    assert all(one.metrics["perplexity_after"] < one.metrics["perplexity_before"] for one in told)
    artifact = load_from(store, resolve(store, "afd"))
    assert artifact.manifest.mode is Mode.FROZEN_POLICY
    assert artifact.manifest.supervision is Supervision.DEMONSTRATIONS_ONLY
    figures = {one.name: one.value for one in parse_evaluation(store.get(evaluation_key(artifact))).estimates}
    curve = {
        int(name.rpartition("@")[2]): value
        for name, value in figures.items()
        if name.startswith("best_of_n/picks/golden@")
    }
    assert curve[max(curve)] > curve[1] + 0.1
