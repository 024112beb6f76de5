import random

import numpy as np
import pytest

from iirl_core.corpus.near import HASHES, NearDuplicates, rows_of_band, sketch_of
from iirl_core.corpus.wording import run_hashes, words_of

WORDS = [f"word{number}" for number in range(500)]


def text(seed, words=200):
    return random.Random(seed).choices(WORDS, k=words)


def changed(words, places, seed=0):
    draw = random.Random(seed)
    return [draw.choice(WORDS) if index in places else word for index, word in enumerate(words)]


def jaccard(first, second):
    one, two = set(run_hashes(first, 5).tolist()), set(run_hashes(second, 5).tolist())
    return len(one & two) / len(one | two)


def removed(texts, similarity):
    with NearDuplicates(similarity) as index:
        twins = [index.add(sketch_of(words, rows_of_band(similarity)), "f", line) for line, words in enumerate(texts)]
    return {line: twin.line for line, twin in enumerate(twins) if twin}


def test_words_ignore_layout_punctuation_and_case_and_scripts_without_spaces_are_cut():
    assert words_of("Don't *PANIC*,\n it's 42!") == ["don", "t", "panic", "it", "s", "42"]
    assert words_of("Straße_und Ümlaut") == ["straße", "und", "ümlaut"]
    assert words_of("今日は good") == ["今", "日", "は", "good"]


def test_a_run_is_its_words_in_their_order():
    first, second = run_hashes(["a", "b", "c"], 2), run_hashes(["b", "a", "b", "c"], 2)
    assert first.tolist() == second[1:].tolist()
    assert len({*first.tolist(), *second.tolist()}) == 3
    assert len(run_hashes(["a"], 2)) == 0


def test_near_texts_are_found_and_others_are_not():
    base = text(0)
    near, far = changed(base, {20, 150}), changed(base, set(range(0, 200, 10)))
    assert jaccard(base, near) > 0.88
    assert jaccard(base, far) < 0.4
    assert removed([base, text(1), near, far, text(2)], 0.8) == {2: 0}


def test_the_first_of_near_texts_stays_and_one_that_was_removed_removes_nothing():
    base = text(0)
    second = changed(base, {10, 40, 80, 100, 120})
    drifted = changed(second, {30, 60, 140, 160, 180}, seed=1)
    assert removed([base, base, second, text(5), second], 0.65) == {1: 0, 2: 0, 4: 0}
    assert jaccard(second, drifted) > 0.75
    assert jaccard(base, drifted) < 0.6
    assert removed([second, drifted], 0.68) == {1: 0}
    assert removed([base, second, drifted], 0.68) == {1: 0}


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.8, 0.9, 0.95])
def test_bands_let_texts_of_the_asked_similarity_meet(similarity):
    rows = rows_of_band(similarity)
    assert 1 - (1 - similarity**rows) ** (HASHES // rows) >= 0.9


def test_what_is_found_follows_the_similarity_that_is_asked():
    """Of pairs well above the threshold nearly all are found, of pairs well below it none."""
    pairs = [(words, changed(words, {50, 120}, seed)) for seed in range(60) for words in [text(seed)]]
    assert np.mean([jaccard(*pair) for pair in pairs]) == pytest.approx(0.9, abs=0.01)
    found = {threshold: sum(bool(removed(pair, threshold)) for pair in pairs) for threshold in (0.75, 0.99)}
    assert found[0.75] >= 57
    assert found[0.99] == 0


def test_the_index_finds_what_it_has_written_out(monkeypatch):
    monkeypatch.setattr("iirl_core.corpus.near.PENDING", 50)
    texts = [text(seed, 60) for seed in range(200)]
    assert removed([*texts, *texts], 0.8) == {200 + line: line for line in range(200)}


def test_short_texts_are_compared_whole_and_a_text_without_words_with_nothing():
    assert removed([["yes"], ["no"], ["yes"]], 0.9) == {2: 0}
    assert sketch_of([], 8) is None
