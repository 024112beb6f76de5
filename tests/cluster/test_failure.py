"""Of all that Ray wraps around an error, the user sees the innermost of ours."""

from __future__ import annotations

import pytest

from cluster.failure import failure_of
from iirl_core.errors import ClusterError, InputError


def test_our_error_is_found_under_any_wrapping() -> None:
    ours = InputError("a bad row")
    wrapped = RuntimeError("worker failed")
    wrapped.__cause__ = ValueError("in between")
    wrapped.__cause__.__cause__ = ours
    assert failure_of(wrapped, "encoding") is ours


def test_an_error_of_others_becomes_one_line() -> None:
    outer = RuntimeError("Traceback …\n many\n lines")
    outer.__cause__ = OSError("first\nNo space left on device")
    found = failure_of(outer, "encoding")
    assert isinstance(found, ClusterError)
    assert str(found).startswith("encoding failed (No space left on device)")
    assert "\n" not in str(found)


def test_an_error_that_says_nothing_says_its_name() -> None:
    assert "KeyboardInterrupt" in str(failure_of(KeyboardInterrupt(), "training"))


def test_a_circle_of_causes_ends() -> None:
    first, second = RuntimeError("one"), RuntimeError("two")
    first.__cause__, second.__cause__ = second, first
    assert "two" in str(failure_of(first, "training"))


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_our_error_survives_a_real_task() -> None:
    import ray

    @ray.remote
    def fail() -> None:
        raise InputError("a bad row", "a good one")

    with pytest.raises(ray.exceptions.RayTaskError) as caught:
        ray.get(fail.remote())
    found = failure_of(caught.value, "encoding")
    assert isinstance(found, InputError)
    assert str(found) == "a bad row; expected a good one."
