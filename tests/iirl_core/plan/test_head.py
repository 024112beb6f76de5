"""A head's size is that of the module that the family builds."""

from __future__ import annotations

import pytest
import torch

from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.expertness import (
    BradleyTerrySection,
    DiscriminatorSection,
    JointSection,
    LogRatioSection,
    MixtureSection,
    OccupancySection,
)
from iirl_core.expertness import FAMILIES, Batch, ExpertnessSection, build_expertness
from iirl_core.plan import Head, head_of

SECTIONS: list[ExpertnessSection] = [
    MixtureSection(experts=3, bottleneck=2, hidden=16, members=2),
    DiscriminatorSection(hidden=24, members=3),
    DiscriminatorSection(),
    DiscriminatorSection(hidden=0),
    JointSection(steps=3),
    BradleyTerrySection(hidden=8),
]


def test_every_family_is_planned() -> None:
    assert {type(section) for section in SECTIONS} | {OccupancySection, LogRatioSection} == set(FAMILIES)


@pytest.mark.parametrize("section", [OccupancySection(), LogRatioSection(sft="after", init="before")])
def test_what_is_learnt_in_one_pass_has_nothing_to_train(section: ExpertnessSection) -> None:
    assert not list(build_expertness(section, 12).parameters())
    assert head_of(section, 12) == Head(0, 0)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.family)
def test_parameters_are_those_of_the_module(section: ExpertnessSection) -> None:
    head = head_of(section, 12)
    assert head is not None
    assert head.parameters == sum(each.numel() for each in build_expertness(section, 12).parameters())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.family)
def test_activations_are_about_what_a_row_keeps(section: ExpertnessSection) -> None:
    module, rows = build_expertness(section, 48), 512
    ours = {each.untyped_storage().data_ptr() for each in module.parameters()}
    found: dict[int, int] = {}
    alive = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if (place := tensor.untyped_storage().data_ptr()) not in ours:
            alive.append(tensor)
            found[place] = tensor.untyped_storage().nbytes()
        return tensor

    expert = torch.tensor([0.0, 1.0]).repeat(rows // 2)
    batch = Batch(torch.randn(rows, 48), expert, torch.ones(rows), torch.arange(rows))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        module.loss(batch)
    head = head_of(section, 48)
    assert head is not None
    assert 4 * rows * head.activations == pytest.approx(sum(found.values()), rel=0.35)


def test_a_section_that_is_no_family_has_no_head() -> None:
    assert head_of(TrajectoryEncoderSection(), 12) is None
