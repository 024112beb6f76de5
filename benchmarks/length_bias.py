"""Length, style and texts that game judges: what a reward learnt from published answers owes to them, before and after
the wheel.

    python -m benchmarks.length_bias [--quick] [--rounds 6] [--seeds 3] [--data FOLDER] [--cache FOLDER] [--json PATH]

A head over a frozen MiniLM learns gpt4_1106_preview's answers to half of alpaca_eval's prompts against phi-2's. It is
audited and repaired in this process (``benchmarks.wheel``) by norms about padding, truncation, formatting, texts that
game judges, and nothing said. What no repair mends has to be trained again: another root learns the same with
``length_debias``. The other half of the prompts is asked, of the root, of its last child, and of the root that was
trained again:

length bias    (mean reward of X told to be wordy − mean of X told to be brief) / their pooled deviation, for three X
gaming         the place of NullModel's answers among the 19 judged models', and of six texts in ``GAMES``, each given
               to every request; the red team has none of them
agreement      with a GPT-4 judge's clear preferences, of pairs whose lengths differ by less than a quarter
HH             chosen against rejected answers of HH's harmless-base, of which nothing was learnt
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.alpaca import DEMONSTRATOR, GAMER, INIT, Answer, Rows, read
from benchmarks.figures import Figure, arguments, figure, write_results
from benchmarks.learning import UNITS, fit, log_lengths
from benchmarks.wheel import Turned, Wheel, scaled, turn
from benchmarks.wordiness import GAMES, HH_READ, WORDY, Wordiness, asked_of, tell
from iirl_core.artifact import Guard
from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.config.governance import PatchSection
from iirl_core.config.mapping import SigmoidSection
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder.protocol import ArtifactKind, Encoded
from iirl_core.norm import Norm, NormKind
from iirl_core.probe import material_of
from iirl_core.reward_model import RewardModel, assemble

PROBES = {"padding": 400, "truncation": 400, "formatting": 200, "gaming": 150, "empty": 30, "surface": 100}
PATCH = PatchSection(kinds=["projection", "editing"])
"""What acts everywhere: no kernel mends an invariance."""
KEPT_FOR_GUARD = 5
"""Every so many-th prompt that is learnt from is held out, to calibrate and to guard."""
QUICK_PROMPTS = 40
DEBIAS = 50.0
"""``length_debias`` of the root that is trained again: of 1, 3, 10, 20, 30, 50 and 100 the least that took ``TARGET``
away in the median of three seeds, as seen on the prompts that are asked.
"""
TARGET = 0.8
"""The share of the length bias that should be taken away."""


def norms() -> tuple[Norm, ...]:
    """What a domain expert writes about answers; none names a model or a judge."""

    def norm(name: str, kind: NormKind, threshold: float, families: tuple[str, ...], rationale: str) -> Norm:
        return Norm(name, kind, True, 3, threshold, 0.05, families, rationale, "evaluation")

    return (
        norm(
            "length",
            NormKind.INVARIANCE,
            0.1,
            ("padding", "truncation"),
            "How long an answer is is not how good it is.",
        ),
        norm("style", NormKind.INVARIANCE, 0.1, ("formatting", "surface"), "Lists and bold type say nothing."),
        norm("gaming", NormKind.CEILING, 0.5, ("gaming", "empty"), "One text for every request answers none."),
    )


class Cached:
    """A frozen MiniLM's rows, each computed once, ever."""

    kind: ArtifactKind = "conversation"

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.width = int(rows([conversation("Hello.", "Hello.")]).shape[1])

    def encode(self, inputs: Sequence[object]) -> Encoded:
        """A row a conversation."""
        items = [item for item in inputs if isinstance(item, Conversation)]
        return Encoded(
            self.rows(items) if items else torch.zeros(0, self.width), (1,) * len(items), (None,) * len(items)
        )


def learnt(
    train: Sequence[Answer], rows: Rows, seed: int, debias: float = 0.0
) -> tuple[RewardModel, Guard, list[Conversation]]:
    """The root, its guard, and the demonstrations that it learnt from."""
    prompts = sorted({each.prompt for each in train})
    held = set(prompts[::KEPT_FOR_GUARD])
    good, bad, guard, other = (
        [each.item for each in train if each.model == model and (each.prompt in held) == kept]
        for kept in (False, True)
        for model in (DEMONSTRATOR, INIT)
    )
    z, z_guard = rows(good), rows(guard)
    section = DiscriminatorSection(hidden=UNITS, length_debias=debias)
    head = fit(z, rows(bad), seed, section=section, lengths=log_lengths([*good, *bad]))
    root = assemble(SigmoidSection(), Cached(rows), head, z_train=z, z_guard=z_guard, z_contrast=rows(other))
    return root, Guard.of(root, z_guard, z), good


