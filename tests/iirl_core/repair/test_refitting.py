"""A line that tells two classes apart, and lessons that say otherwise of some of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from iirl_core.expertness import Discriminator, Expertness
from iirl_core.mapping.sigmoid import Sigmoid
from iirl_core.patch.edit import WeightEdit, edited
from iirl_core.patch.patch import Space
from iirl_core.patch.sculpt import Sculpted
from iirl_core.repair import refitting
from iirl_core.repair.kept import Kept
from iirl_core.repair.lessons import Lessons
from iirl_core.repair.refitting import refit
from tests.iirl_core.artifact.samples import fit

SHAPED = Sigmoid(0.0, 1.0)


def told() -> tuple[Expertness, torch.Tensor]:
    """Good rows have a first number of 1, and a second of 1 beside it."""
    generator = torch.Generator().manual_seed(0)
    good = 0.2 * torch.randn(200, 6, generator=generator) + torch.tensor([1.0, 1, 0, 0, 0, 0])
    bad = 0.2 * torch.randn(200, 6, generator=generator) - torch.tensor([1.0, 1, 0, 0, 0, 0])
    torch.manual_seed(0)
    head = Discriminator(6, 12, 3)
    head.balance(200, 200)
    fit(head, torch.cat([good, bad]), torch.tensor([1.0] * 200 + [0.0] * 200), steps=80)
    return head.requires_grad_(False), good


def nowhere(space: Space) -> tuple[torch.Tensor, torch.Tensor]:
    """There are no regions."""
    raise AssertionError(space)


def lessons(z: torch.Tensor, limit: float = 0.2) -> Lessons:
    """All of ``z`` should earn less than ``limit``."""
    count = len(z)
    return Lessons(
        z,
        Sculpted.of(SHAPED, ()).at(nowhere),
        0 * z[:, 0],
        torch.arange(count),
        torch.ones(count).long(),
        torch.ones(count),
        torch.full((count,), limit),
    )


def kept(head: Expertness, z: torch.Tensor) -> Kept:
    signal = head.combined(head.signals(z))
    reward = SHAPED.reward(signal)
    shaped = Sculpted.of(SHAPED, ()).at(nowhere)
    return Kept(z, shaped, torch.zeros(len(z)), signal, 0.98 * reward, 0.96 * reward)


def rewards(head: Expertness, z: torch.Tensor) -> torch.Tensor:
    return SHAPED.reward(head.combined(head.signals(z)))


def changed(head: Expertness, rank: int, wrong: torch.Tensor, good: torch.Tensor, seed: int = 0) -> Expertness:
    changes = refit(head, SHAPED, lessons(wrong), kept(head, good), rank=rank, seed=seed)
    return edited(head, [WeightEdit(changes, (), (), 1)])


def test_what_is_wrong_is_mended_and_what_is_kept_stays() -> None:
    head, good = told()
    wrong = good[:40] - torch.tensor([0.0, 1.6, 0, 0, 0, 0])
    assert (rewards(head, wrong) > 0.3).float().mean() > 0.8
    after = changed(head, 1, wrong, good)
    assert (rewards(after, wrong) <= 0.2).all()
    assert (rewards(after, good) >= 0.96 * rewards(head, good)).all()
    other = good[100:] - torch.tensor([0.0, 1.6, 0, 0, 0, 0])
    assert (rewards(after, other) <= 0.25).float().mean() > 0.9, "also what no lesson was about"


def test_what_is_mended_and_kept_is_the_signal_that_the_members_come_to() -> None:
    head, good = told()
    head.combine = "min"
    wrong = good[:40] - torch.tensor([0.0, 1.6, 0, 0, 0, 0])
    after = changed(head, 1, wrong, good)
    assert after.combine == "min"
    assert (rewards(after, wrong) <= 0.2).all()
    assert (rewards(after, good) >= 0.96 * rewards(head, good) - 1e-6).all()


def test_the_same_lessons_give_the_same_changes_of_at_most_that_rank() -> None:
    head, good = told()
    wrong = good[:40] - torch.tensor([0.0, 1.6, 0, 0, 0, 0])
    once, again, wider = (
        refit(head, SHAPED, lessons(wrong), kept(head, good), rank=rank, seed=3) for rank in (1, 1, 2)
    )
    assert once == again != wider
    for changes, rank in ((once, 1), (wider, 2)):
        assert {change.parameter for change in changes} == {"dense", "dense_bias", "head", "head_bias"}
        assert all(change.rank <= rank for change in changes)
        (dense,) = (change.delta() for change in changes if change.parameter == "dense")
        assert (torch.linalg.matrix_rank(dense, rtol=1e-4) == rank).all()


def test_no_lesson_is_worth_a_known_good_row() -> None:
    head, good = told()
    after = changed(head, 2, good[:20], good)  # the very rows that are known to be good
    assert (rewards(after, good) >= 0.96 * rewards(head, good) - 1e-6).all()
    assert torch.equal(rewards(after, good), rewards(head, good)), "nothing that helps is allowed"


def test_many_lessons_are_not_worth_one_known_good_row() -> None:
    head, good = told()
    wrong = good[:40] - torch.tensor([0.0, 1.6, 0, 0, 0, 0])
    one = wrong[rewards(head, wrong).argmax()].unsqueeze(0)
    after = changed(head, 1, wrong, torch.cat([good, one]))
    assert rewards(after, one) >= 0.96 * rewards(head, one) - 1e-6


@pytest.mark.parametrize(("shift", "mended"), [(0.3, 0.9), (0.7, 0.0)])
def test_rows_that_were_not_looked_at_are_kept_too_whatever_can_be_mended_then(shift: float, mended: float) -> None:
    head, good = told()
    generator = torch.Generator().manual_seed(1)
    wrong = good[:40] - torch.tensor([0.0, 1.6, 0, 0, 0, 0])
    rare = good[:3] - torch.tensor([0.0, shift, 0, 0, 0, 0])  # among thousands, and nearest to what is wrong
    many = good[torch.randint(len(good), (4000,), generator=generator)]
    known = torch.cat([many, rare])
    after = changed(head, 1, wrong, known, seed=1)
    assert (rewards(after, known) >= 0.96 * rewards(head, known) - 1e-6).all()
    assert (rewards(after, wrong) <= 0.2).float().mean() > mended


def noted(monkeypatch: pytest.MonkeyPatch, first: int) -> list[list[int]]:
    """Which known-good rows each descent looks at, ``first`` of them to begin with."""
    looked, pick = list[list[int]](), Kept.pick

    def picked(every: Kept, rows: torch.Tensor) -> Kept:
        looked.append(rows.tolist())
        return pick(every, rows)

    monkeypatch.setattr(Kept, "pick", picked)
    monkeypatch.setattr(refitting, "LOOKED_AT", first)
    return looked


@pytest.mark.parametrize(("shift", "count", "sizes"), [(1.2, 160, [1, 2, 4, 8]), (0.7, 3, [2, 3])])
def test_where_others_lose_too_much_the_next_descent_looks_at_twice_as_many(
    shift: float, count: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = noted(monkeypatch, sizes[0])
    head, good = told()
    wrong, known = good[:40] - torch.tensor([0.0, shift, 0, 0, 0, 0]), good[40 : 40 + count]
    after = changed(head, 1, wrong, known)
    assert [len(rows) for rows in looked] == sizes
    assert all(len(set(rows)) == len(rows) for rows in looked)
    assert (rewards(after, known) >= 0.96 * rewards(head, known) - 1e-6).all()
    monkeypatch.setattr(refitting, "DESCENTS", 1)
    once = changed(head, 1, wrong, known)
    assert (rewards(once, known) < 0.96 * rewards(head, known)).any(), "which one descent would not come to"


@pytest.mark.parametrize("count", [48, 130])
def test_rows_that_are_held_to_nothing_take_the_place_of_no_others(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = noted(monkeypatch, count)
    head, good = told()
    wrong = good[:40] - torch.tensor([0.0, 1.2, 0, 0, 0, 0])
    every = kept(head, torch.cat([good[40:], -good]))
    free = torch.arange(len(every.z)) >= len(good[40:])
    held = replace(every, least=every.least.masked_fill(free, 0), floor=every.floor.masked_fill(free, 0))
    refit(head, SHAPED, lessons(wrong), held, rank=1, seed=0)
    first, *joined = looked
    assert joined
    assert all(len(set(rows)) == len(rows) for rows in joined)
    assert not free[[row for rows in joined for row in rows if row not in first]].any()
