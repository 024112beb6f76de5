from __future__ import annotations

import pytest

from iirl_core.audit import TriageLabel
from iirl_core.patch.patch import Patch
from iirl_core.triage.acting import acted_on, shaped_by_people
from iirl_core.triage.policy import Policy
from iirl_core.triage.settling import Settled
from tests.iirl_core.triage.found import finding

FLAW, FINE, UNSURE = TriageLabel.FLAW, TriageLabel.NOT_A_FLAW, TriageLabel.UNSURE


def spread(label: TriageLabel, confidence: float) -> Settled:
    return Settled(label, ("l",), confidence, direct=False)


def test_a_label_that_spread_counts_from_the_configured_confidence_on() -> None:
    settled = {"f": Settled(FLAW, ("l",)), "g": spread(FLAW, 0.5), "h": spread(FLAW, 0.49)}
    assert acted_on(settled, 0.5) == {"f": FLAW, "g": FLAW}
    assert acted_on(settled, 1.0) == {"f": FLAW}


@pytest.mark.parametrize(
    ("label", "policy", "cited", "human"),
    [
        (FLAW, "manual", True, True),  # people called it a flaw, and a patch mends it
        (FLAW, "manual", False, False),  # their label changed nothing: it is postponed, or was refused
        (FINE, "automatic", False, True),  # they kept the policy's repair from it
        (UNSURE, "automatic", False, True),
        (FINE, "manual", False, False),  # nobody would have repaired it
    ],
)
def test_a_repair_is_supervised_by_people_where_their_labels_shaped_it(
    label: TriageLabel, policy: Policy, cited: bool, human: bool
) -> None:
    one, other = finding(1), finding(2)
    named = (one.id,) if cited else (other.id,)
    patches = [Patch("suppress", "input", 0, (0.0,), 1.0, 1.0, named, ("n",), 1)]
    labels = {one.id: label, other.id: FLAW}
    assert shaped_by_people(patches, [one, other], labels, {one.id}, policy) is human
    assert not shaped_by_people(patches, [one, other], labels, (), policy)
