"""FRFT (arXiv 2412.10529): is a reward better re-fitted on the comparisons nearest to a policy's answers, or on as many
drawn at random?

Comparisons are those of HH's harmless-base, 70% of the prompts to learn from; samples are what five models of
alpaca_eval answered there. A parent is fitted by Bradley–Terry on ``FIRST`` random comparisons over rows of a frozen
MiniLM. For each target policy, size and number of rounds α it is re-fitted on the nearest comparisons
(``iirl_core.selection``: the highest cosine of either answer to one of the round's samples), in each round with samples
of its own, and on random comparisons of the same number, new ones each round; and as many times on all of
them, so that both are trained for as many epochs. Asked are comparisons of other prompts: all, and the quarter that is
nearest to samples which no round has used.

What is tested is the selection. FRFT's claim about policies needs policy optimisation, and is not tested here.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.alpaca import Rows
from benchmarks.figures import Figure, arguments, figure, write_results
from benchmarks.learning import batches, fit, signals
from iirl_core.config.corpora import SplitSection
from iirl_core.corpus.identity import identity_and_key, identity_of, split_of
from iirl_core.demonstration import Comparison, Conversation, Message
from iirl_core.errors import InputError
from iirl_core.evaluation import Resampling
from iirl_core.expertness import Batch, Expertness
from iirl_core.records import open_records, parse_comparison
from iirl_core.records.raw import RawRecord
from iirl_core.selection import Nearest, dealt, drawn

TARGETS = ("alpaca-7b", "phi-2", "vicuna-7b-v1.5", "llama-2-7b-chat-hf", "gpt4_1106_preview")
SIZES, ROUNDS, SEEDS = (250, 500, 1000, 2000), 3, 3
FIRST = 250
SAMPLES = 240
"""Answers of each target; a part for each round, and one for choosing what is asked."""
EPOCHS, RATE, DECAY = 10, 3e-4, 0.1
SPLIT = SplitSection(train=0.7, guard=0, unseen=0.3)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """P comparisons: their ``names``, rows ``good [P, D]`` and ``bad [P, D]`` of both answers after their prompt, unit
    rows of the answers alone, ``answers [P, 2, D]``, and ``prompts [P]``, numbers of what they answer.
    """

    names: tuple[str, ...]
    good: torch.Tensor
    bad: torch.Tensor
    answers: torch.Tensor
    prompts: Ints

    def pick(self, index: Sequence[int]) -> Pairs:
        """Some of them."""
        at = list(index)
        names = tuple(self.names[place] for place in at)
        return Pairs(names, self.good[at], self.bad[at], self.answers[at], self.prompts[at])

    def similarities(self, samples: torch.Tensor) -> Floats:
        """``[P]``: the highest cosine of either answer to one of the samples ``[S, D]``."""
        return np.asarray((self.answers @ samples.T).amax(dim=(1, 2)).double().numpy())


def main() -> None:
    parser = arguments("refit", __doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".iirl/encodings"), help="encodings are kept here")
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows, limit = Rows(options.cache), 160 if options.quick else None
    train, asked = read_pairs(options.data / "hh-rlhf" / "harmless-base-1800.jsonl.gz", rows, limit)
    targets = TARGETS[:2] if options.quick else TARGETS
    samples = {name: read_samples(options.data / "alpaca_eval" / f"{name}.jsonl.gz", rows) for name in targets}
    sizes = tuple(size for size in SIZES if size < len(train.names)) or (len(train.names) // 3,)
    seeds = 1 if options.quick else SEEDS
    figures = list(measure(train, asked, samples, sizes, seeds))
    notes = (
        f"{len(train.names)} comparisons to choose from, {len(asked.names)} asked; {seeds} seeds; what is measured is "
        "how often the chosen answer gets the higher signal. Intervals are bootstraps over prompts (mean over seeds)."
    )
    write_results("refit", figures, notes, options.json)


def read_pairs(path: Path, rows: Rows, limit: int | None = None) -> tuple[Pairs, Pairs]:
    """Comparisons to learn from, and to ask; those with two prompts or two equal sides are left out."""
    found: dict[str, Comparison] = {}
    for row in open_records(path):
        if isinstance(row, RawRecord):
            try:
                one = parse_comparison(row.document)
            except InputError:
                continue
            found.setdefault(f"{identity_of(one.chosen)}/{identity_of(one.rejected)}", one)
    parts: dict[str, dict[str, Comparison]] = {"train": {}, "unseen": {}}
    for name, one in list(found.items())[:limit]:
        parts[split_of(identity_and_key(one.chosen)[1], SPLIT)][name] = one
    return tuple(_pairs(part, rows) for part in parts.values())  # type: ignore[return-value]


def _pairs(part: dict[str, Comparison], rows: Rows) -> Pairs:
    sides = [[one.chosen for one in part.values()], [one.rejected for one in part.values()]]
    numbers = {key: number for number, key in enumerate(sorted({identity_and_key(one)[1] for one in sides[0]}))}
    prompts = np.array([numbers[identity_and_key(one)[1]] for one in sides[0]], np.int64)
    answers = torch.stack([embedded(side, rows) for side in sides], dim=1)
    return Pairs(tuple(part), rows(sides[0]), rows(sides[1]), answers, prompts)


def read_samples(path: Path, rows: Rows) -> dict[int, torch.Tensor]:
    """Unit rows of the answers of one policy, in ``ROUNDS`` + 1 parts."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = sorted({json.loads(line)["response"] for line in lines}, key=lambda text: drawn(text, 0))[:SAMPLES]
    z = embedded([Conversation((Message("assistant", text),)) for text in texts], rows)
    parts = np.array([dealt(text, ROUNDS + 1) for text in texts])
    return {part: z[torch.from_numpy(parts == part)] for part in range(ROUNDS + 1)}


