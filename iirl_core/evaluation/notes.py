"""What each suite's figures are, in a sentence for readers."""

from __future__ import annotations

NOTES = {
    "separation": "AUROC: how often an unseen demonstration gets more reward than this contrast",
    "retention": "of unseen demonstrations",
    "pairs": "accuracy on pairs of answers to one prompt; @25%: of those whose lengths differ by less",
    "judge": "agreement with a judge on pairs whose preferences differ by 0.2 or more; Spearman over policies",
    "transfer": "agreement with a judge, by whether the reward learnt from the answers' policies",
    "rewardbench": "RewardBench v1: sections weighted by prompts, and their mean",
    "rewardbench2": "RewardBench 2: the best of four, and the formula of Ties; their mean",
    "rm_bench": "RM-Bench: three styles against three; hard is where the wrong answer has the fancier style",
    "best_of_n": "golden score of the best of N answers by reward; win: over an answer at random; kl: how far picking "
    "moves the policy at most, in nats",
    "kl": "nats: how far picking the best of N moves the policy at most",
    "returns": "rollouts whose true returns are known: Spearman's correlation of the mean reward of a step and the "
    "true return; given_length: with what both share with length taken out",
    "calibration": "expected calibration error of the reward as the probability of a demonstration; even classes, "
    "10 bins of equal mass",
}
"""By suite."""


def higher_is_better(figure: str) -> bool:
    """Whether a figure (SUITE/…) is good when it is high."""
    suite, _, rest = figure.partition("/")
    return suite not in ("calibration", "kl") and "/kl@" not in rest and not (suite == "transfer" and "/gap" in rest)
