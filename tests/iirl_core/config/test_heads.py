"""What heads are where the configuration leaves them open."""

from __future__ import annotations

import pytest

from iirl_core.config import Config
from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.config.heads import headed, units_of
from tests.iirl_core.artifact.samples import config
from tests.iirl_core.expertness.test_sealed import SIDES

OPEN = {"family": "discriminator", "members": 2}
COMPARING = {"family": "bradley_terry", "members": 2}


def text(family: dict[str, object], **encoder: object) -> Config:
    more = {"corpora": SIDES} if family["family"] == "bradley_terry" else {}
    return config("conversation", encoder={"kind": "text", **encoder}, expertness=family, **more)


@pytest.mark.parametrize("family", [OPEN, COMPARING])
def test_over_a_last_token_a_head_that_was_left_open_is_a_line(family: dict[str, object]) -> None:
    left_open = text(family, pooling="last")
    expected = left_open.expertness.model_copy(update={"hidden": 0})
    assert headed(left_open).expertness == expected != left_open.expertness


@pytest.mark.parametrize(
    "said",
    [
        text({**OPEN, "hidden": 8}, pooling="last"),
        text({**OPEN, "hidden": 0}, pooling="last"),
        text(OPEN, pooling="mean"),
        text(OPEN, pooling="cls"),
        text({"family": "joint"}, pooling="last"),
        config("trajectory"),
    ],
)
def test_all_else_stays_what_it_is(said: Config) -> None:
    assert headed(said) == said


def test_members_share_the_width_but_no_fewer_than_sixteen_units_each() -> None:
    assert units_of(DiscriminatorSection(members=4), 384) == 96
    assert units_of(DiscriminatorSection(members=4), 32) == 16
    assert units_of(DiscriminatorSection(members=4), 8) == 8
    assert units_of(DiscriminatorSection(members=4, hidden=0), 384) == 0
