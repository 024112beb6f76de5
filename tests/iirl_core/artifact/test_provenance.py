"""Which mode and which supervision an artifact may claim, row by row."""

from __future__ import annotations

import pytest

from iirl_core.artifact import Learnt, Mode, Provenance, Supervision, provenance_of
from iirl_core.corpus import Origin

SHOWN = Learnt("demonstrations")
SFT = Learnt("sft-samples")
INIT = Learnt("init-samples")
BAD = Learnt("negatives")
FIXED, OTHER, MOVING = Origin("phi-2", "fixed"), Origin("gpt-2", "fixed"), Origin("phi-2", "moving")


def _of(role: str, *origins: Origin) -> Learnt:
    return Learnt(role, origins=origins)


@pytest.mark.parametrize(
    ("learnt", "mode", "supervision"),
    [
        ([SHOWN], Mode.STRICT, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, SHOWN], Mode.STRICT, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, BAD], Mode.STRICT, Supervision.WEAK),
        ([Learnt("demonstrations", side=True)], Mode.STRICT, Supervision.WEAK),
        ([SFT, INIT], Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, INIT], Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, SFT], Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY),
        ([_of("demonstrations", FIXED)], Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, _of("negatives", FIXED)], Mode.FROZEN_POLICY, Supervision.WEAK),
        ([SHOWN, _of("probes", MOVING)], Mode.POLICY_ADAPTIVE, Supervision.WEAK),
        ([SHOWN, _of("init-samples", MOVING)], Mode.POLICY_ADAPTIVE, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, _of("init-samples", FIXED, MOVING)], Mode.POLICY_ADAPTIVE, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, *[_of("init-samples", FIXED)] * 2], Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY),
        ([SHOWN, _of("init-samples", FIXED), _of("init-samples", OTHER)], Mode.FROZEN_POLICY, Supervision.WEAK),
        ([SHOWN, INIT, INIT], Mode.FROZEN_POLICY, Supervision.WEAK),  # perhaps of two policies
    ],
)
def test_claims_follow_from_what_was_learnt_from(learnt: list[Learnt], mode: Mode, supervision: Supervision) -> None:
    assert provenance_of(learnt) == Provenance(mode, supervision)
    assert provenance_of(learnt, compared=True) == Provenance(mode, Supervision.PREFERENCE)


def test_of_two_claims_the_lesser_is_left() -> None:
    first = Provenance(Mode.FROZEN_POLICY, Supervision.DEMONSTRATIONS_ONLY)
    second = Provenance(Mode.STRICT, Supervision.PREFERENCE)
    assert first.joined(second) == second.joined(first) == Provenance(Mode.FROZEN_POLICY, Supervision.PREFERENCE)
    assert first.joined(Provenance()) == first
