from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import example, given, settings

from iirl_core.artifact import Guard, load_from, seal
from iirl_core.config.mapping import PiecewiseLinearSection
from iirl_core.errors import ArtifactError, ConfigError
from iirl_core.mapping import calibrate
from iirl_core.mapping.piecewise_linear import PiecewiseLinear
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, trajectory_draft, walks

SECTION = PiecewiseLinearSection()
SIGNALS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30).map(torch.tensor)


def test_where_the_sides_are_apart_it_gives_its_anchors_and_straight_lines_between_them() -> None:
    demonstrations, contrast = torch.linspace(0, 10, 1001), torch.linspace(-10, -1, 1001)
    mapping = calibrate(SECTION, demonstrations, contrast)
    signals = torch.tensor([-10, -5.5, -1.9, 1, 5, 10, -99, 99, 3, 7.5])
    wanted = torch.tensor([0, 0.1, 0.3, 0.6, 0.8, 1, 0, 1, 0.7, 0.9])
    assert torch.allclose(mapping.reward(signals), wanted, atol=1e-4)


def test_where_they_overlap_anchors_that_would_fall_are_pooled() -> None:
    section = PiecewiseLinearSection(demonstrations={0.0: 0.6, 1.0: 1.0}, contrast={0.0: 0.0, 1.0: 0.2})
    mapping = calibrate(section, torch.tensor([1.0, 4.0]), torch.tensor([0.0, 2.0]))
    assert isinstance(mapping, PiecewiseLinear)
    assert mapping.knots == ((0.0, 0.0), (1.0, pytest.approx(0.4)), (2.0, pytest.approx(0.4)), (4.0, 1.0))


def test_anchors_at_one_signal_count_as_often_as_they_are() -> None:
    mapping = calibrate(SECTION, torch.tensor([0.0, 0, 0, 0, 5]), torch.tensor([-1.0, -1, 1]))
    assert isinstance(mapping, PiecewiseLinear)
    pooled = pytest.approx((0.6 + 0.8 + 0.3) / 3)
    assert mapping.knots == ((-1.0, 0.05), (0.0, pooled), (pytest.approx(0.6), pooled), (5.0, 1.0))


@settings(max_examples=200, deadline=None)
@given(SIGNALS, SIGNALS)
@example(torch.tensor([1.0, -2.0]), torch.tensor([0.0, 3.0]))  # two pools of one reward, but for rounding
def test_whatever_it_is_calibrated_on_it_is_bounded_and_never_falls(
    demonstrations: torch.Tensor, contrast: torch.Tensor
) -> None:
    try:
        mapping = calibrate(SECTION, demonstrations, contrast)
    except ConfigError:  # the anchors are inverted
        return
    asked = torch.cat([torch.linspace(-2e6, 2e6, 301), demonstrations, contrast, torch.tensor([-1e30, 1e30])])
    rewards = mapping.reward(asked.sort().values)
    assert rewards.min() >= 0
    assert rewards.max() <= 1
    assert (rewards.diff() >= 0).all()
    assert rewards[-1] > rewards[0]


@pytest.mark.parametrize(
    "knots",
    [
        ((0.0, 0.5),),
        ((0.0, 0.5), (1.0, 0.5)),
        ((0.0, 0.5), (1.0, 0.5 + 1e-12)),
        ((0.0, 0.5), (0.0, 0.6)),
        ((0.0, 0.5), (1.0, 0.4), (2.0, 0.9)),
        ((0.0, -0.1), (1.0, 0.5)),
        ((1.0, 0.0), (1.0 + 1e-12, 1.0)),
    ],
)
def test_knots_that_are_no_map_are_refused(knots: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ArtifactError, match="piecewise linear map"):
        PiecewiseLinear(knots)


def test_anchors_of_one_side_that_fall_are_refused() -> None:
    for anchors in ({0.1: 0.6, 0.5: 0.5}, {}, {1.1: 0.5}):
        with pytest.raises(ValueError, match="demonstrations"):
            PiecewiseLinearSection.model_validate({"demonstrations": anchors})


@pytest.mark.parametrize("highest", [0.2, 0.3])
def test_demonstrations_that_never_earn_more_than_the_contrast_are_refused(highest: float) -> None:
    sides = {"demonstrations": {0.1: 0.1, 0.5: highest}, "contrast": {0.5: 0.3, 0.9: 0.4}}
    with pytest.raises(ValueError, match="let the former earn more"):
        PiecewiseLinearSection.model_validate(sides)


def test_it_is_sealed_with_its_artifact(tmp_path: Path) -> None:
    draft = trajectory_draft()
    encoder, head = draft.model.encoder, draft.model.expertness
    z, guard, other = (encoder.encode(walks(10, seed)).z for seed in (1, 2, 3))
    sections = config(mapping={"kind": "piecewise_linear"})
    with pytest.raises(ConfigError, match="piecewise_linear needs a contrast"):
        assemble(sections.mapping, encoder, head, z_train=z, z_guard=guard, z_contrast=None)
    model = assemble(sections.mapping, encoder, head, z_train=z, z_guard=guard, z_contrast=other + 2)
    store = DirectoryStore(tmp_path / "store")
    made = replace(draft, model=model, config=sections, guard=Guard.of(model, guard, z))
    artifact = load_from(store, seal(store, made))
    assert artifact.model.mapping == model.mapping
    assert [one.reward for one in artifact.read(walks(3, 7))] == [one.reward for one in model.read(walks(3, 7))]
    assert len({round(one.reward, 3) for one in artifact.read(walks(3, 7))}) > 1
