from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from iirl_core.audit.cell import Cell
from iirl_core.audit.steering import choice_document, choice_from, steer

ARMS = [("typos", 0), ("typos", 1), ("far", 0), ("far", 1)]


def sent(cells: Sequence[Cell], wave: int = 1, chunks: int = 400) -> Counter[tuple[str, int]]:
    choices = steer(cells, ARMS, [10] * chunks, wave=wave, seed="d/1/0")
    assert sum(choice.count for choice in choices) == 10 * chunks
    return Counter({(choice.family, choice.situation): choice.count for choice in choices})


def asked(**broken: int) -> list[Cell]:
    """A thousand questions of each arm."""
    return [Cell(family, s, 1000, broken.get(f"{family}{s}", 0), 0) for family, s in ARMS]


def test_probes_go_where_findings_cluster() -> None:
    counts = sent(asked(far1=200, typos0=20))
    assert counts["far", 1] == 4000


def test_probes_go_where_little_was_asked() -> None:
    cells = [cell for cell in asked(far1=200) if (cell.family, cell.situation) != ("typos", 1)]
    counts = sent(cells)
    assert counts["typos", 1] > 2000
    assert counts["typos", 0] == 0


def test_of_two_equal_rates_the_one_that_no_demonstration_covers_counts_more() -> None:
    cells = [Cell("typos", 0, 1000, 100, 0), Cell("far", 0, 1000, 100, 1000), *asked()[1::2]]
    counts = sent(cells)
    assert counts["far", 0] > 3900


def test_of_two_equal_rates_the_one_about_which_the_ensemble_disagrees_counts_more() -> None:
    divisive = Cell("typos", 0, 1000, 100, 0, disagreement=900.0)
    counts = sent([divisive, Cell("far", 0, 1000, 100, 0), *asked()[1::2]])
    assert counts["typos", 0] > 3900
    assert sent([divisive, *asked(far1=300)[1:]])["far", 1] > 3900, "three times as many findings count for more"


def test_what_is_known_when_it_is_chosen_is_written_down() -> None:
    cells = [replace(cell, disagreement=cell.spoken / 3) for cell in asked(far1=900)]
    (choice,) = steer(cells, ARMS, [64, 36], wave=2, seed="d/1/0")
    assert (choice.wave, choice.family, choice.situation, choice.count) == (2, "far", 1, 100)
    assert (choice.spoken, choice.broken, choice.disagreement) == (1000, 900, 0.3333)
    assert choice_from(choice_document(choice)) == choice
    assert choice_from(choice_document(choice)[:6]) == replace(choice, disagreement=0.0), "as it was written before"


def test_the_seed_and_the_wave_decide_every_draw() -> None:
    assert sent([]) == sent([])
    assert sent([]) != sent([], wave=2)
    assert set(sent([])) == set(ARMS)


def test_without_arms_nothing_is_chosen() -> None:
    assert steer([], [], [10], wave=1, seed="") == ()
