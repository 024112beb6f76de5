from __future__ import annotations

import math

import pytest

from iirl_core.errors import ConfigError
from jobs.train.engine import StepReport
from jobs.train.finite import check_finite


@pytest.mark.parametrize(
    ("loss", "norm", "wrong"), [(math.nan, 1.0, "loss"), (math.inf, None, "loss"), (0.5, -1.0, "gradient")]
)
def test_neither_loss_nor_gradient_may_be_no_number(loss: float, norm: float | None, wrong: str) -> None:
    check_finite(StepReport(0.5, 0.0, 1e-3), 7)
    check_finite(StepReport(-0.5, None, 1e-3), 7)
    with pytest.raises(ConfigError, match=f"the {wrong} of step 7 is"):
        check_finite(StepReport(loss, norm, 1e-3), 7)
