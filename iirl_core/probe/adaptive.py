"""Which families ask samples of moving policies: one that was trained on the reward, or a trainer's."""

POLICY_FAMILIES = ("policy", "observed")
"""An audit that asks them is *policy-adaptive*, and so is a repair that cites what they found."""
