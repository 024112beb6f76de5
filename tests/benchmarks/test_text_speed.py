from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.text_sides import Tokenised, bare, columns_of, encoder_of, tokenise, trl
from benchmarks.text_speed import DATA, sides_of
from iirl_core.config.training import OptimiserSection
from iirl_core.store import DirectoryStore
from tests.iirl_core.encoder.tiny import tiny

ROWS = [
    {
        "chosen": f"\n\nHuman: Question {number}?\n\nAssistant: Gladly, {'yes ' * (number % 7)}{number}.",
        "rejected": f"\n\nHuman: Question {number}?\n\nAssistant: No{'!' * (number % 5)} {number}.",
    }
    for number in range(40)
]
STRANGE = {"chosen": "\n\nHuman: One?\n\nAssistant: A.", "rejected": "\n\nHuman: Another?\n\nAssistant: B."}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny("bert", tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data" / DATA
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in [STRANGE, *ROWS]).encode()))
    return tmp_path / "data"


@pytest.fixture
def made(tmp_path: Path, data: Path, model: str) -> Tokenised:
    sides = sides_of(data / DATA)
    return tokenise(DirectoryStore(tmp_path / "store"), sides, model, max_tokens=64, comparisons=8)


def test_every_side_gets_the_same_comparisons(made: Tokenised, data: Path) -> None:
    columns = columns_of(made.tokens.take(np.arange(len(made.tokens))))
    rendering = encoder_of(made.section).rendering
    both = [tuple(list(rendering.tokens(side).ids) for side in sides) for sides in sides_of(data / DATA)]
    assert len(both) == 40
    assert list(zip(columns["chosen_ids"], columns["rejected_ids"], strict=True)) == both


def test_the_bare_loop_learns_what_is_chosen(made: Tokenised) -> None:
    faster = made.train.model_copy(update={"optimiser": OptimiserSection(encoder_learning_rate=3e-3)})
    step = bare(replace(made, train=faster))
    losses = [step() for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_trl_takes_as_many_steps_an_epoch_and_may_be_asked_for_another(made: Tokenised, tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="needs the extra bench")
    trainer = trl(made, tmp_path / "trl")
    for _ in range(2):
        assert trainer.train().metrics["train_runtime"] > 0
        assert trainer.state.global_step == 40 // 8
    assert (trainer.args.per_device_train_batch_size, trainer.model_wrapped is trainer.model) == (8, True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_of_it_says_every_figure(tmp_path: Path, data: Path, model: str) -> None:
    pytest.importorskip("trl", reason="needs the extra bench")
    command = [sys.executable, "-m", "benchmarks.text_speed", "--quick", "--model", model]
    where = ["--data", str(data), "--json", str(tmp_path / "found.json")]
    subprocess.run([*command, *where], check=True, cwd=Path(__file__).parents[2])
    figures = json.loads((tmp_path / "found.json").read_text())["figures"]
    assert {name for name, one in figures.items() if one["target"]} == {
        "ours against TRL",
        "bare step",
        "ours against the bare loop",
        "two workers against one",
    }
    assert all(one["value"] > 0 for one in figures.values())
