"""Optimisers of policies, for which a reward is meant: what they make of it is what an audit has to know."""
