from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.errors import InputError
from iirl_core.report import LatentMap, render_report
from iirl_core.report.map_chart import WITHIN, projected
from tests.iirl_core.report.samples import portal_report

RNG = np.random.default_rng(0)
WIDE = RNG.normal(size=(200, 5)) * [9.0, 0.1, 0.1, 3.0, 0.1]


def latent(findings: np.ndarray) -> LatentMap:
    return LatentMap(WIDE, RNG.normal(size=(50, 5)), findings)


def test_the_map_lies_along_the_directions_in_which_demonstrations_differ_most() -> None:
    shown, _, _ = projected(latent(np.zeros((0, 5))))
    assert abs(np.corrcoef(shown[:, 0], WIDE[:, 0])[0, 1]) > 0.99
    assert abs(np.corrcoef(shown[:, 1], WIDE[:, 3])[0, 1]) > 0.99


def test_what_lies_far_out_is_drawn_at_the_edge() -> None:
    shown, _, findings = projected(latent(np.array([[1e6, 0, 0, 0, 0]])))
    assert np.abs(findings[0, 0]) == pytest.approx(WITHIN * np.abs(shown[:, 0]).max())


def test_one_dimension_and_no_finding_make_a_map_too() -> None:
    flat = LatentMap(np.arange(5.0)[:, None], np.zeros((2, 1)), np.zeros((0, 1)))
    page = render_report(replace(portal_report(), latent=flat))
    assert "worst findings of all rounds (0)" in page


def test_points_of_different_spaces_are_refused() -> None:
    with pytest.raises(InputError, match="one W"):
        LatentMap(WIDE, np.zeros((2, 4)), np.zeros((0, 5)))
