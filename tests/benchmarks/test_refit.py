from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import refit
from benchmarks.learning import fit
from benchmarks.refit import ROUNDS, Pairs, measure, refitted


def pairs(count: int, seed: int) -> Pairs:
    """Two topics; what is good differs between them, and only the first is the policy's."""
    draw = np.random.default_rng(seed)
    topic = np.arange(count) % 2
    about = np.stack([1 - topic, topic], axis=1) * 3.0
    good = draw.normal(size=(count, 4)) * 0.3 + np.concatenate(
        [np.where(topic, -1, 1)[:, None].repeat(2, 1), about], axis=1
    )
    bad = draw.normal(size=(count, 4)) * 0.3 + np.concatenate(
        [np.where(topic, 1, -1)[:, None].repeat(2, 1), about], axis=1
    )
    answers = torch.tensor(np.stack([about, about], axis=1) / 3.0 + draw.normal(size=(count, 2, 2)) * 0.01).float()
    names = tuple(f"pair {seed} {number}" for number in range(count))
    return Pairs(names, torch.tensor(good).float(), torch.tensor(bad).float(), answers, np.arange(count) // 2)


def test_the_nearest_comparisons_are_the_policys(monkeypatch: pytest.MonkeyPatch) -> None:
    train = pairs(60, seed=0)
    kept = refit._near(train, 30, torch.tensor([[1.0, 0.0]]))
    assert kept == [place for place in range(60) if place % 2 == 0]
    assert len(refit._random(train, 30, 0)) == 30
    assert refit._random(train, 30, 0) != refit._random(train, 30, 1)


def test_every_side_is_measured_at_every_size_and_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refit, "EPOCHS", 2)
    monkeypatch.setattr("benchmarks.learning.EPOCHS", 2)
    samples = {"first": {part: torch.tensor([[1.0, 0.0]]) for part in range(ROUNDS + 1)}}
    figures = {each.name: each for each in measure(pairs(80, seed=0), pairs(40, seed=1), samples, [20], seeds=2)}
    assert len(figures) == 1 + ROUNDS * 6
    near = figures["20, α = 3: near − random, quarters"]
    assert len(near.runs) == 2
    assert -1 <= near.value <= 1
    assert near.runs == figures["first, 20, α = 3: near − random, its quarter"].runs, "one target is all targets"
    assert 0 <= figures["parent, all asked"].value <= 1


def test_a_refit_leaves_its_parent_as_it_was() -> None:
    train = pairs(40, seed=0)
    torch.manual_seed(0)
    parent = fit(train.good, train.bad, 0, paired=True)
    before = {name: tensor.clone() for name, tensor in parent.state_dict().items()}
    child = refitted(parent, train, seed=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in parent.state_dict().items())
    assert any(not torch.equal(before[name], tensor) for name, tensor in child.state_dict().items())


def test_comparisons_of_one_prompt_fall_on_one_side_and_bad_rows_are_left_out(tmp_path: Path) -> None:
    def rows(items: object) -> torch.Tensor:
        return torch.ones(len(list(items)), 3)  # type: ignore[call-overload]

    lines = [{"prompt": f"p{n // 2}", "chosen": f"a{n}", "rejected": f"b{n}"} for n in range(80)]
    lines += [lines[0], {"prompt": "p", "chosen": "same", "rejected": "same"}, {"text": "x"}]
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt") as stream:
        stream.write("".join(json.dumps(line) + "\n" for line in lines))
    train, asked = refit.read_pairs(tmp_path / "rows.jsonl.gz", rows)  # type: ignore[arg-type]
    assert len(train.names) + len(asked.names) == 80
    assert all(count == 2 for part in (train, asked) for count in np.bincount(part.prompts))
