from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.alpaca import DEMONSTRATOR, GAMER, INIT, JUDGE, SFT
from benchmarks.judged_figures import (
    BOUNDS,
    ORACLE,
    baselines,
    contrast_table,
    figures_of,
    order_note,
    part,
    picked,
    place_of,
)
from benchmarks.learning import Lesson, Scorer
from benchmarks.reward_quality import Learner, main
from iirl_core.artifact import Mode, Provenance
from iirl_core.demonstration import conversation
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
    values = {each.name: each for each in figures_of("corrupted", [judged], Resampling(100), BOUNDS)}
    assert values["corrupted: agreement"].value == 1.0
    assert values["corrupted: agreement"].met is True
    every = values[f"corrupted, and {DEMONSTRATOR}: agreement"]
    assert (every.value, every.met) == (pytest.approx(3 / 6), False)
    assert (values[f"corrupted: place of {GAMER}"].value, values[f"corrupted: place of {GAMER}"].met) == (1, False)
    assert values["corrupted: best_of_n/golden@3"].value == pytest.approx(0.5)
    told = {each.name: each for each in figures_of("preference", [judged], Resampling(100), {})}
    assert {each.met for each in told.values()} == {None}


def test_the_note_says_which_pairs_of_contrasts_come_in_the_papers_order_and_which_are_no_chance() -> None:
    rates = {"init-demo": 0.4, "init-sft": 0.3, "preference": 0.2, "sft-demo": 0.19}
    noise = np.tile([-0.1, 0.1], 100)
    picks = {name: rate + (noise if name == "sft-demo" else 0 * noise) for name, rate in rates.items()}
    note = order_note(picks, Resampling(100))
    assert "the order is init-demo > init-sft > preference > sft-demo (0.400, 0.300, 0.200, 0.190)" in note
    assert "Not the same: init-sft > init-demo, preference > init-demo." in note
    assert "init-demo > init-sft" in note.partition("Beyond chance")[2]
    assert "preference > sft-demo" not in note.partition("Beyond chance")[2]


def test_how_far_telling_models_apart_comes_is_a_baseline() -> None:
    judged = _judged([0.0] * 4, ("a", "b", "c", GAMER))
    judged = replace(judged, lengths=np.tile([1.0, 2.0, 3.0, 4.0], 4))
    values = {each.name: each.value for each in baselines(judged, Resampling(100))}
    assert values[f"{ORACLE}: agreement"] == 1.0
    assert values["length alone: agreement"] == 0.5


def test_a_lesson_is_learnt_once_for_each_seed_and_each_list_of_answers(tmp_path: Path) -> None:
    taught: list[int] = []

    def learn(_: Lesson, seed: int) -> Scorer:
        taught.append(seed)
        return lambda items: np.full(len(items), 0.25 + seed)

    lessons = [Lesson((conversation("a", good),), None, Provenance()) for good in "bc"]
    one, two = (Learner(tmp_path, [conversation("d", "e")] * count, {}, learn) for count in (1, 2))
    assert one("some", lessons[0], 1).tolist() == one("some", lessons[0], 1).tolist() == [1.25]
    assert taught == [1]
    assert two("some", lessons[0], 1).tolist() == [1.25, 1.25]
    assert one("some", lessons[1], 1).tolist() == [1.25]
    assert one("some", lessons[0], 2).tolist() == [2.25]
    assert taught == [1, 1, 1, 2]


def test_what_is_picked_is_what_the_reward_likes_best_among_every_models_answers() -> None:
    judged = _judged([0.5, 0.1, 0.9], ("a", "b", "c"))
    assert picked(judged).tolist() == [1.0] * 4
    assert picked(part(judged, ["c"])).tolist() == [0.0] * 4
    alone = Judged(*(column[1:] if isinstance(column, np.ndarray) else column for column in vars(judged).values()))
    assert len(picked(alone)) == 3, "a's answer to the first prompt is missing"


def test_a_line_of_the_table_holds_its_own_figures_and_claims() -> None:
    judged = _judged([0.1, 0.5, 0.6, 0.0, 0.9], ("a", "b", "c", DEMONSTRATOR, GAMER))
    figures = figures_of("init-demo", [judged], Resampling(100), {})
    header, _, *lines = contrast_table(figures, {"init-demo": Provenance(Mode.FROZEN_POLICY)}).splitlines()
    assert header.split()[:2] == ["learnt", "from"]
    assert [line.split()[0] for line in lines] == ["length", "each", "random", "init-demo"]
    assert lines[3].split()[1] == "1"
    assert lines[3].split()[-3:] == ["1", "frozen-policy", "demonstrations-only"]


def test_frozen_and_trained_encoders_stand_in_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {DEMONSTRATOR: "Gladly, and in full:", INIT: "no", SFT: "well", GAMER: "best answer", "alpaca-7b": "hm"}
    (tmp_path / "alpaca_eval").mkdir()
    for place, (model, word) in enumerate(words.items()):
        rows = [
            {"prompt": f"prompt {number}", "response": f"{word} {number}. " * 2, JUDGE: 1 - place / 5 - number / 100}
            for number in range(16)
        ]
        with gzip.open(tmp_path / "alpaca_eval" / f"{model}.jsonl.gz", "wt") as file:
            file.write("\n".join(json.dumps(row) for row in rows))
    line = f"- --quick --tuned 1 --lessons strong-weak --data {tmp_path} --cache {tmp_path} --json {tmp_path}/r.json"
    monkeypatch.setattr("sys.argv", line.split())
    assert main() == 0
    lines = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert {"length alone", "init-demo", "one-class", "strong-weak, tuned"} <= set(lines)
    figures = json.loads((tmp_path / "r.json").read_text())["figures"]
    assert figures[f"strong-weak, tuned, and {DEMONSTRATOR}: agreement"]["value"] > 0.5