def embedded(items: Sequence[Conversation], rows: Rows) -> torch.Tensor:
    """``[N, D]``: unit rows of the answers alone."""
    alone = [Conversation((Message("assistant", item.answer),)) for item in items]
    return torch.nn.functional.normalize(rows(alone), dim=1)


def measure(
    train: Pairs, asked: Pairs, samples: dict[str, dict[int, torch.Tensor]], sizes: Sequence[int], seeds: int
) -> Iterator[Figure]:
    """All figures: per target, size and α; then over all targets."""
    quarter = {name: _quarter(asked, parts[ROUNDS]) for name, parts in samples.items()}
    parents = [_parent(train, seed) for seed in range(seeds)]
    everything = _rounds(parents, train, [list(range(len(train.names)))] * ROUNDS)
    wholes = [np.stack([_right(model, asked) for model in models]) for models in everything]
    start = np.stack([_right(parent, asked) for parent in parents])
    yield _share("parent, all asked", start, asked)
    for alpha, whole in enumerate(wholes):
        yield _share(f"re-fitted on all comparisons, α = {alpha + 1}, all asked", whole, asked)
    for size in sizes:
        control = _rounds(parents, train, [_random(train, size, round_) for round_ in range(ROUNDS)])
        near = {
            name: _rounds(parents, train, [_near(train, size, parts[round_]) for round_ in range(ROUNDS)])
            for name, parts in samples.items()
        }
        for alpha in range(ROUNDS):
            random = np.stack([_right(model, asked) for model in control[alpha]])
            right = {name: np.stack([_right(model, asked) for model in models[alpha]]) for name, models in near.items()}
            label = f"{size}, α = {alpha + 1}"
            for name in samples:
                yield _gap(f"{name}, {label}: near − random, its quarter", right[name], random, asked, quarter[name])
            kinds = {"all asked": [np.arange(len(asked.names))] * len(samples), "quarters": list(quarter.values())}
            for kind, parts in kinds.items():
                yield _gap_over(f"{label}: near − random, {kind}", list(right.values()), random, asked, parts)
                yield _gap_over(f"{label}: near − whole, {kind}", list(right.values()), wholes[alpha], asked, parts)


