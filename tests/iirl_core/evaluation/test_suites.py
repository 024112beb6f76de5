"""Suites on data whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from iirl_core.errors import InputError, Tampered
from iirl_core.evaluation import (
    SUITES,
    Evaluation,
    Frozen,
    Group,
    Resampling,
    evaluate,
    pair_up,
    parse_evaluation,
)
from iirl_core.evaluation.separation import auroc

FEW = Resampling(200)


def group(name: str, rewards: list[float], lengths: list[float] | None = None, first: int = 0) -> Group:
    clusters = np.arange(first, first + len(rewards))
    return Group(name, np.array(rewards), clusters, np.array(lengths or [10.0] * len(rewards)))


def frozen(
    demonstrations: Group,
    *contrasts: Group,
    rows: list[float] | None = None,
    roots: list[float] | None = None,
    pairs: list[tuple[int, int]] | None = None,
) -> Frozen:
    now = demonstrations.rewards if rows is None else np.array(rows)
    before = now if roots is None else np.array(roots)
    owners = np.arange(len(now))
    return Frozen(demonstrations, contrasts, now, before, owners, np.array(pairs or [], np.int64).reshape(-1, 2))


def test_auroc_is_scikit_learn_s_with_ties_and_weights() -> None:
    generator = np.random.default_rng(0)
    positive, negative = generator.integers(0, 6, 40) / 5, generator.integers(0, 5, 30) / 5
    weights = generator.integers(0, 4, 70).astype(float)
    truth = [1] * 40 + [0] * 30
    expected = roc_auc_score(truth, np.concatenate([positive, negative]), sample_weight=weights)
    assert auroc(positive, negative)(weights) == pytest.approx(expected)


def test_auroc_without_one_class_is_not_a_number() -> None:
    assert np.isnan(auroc(np.ones(2), np.zeros(2))(np.array([1.0, 1.0, 0.0, 0.0])))


def test_separation_is_measured_against_every_contrast_that_has_records() -> None:
    data = frozen(group("d", [0.9, 0.8, 0.7]), group("bad", [0.1, 0.2], first=3), group("none", []))
    (only,) = SUITES["separation"](data, FEW)
    assert only.name == "separation/bad"
    assert only.value == 1.0
    assert only.low < 1.0


def test_retention_counts_only_what_the_root_thought_good() -> None:
    demonstrations = group("d", [0.9, 0.7, 0.3, 0.0])
    data = frozen(demonstrations, rows=[0.90, 0.70, 0.30, 0.0], roots=[0.92, 0.90, 0.90, 0.1])
    found = {estimate.name: estimate for estimate in SUITES["retention"](data, FEW)}
    assert found["retention/kept"].value == pytest.approx(1 / 3)
    assert found["retention/kept"].count == 3
    assert found["retention/known_good"].value == 0.5
    assert found["retention/q50"].value == pytest.approx(0.3)


def test_pairs_count_ties_half() -> None:
    data = frozen(group("d", [0.9, 0.5, 0.1]), group("r", [0.2, 0.5, 0.4], first=3), pairs=[(0, 0), (1, 1), (2, 2)])
    (accuracy,) = SUITES["pairs"](data, FEW)
    assert accuracy.value == pytest.approx(0.5)
    assert SUITES["pairs"](frozen(group("d", [0.9])), FEW) == []


def test_length_alone_is_shown_beside_but_not_for_copies_of_equal_length() -> None:
    demonstrations = group("d", [0.5, 0.5], [100.0, 90.0])
    noise = Group("noise", np.array([0.1, 0.1]), demonstrations.clusters, demonstrations.lengths)
    data = frozen(demonstrations, group("bad", [0.5, 0.5], [10.0, 95.0], first=2), noise, pairs=[(0, 0), (1, 1)])
    found = {estimate.name: estimate.value for estimate in SUITES["length"](data, FEW)}
    assert found == {"length/bad": pytest.approx(0.75), "length/pairs": pytest.approx(0.5)}


def test_answers_are_paired_by_prompt_and_each_only_once() -> None:
    assert pair_up(["a", "b", "a", "c"], ["a", "c", "x", "a"]).tolist() == [[0, 0], [2, 3], [3, 1]]
    assert pair_up(["a"], []).shape == (0, 2)


def test_an_evaluation_survives_json_and_anything_else_is_refused() -> None:
    data = frozen(group("d", [0.9, 0.8]), group("bad", [0.1, 0.2], first=2))
    estimates = tuple(evaluate(data, FEW))
    digest = "sha256:" + "0" * 64
    evaluation = Evaluation(digest, digest, {"d": digest}, {"d": (2, 9)}, 200, estimates)
    assert parse_evaluation(evaluation.to_bytes()) == evaluation
    assert evaluation.estimate("separation/bad") == estimates[0]
    for broken in (b"{}", b"[]", b"no", evaluation.to_bytes().replace(b'"low"', b'"lo"')):
        with pytest.raises(Tampered):
            parse_evaluation(broken)


def test_frozen_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError):
        frozen(group("d", [0.9]), rows=[0.9], roots=[0.9, 0.1])
    with pytest.raises(InputError):
        frozen(group("d", [0.9]), pairs=[(0, 0)])
    with pytest.raises(InputError):
        group("d", [float("nan")])
