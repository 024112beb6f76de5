"""Suites on data whose answer is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from iirl_core.errors import InputError, Tampered
from iirl_core.evaluation import (
    BASELINES,
    SUITES,
    Evaluation,
    Frozen,
    Group,
    Resampling,
    evaluate,
    pair_up,
    parse_evaluation,
    random_heads,
)
from iirl_core.evaluation.separation import auroc

FEW = Resampling(200)


def group(
    name: str,
    rewards: list[float],
    lengths: list[float] | None = None,
    first: int = 0,
    *,
    heads: list[list[float]] | None = None,
    copies: bool = False,
) -> Group:
    clusters = np.arange(first, first + len(rewards))
    said = np.zeros((len(rewards), 1)) if heads is None else np.array(heads)
    return Group(name, np.array(rewards), clusters, np.array(lengths or [10.0] * len(rewards)), said, copies)


def frozen(
    demonstrations: Group,
    *contrasts: Group,
    rows: list[float] | None = None,
    roots: list[float] | None = None,
    pairs: list[tuple[int, int]] | None = None,
) -> Frozen:
    """``pairs`` are with the first contrast."""
    now = demonstrations.rewards if rows is None else np.array(rows)
    before = now if roots is None else np.array(roots)
    owners = np.arange(len(now))
    positions = [np.array(pairs or [], np.int64).reshape(-1, 2), *[np.zeros((0, 2), np.int64)] * len(contrasts)]
    return Frozen(demonstrations, contrasts, now, before, owners, tuple(positions[: len(contrasts)]))


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


def values(suite: str, data: Frozen) -> dict[str, float]:
    return {estimate.name: estimate.value for estimate in SUITES[suite](data, FEW)}


def test_pairs_count_ties_half() -> None:
    data = frozen(group("d", [0.9, 0.5, 0.1]), group("r", [0.2, 0.5, 0.4], first=3), pairs=[(0, 0), (1, 1), (2, 2)])
    assert values("pairs", data)["pairs/r"] == pytest.approx(0.5)
    assert values("pairs", frozen(group("d", [0.9]))) == {}


def test_matched_pairs_differ_by_less_than_a_share_of_the_longer_answer() -> None:
    demonstrations = group("d", [0.9, 0.9, 0.9, 0.1, 0.9], [100.0, 100.0, 90.01, 75.01, 0.0])
    rejected = group("r", [0.1, 0.1, 0.1, 0.9, 0.1], [75.0, 90.0, 100.0, 100.0, 0.0], first=5)
    data = frozen(demonstrations, rejected, pairs=[(index, index) for index in range(5)])
    found = {estimate.name: (estimate.value, estimate.count) for estimate in SUITES["pairs"](data, FEW)}
    assert found["pairs/r"] == (pytest.approx(4 / 5), 5)
    assert found["pairs/r@25%"] == (pytest.approx(3 / 4), 4), "25 of 100 is not less than 25%"
    assert found["pairs/r@10%"] == (1.0, 2), "9.99 of 100, and two empty answers"


def test_pairs_are_counted_apart_for_every_contrast_that_shares_prompts() -> None:
    data = frozen(group("d", [0.5, 0.5]), group("a", [0.1], first=2), group("b", [0.9, 0.1], first=3))
    pairs = (np.array([[1, 0]]), np.array([[0, 0], [1, 1]]))
    data = Frozen(data.demonstrations, data.contrasts, data.rows, data.roots, data.row_clusters, pairs)
    found = {name: value for name, value in values("pairs", data).items() if "@" not in name}
    assert found == {"pairs/a": 1.0, "pairs/b": 0.5}


def test_length_alone_is_shown_beside_every_ranking_but_not_for_copies_of_equal_length() -> None:
    demonstrations = group("d", [0.5, 0.5], [100.0, 90.0])
    noise = group("noise", [0.1, 0.1], [100.0, 90.0], copies=True)
    data = frozen(demonstrations, group("bad", [0.5, 0.5], [10.0, 95.0], first=2), noise, pairs=[(0, 0), (1, 1)])
    assert values("length", data) == {
        "length/separation/bad": pytest.approx(0.75),
        "length/pairs/bad": pytest.approx(0.5),
        "length/pairs/bad@25%": 0.0,
        "length/pairs/bad@10%": 0.0,
    }


def test_a_random_head_is_told_its_better_sign_and_the_heads_are_averaged() -> None:
    demonstrations = group("d", [0.5, 0.5], heads=[[1.0, 3.0], [2.0, 0.0]])
    bad = group("bad", [0.5, 0.5], first=2, heads=[[3.0, 1.0], [4.0, 2.0]])
    (only,) = (one for one in SUITES["random"](frozen(demonstrations, bad), FEW) if "pairs" not in one.name)
    assert only.name == "random/separation/bad"
    assert only.value == pytest.approx((1.0 + 0.5) / 2), "the first head is right upside down, the second half right"
    assert (only.low, only.high) == (pytest.approx(0.5 + 0.5 * 0.025), pytest.approx(1 - 0.5 * 0.025))


def test_random_heads_are_always_the_same_and_every_one_another() -> None:
    heads = random_heads(5)
    assert np.array_equal(heads, random_heads(5))
    assert heads.shape == (5, 16)
    assert len(np.unique(heads)) == heads.size


def test_every_ranking_has_both_baselines_beside_it() -> None:
    demonstrations = group("d", [0.9, 0.4], [9.0, 8.0], heads=[[1.0], [2.0]])
    data = frozen(demonstrations, group("bad", [0.5, 0.1], [7.0, 8.0], first=2, heads=[[0.0], [1.0]]), pairs=[(0, 1)])
    names = {estimate.name for estimate in evaluate(data, FEW)}
    ranked = {name for name in names if name.startswith(("separation/", "pairs/"))}
    assert ranked == {"separation/bad", "pairs/bad", "pairs/bad@25%"}
    assert {f"{suite}/{name}" for suite in BASELINES for name in ranked} <= names


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
    assert estimates[0].suite == "separation"
    for broken in (b"{}", b"[]", b"no", evaluation.to_bytes().replace(b'"low"', b'"lo"')):
        with pytest.raises(Tampered):
            parse_evaluation(broken)


def test_an_evaluation_from_before_is_read_as_one_that_did_not_look_for_what_was_trained_on() -> None:
    digest = "sha256:" + "0" * 64
    new = Evaluation(digest, digest, {"d": digest}, {"d": (2, 9)}, 200, (), left_out={"d": 3})
    assert parse_evaluation(new.to_bytes()).left_out == {"d": 3}
    gone = replace(new, corpora_gone=True)
    assert parse_evaluation(gone.to_bytes()) == gone
    unknown = replace(new, left_out=None)
    assert (parse_evaluation(unknown.to_bytes()), unknown.left_out_of()) == (unknown, ())
    document = {name: value for name, value in new.document().items() if name not in ("left_out", "corpora_gone")}
    older = json.dumps({**document, "schema": "iirl.evaluation/2"}).encode()
    assert parse_evaluation(older) == unknown
    for broken in ({**document, "schema": "iirl.evaluation/1"}, document):
        with pytest.raises(Tampered, match="neither an iirl"):
            parse_evaluation(json.dumps(broken).encode())


def test_frozen_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError):
        frozen(group("d", [0.9]), rows=[0.9], roots=[0.9, 0.1])
    with pytest.raises(InputError, match="for 0 contrasts"):
        Frozen(group("d", [0.9]), (), np.ones(1), np.ones(1), np.arange(1), (np.zeros((0, 2), np.int64),))
    with pytest.raises(InputError, match="one each"):
        group("d", [0.9], heads=[[1.0], [2.0]])
    with pytest.raises(InputError):
        group("d", [float("nan")])
