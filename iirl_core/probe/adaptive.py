"""Kinds of families by where their probes come from."""

from iirl_core.config.red_team import TEMPTED, WRITTEN

OBSERVED = "observed"
"""Asks what deployment gave, all of it, however much that is: no sample, so no flaw rate is read off it."""
POLICY = "policy"
POLICY_FAMILIES = (POLICY, *WRITTEN, OBSERVED)
"""Ask samples of moving policies: one that was trained on the reward, one that says what the reward likes best of a
language model's answers, or a trainer's. An audit that asks them is
*policy-adaptive*, and so is a repair that cites what they found.
"""
UNSTEERED = ("uniform", "correlated", "ascent", "evolution", "careless", "pairs", "scan", *POLICY_FAMILIES)
"""Do not set out from single demonstrations: no situation can be asked of them."""
ASKS_ONE = ("empty", "careless", TEMPTED, OBSERVED)
"""Of those about conversations, the families whose probes are one input: nothing to compare."""