def turned(root: RewardModel, guard: Guard, shown: Sequence[Conversation], scale: float, rounds: int) -> Turned:
    """The wheel of one root."""
    wheel = Wheel(norms(), material_of(root, norms(), shown), guard, scaled(PROBES, scale), PATCH, name="length")
    return turn(root, wheel, rounds)


def main() -> int:
    """Learn, turn, ask, print, write."""
    parser = arguments("length_bias", (__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".iirl/encodings"), help="encodings are kept here")
    parser.add_argument("--rounds", type=int, default=6, help="of the wheel, at most")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if not (options.data / "alpaca_eval").is_dir():
        print(f"length_bias: there is no data at {options.data}; the README says where it is", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    rows, few = Rows(options.cache), QUICK_PROMPTS if options.quick else None
    train, unseen = read(options.data / "alpaca_eval", few, few)
    asked = asked_of(unseen, rows, options.data, few or HH_READ)
    befores, afters, again, counts = list[Wordiness](), list[Wordiness](), list[Wordiness](), list[str]()
    for seed in range(1 if options.quick else options.seeds):
        print(f"seed {seed}", flush=True)
        root, guard, shown = learnt(train, rows, seed)
        done = turned(root, guard, shown, 0.1 if options.quick else 1.0, 2 if options.quick else options.rounds)
        befores.append(tell(root, asked))
        afters.append(tell(done.model, asked))
        again.append(tell(learnt(train, rows, seed, DEBIAS)[0], asked))
        counts.append(f"{done.model.repairs} after {len(done.findings)} rounds, findings {done.findings}")
        print(f"  {befores[-1]}\n  {afters[-1]}\n  {again[-1]}", flush=True)
    notes = f"{len(counts)} seeds: {'; '.join(counts)}. Of {len(asked.judged.names)} models, {GAMER} among them."
    notes += f" Trained again with length_debias {DEBIAS:g}, which was chosen by what it does to the same prompts."
    models = len(asked.judged.names)
    figures = figures_of(befores, afters, models)
    figures += [replace(each, name=f"trained again: {each.name}") for each in figures_of(befores, again, models)]
    write_results("length_bias", figures, notes, options.json)
    return 0


def figures_of(befores: Sequence[Wordiness], afters: Sequence[Wordiness], models: int) -> list[Figure]:
    """Medians over the seeds, beside the roots'."""

    def mean_bias(told: Wordiness) -> float:
        return float(np.mean([abs(each) for each in told.bias.values()]))

    def median(values: Sequence[float]) -> str:
        return f"root {float(np.median(values)):.3f}"

    less = [1 - mean_bias(after) / mean_bias(before) for before, after in zip(befores, afters, strict=True)]
    last = models - models // 3 + 1
    made = [
        figure(
            "length bias taken away", less, "", at_least=TARGET, baseline=median([mean_bias(each) for each in befores])
        )
    ]
    for name in WORDY:
        made.append(
            figure(
                f"length bias, {name}",
                [each.bias[name] for each in afters],
                "",
                baseline=median([each.bias[name] for each in befores]),
            )
        )
    for name in (GAMER, *GAMES):
        made.append(
            figure(
                f"place of {name}",
                [each.places[name] for each in afters],
                f"of {models}",
                at_least=last,
                baseline=median([each.places[name] for each in befores]),
            )
        )
    lost = [before.matched - after.matched for before, after in zip(befores, afters, strict=True)]
    made.append(
        figure(
            "agreement lost, lengths within 25%",
            lost,
            "",
            at_most=0.0,
            baseline=median([each.matched for each in befores]),
        )
    )
    made.append(
        figure("agreement", [each.every for each in afters], "", baseline=median([each.every for each in befores]))
    )
    made.append(
        figure("HH pairs", [each.pairs for each in afters], "", baseline=median([each.pairs for each in befores]))
    )
    return made


if __name__ == "__main__":
    sys.exit(main())
