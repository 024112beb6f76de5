from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.reward_quality import (
    DEMONSTRATOR,
    GAMER,
    JUDGE,
    Task,
    batches,
    figures_of,
    fit,
    part,
    place_of,
    read,
    signals,
)
from iirl_core.evaluation import Judged, Resampling


def _judged(rewards: list[float], names: tuple[str, ...]) -> Judged:
    """Each model answers 4 prompts; its rewards are the model's."""
    policies = np.repeat(np.arange(len(names)), 4)
    scores = np.repeat(np.array(rewards), 4) + np.tile([0.0, 0.01, -0.01, 0.02], len(names))
    golden = np.repeat(np.linspace(0, 1, len(names)), 4)
    lengths, heads = np.full(len(scores), 10.0), np.ones((len(scores), 2))
    return Judged(names, policies, scores, golden, np.tile(np.arange(4), len(names)), lengths, heads)


def test_places_are_counted_from_the_best() -> None:
    judged = _judged([0.5, 0.1, 0.9], ("a", "b", "c"))
    assert [place_of(name, judged) for name in "abc"] == [2, 3, 1]


def test_figures_leave_the_gamer_out_and_count_the_demonstrator_apart() -> None:
    judged = _judged([0.1, 0.5, 0.6, 0.0, 0.9], ("a", "b", "c", DEMONSTRATOR, GAMER))
    assert part(judged, [GAMER, DEMONSTRATOR]).policies.max() == 2
    values = {each.name: each for each in figures_of("corrupted", [judged], Resampling(100))}
    assert values["corrupted: agreement"].value == 1.0
    assert values["corrupted: agreement"].met is True
    assert values[f"corrupted, and {DEMONSTRATOR}: agreement"].value == pytest.approx(3 / 6)
    assert (values[f"corrupted: place of {GAMER}"].value, values[f"corrupted: place of {GAMER}"].met) == (1, False)
    assert values["corrupted: best_of_n/golden@3"].value == pytest.approx(0.5)


@pytest.mark.parametrize("paired", [False, True])
def test_the_plain_loop_learns_which_rows_are_good(paired: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    good, bad = (torch.randn(100, 8, generator=generator) + shift * torch.arange(8) for shift in (0.2, -0.2))
    model = fit(Task(good, bad, paired), seed=0)
    assert (signals(model, good) > signals(model, bad)).mean() > 0.9
    assert np.array_equal(signals(model, good), signals(fit(Task(good, bad, paired), seed=0), good))


def test_the_sides_of_a_comparison_stay_together_with_numbers_that_differ_in_the_last_bit() -> None:
    rows, numbers = (
        torch.cat(each) for each in zip(*batches(Task(torch.zeros(50, 2), torch.zeros(50, 2), True)), strict=True)
    )
    assert sorted(rows.tolist()) == list(range(100))
    assert (rows[1::2] - rows[0::2] == 50).all()
    assert (numbers[0::2] ^ numbers[1::2] == 1).all()


def test_no_prompt_is_learnt_from_and_asked(tmp_path: Path) -> None:
    for model in (DEMONSTRATOR, "phi-2", "other"):
        rows = [{"prompt": f"prompt {number}", "response": f"answer of {model}", JUDGE: 0.5} for number in range(60)]
        if model == "phi-2":
            rows = [{key: value for key, value in row.items() if key != JUDGE} for row in rows]
        with gzip.open(tmp_path / f"{model}.jsonl.gz", "wt") as file:
            file.write("\n".join(json.dumps(row) for row in rows))
    train, unseen = read(tmp_path, None, None)
    assert {each.model for each in train} == {DEMONSTRATOR, "phi-2"}
    assert {each.model for each in unseen} == {DEMONSTRATOR, "other"}, "phi-2 was not judged"
    assert not {each.prompt for each in train} & {each.prompt for each in unseen}
    assert len({each.prompt for each in train} | {each.prompt for each in unseen}) == 60
    few = read(tmp_path, 3, 5)
    assert [len({each.prompt for each in side}) for side in few] == [3, 5]