def _parent(train: Pairs, seed: int) -> Expertness:
    first = train.pick(_random(train, min(FIRST, len(train.names)), -1 - seed))
    return fit(first.good, first.bad, seed, paired=True)


def _rounds(parents: Sequence[Expertness], train: Pairs, chosen: Sequence[list[int]]) -> list[list[Expertness]]:
    """By round, then by seed: each round starts from the last."""
    found, here = [], list(parents)
    for index in chosen:
        here = [refitted(model, train.pick(index), seed) for seed, model in enumerate(here)]
        found.append(here)
    return found


def refitted(parent: Expertness, pairs: Pairs, seed: int) -> Expertness:
    """The parent after ``EPOCHS`` more over these comparisons; it is left as it was."""
    torch.manual_seed(seed)
    model = copy.deepcopy(parent).train()
    z = torch.cat([pairs.good, pairs.bad])
    expert = (torch.arange(len(z)) < len(pairs.good)).float()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for places, numbers in batches(len(pairs.good), len(pairs.bad), paired=True):
            optimiser.zero_grad()
            model.loss(Batch(z[places], expert[places], torch.ones(len(places)), numbers)).backward()
            optimiser.step()
    return model


def _near(train: Pairs, size: int, samples: torch.Tensor) -> list[int]:
    return _kept(train, size, train.similarities(samples))


def _random(train: Pairs, size: int, seed: int) -> list[int]:
    return _kept(train, size, np.array([drawn(name, seed) for name in train.names]))


def _kept(train: Pairs, size: int, similarities: Floats) -> list[int]:
    nearest = Nearest(size)
    for name, similarity in zip(train.names, similarities.tolist(), strict=True):
        nearest.offer(name, similarity)
    kept = nearest.kept()
    return [place for place, name in enumerate(train.names) if name in kept]


def _quarter(asked: Pairs, samples: torch.Tensor) -> Ints:
    """Positions of the nearest quarter."""
    return np.array(_kept(asked, max(1, len(asked.names) // 4), asked.similarities(samples)), np.int64)


def _right(model: Expertness, asked: Pairs) -> Floats:
    """``[P]``: 1 where the chosen answer gets the higher signal, ½ for a tie."""
    gap = signals(model, asked.good) - signals(model, asked.bad)
    return np.asarray((np.sign(gap) + 1) / 2)


def _share(name: str, right: Floats, asked: Pairs) -> Figure:
    """Of ``right [seeds, P]``."""
    told = Resampling().share(name, asked.prompts, right.mean(axis=0))
    return figure(name, right.mean(axis=1).tolist(), "share", baseline=f"95%: {told.low:.3f} to {told.high:.3f}")


def _gap(name: str, right: Floats, other: Floats, asked: Pairs, places: Ints) -> Figure:
    return _gap_over(name, [right], other, asked, [places])


def _gap_over(name: str, right: Sequence[Floats], other: Floats, asked: Pairs, places: Sequence[Ints]) -> Figure:
    """Differences of shares ``[seeds, P]`` on each target's places, all targets together; a run is a seed."""
    gaps = np.concatenate([(each - other)[:, at] for each, at in zip(right, places, strict=True)], axis=1)
    level = np.concatenate([other[:, at] for at in places], axis=1)
    told = Resampling().mean(name, np.concatenate([asked.prompts[at] for at in places]), gaps.mean(axis=0))
    beside = f"95%: {told.low:+.3f} to {told.high:+.3f}; the other side {level.mean():.3f}"
    return figure(name, gaps.mean(axis=1).tolist(), "share", baseline=beside)


if __name__ == "__main__":
    main()
