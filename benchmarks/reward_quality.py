"""What rewards learnt in several ways agree with, on published answers: a judge, or length and style?

    python -m benchmarks.reward_quality [--quick] [--data FOLDER] [--cache FOLDER] [--json PATH]

alpaca_eval: half of the prompts (by hash) are learnt from, the other half asked. Each answer is encoded once (frozen
MiniLM); every reward is a head over those rows, trained three times from other seeds by a plain loop. The judge is
GPT-4's probability to prefer an answer to gpt4_1106_preview's; the 19 models that it judged are asked, all of them.

    init-demo      phi-2 → gpt4_1106_preview     init-sft   phi-2 → phi-2-sft
    sft-demo       phi-2-sft → gpt4_1106_preview
    corrupted      gpt4_1106_preview against its own answers, spoilt: demonstrations only
    one-class      gpt4_1106_preview alone, a mixture of autoencoders: demonstrations only
    preference     Bradley-Terry on the judge's own clear preferences among the three models' answers
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.figures import Figure, arguments, figure, write_results
from iirl_core.config.corpora import SplitSection
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, MixtureSection
from iirl_core.corpus.identity import identity_and_key, identity_of, split_of
from iirl_core.corruption import corrupted
from iirl_core.demonstration import Conversation, Demonstration, conversation
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.evaluation import SUITES, Estimate, Frozen, Judged, Resampling, random_heads
from iirl_core.evaluation.judge import clear_pairs
from iirl_core.expertness import Batch, Expertness, ExpertnessSection, build_expertness
from iirl_core.expertness.discriminator import Discriminator

JUDGE = "preference_over_gpt4_1106_preview"
DEMONSTRATOR, INIT, SFT, GAMER = "gpt4_1106_preview", "phi-2", "phi-2-sft", "NullModel"
MAX_TOKENS = 256
SPLIT = SplitSection(train=0.5, guard=0, unseen=0.5)
SHARES = {"mismatched": 0.5, "truncated": 0.5, "shuffled": 0.5, "repeated": 0.5}
SEEDS = (0, 1, 2)
EPOCHS, BATCH, RATE, DECAY = 30, 64, 1e-3, 0.1
ASKED = 120
"""Prompts asked, of the about 300 that are not learnt from: encoding is what takes the time."""
QUICK_PROMPTS = 60
DEMONSTRATIONS_ONLY = ("corrupted", "one-class")
BOUNDS = {"judge/agreement": 0.86, "judge/agreement@25%": 0.72, "judge/policies-apart": 0.92}
"""To be reached from demonstrations alone."""
PICKS = ("judge/agreement", "judge/agreement@25%", "judge/agreement@10%", "judge/policies", "judge/policies-apart")


@dataclass(frozen=True)
class Answer:
    """One model's answer; ``golden`` is the judge's preference, None where it was not asked."""

    model: str
    item: Conversation
    golden: float | None

    @property
    def prompt(self) -> str:
        """What decides the split."""
        return identity_and_key(self.item)[1]


@dataclass(frozen=True, eq=False)
class Task:
    """Rows to learn from: ``good [N, D]``, and ``bad [M, D]`` unless one class is enough; ``paired``: good and bad rows
    are the two sides of comparisons.
    """

    good: Tensor
    bad: Tensor | None
    paired: bool = False


def main() -> int:
    """Encode, learn, ask, print, write."""
    parser = arguments("reward_quality", (__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(".iirl/encodings"), help="encodings are kept here")
    options = parser.parse_args()
    folder = options.data / "alpaca_eval"
    if not folder.is_dir():
        print(f"reward_quality: there is no data at {folder}; the README says where it is published", file=sys.stderr)
        return 2
    seeds, resampling = (SEEDS[:1], Resampling(100)) if options.quick else (SEEDS, Resampling())
    train, unseen = read(folder, *((QUICK_PROMPTS, QUICK_PROMPTS) if options.quick else (None, ASKED)))
    encode = Rows(fit_encoder(TextEncoderSection(max_tokens=MAX_TOKENS), []), options.cache)
    judged = judged_of(unseen, encode)
    tasks = tasks_of(train, encode)
    figures = [*baselines(judged, resampling)]
    for name, task in tasks.items():
        asked = [replace(judged, rewards=signals(fit(task, seed), judged_rows(unseen, encode))) for seed in seeds]
        figures += figures_of(name, asked, resampling)
    prompts = (len({each.prompt for each in answers}) for answers in (train, unseen))
    notes = "{} prompts learnt from, {} asked; ".format(*prompts) + (
        f"{len(judged.names)} judged models; MiniLM frozen, {MAX_TOKENS} tokens, no training end to end. "
        f"Agreement: pairs whose judged preferences differ by 0.2 or more, without {GAMER} (its preference was won by "
        f"fooling the judge) and, unless said, without {DEMONSTRATOR}'s own answers. Intervals (of the first seed) are "
        "95%, clustered by prompt; a random head's are of heads. policies: Spearman over models; policies-apart: over "
        "models whose intervals of mean preference do not overlap. N of best-of-N are answers of several models, so "
        f"there is no bound on KL. Reached: whether the median of {len(seeds)} seeds is."
    )
    write_results("reward_quality", figures, notes, options.json)
    return 0


def read(folder: Path, learn: int | None, ask: int | None) -> tuple[list[Answer], list[Answer]]:
    """Answers to prompts that are learnt from (of the models that are learnt from) and asked (of those judged): of so
    many prompts each, those of the lowest hash; None keeps all.
    """
    train, unseen = [], []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        model = path.name.removesuffix(".jsonl.gz")
        answers = [Answer(model, conversation(row["prompt"], row["response"]), row.get(JUDGE)) for row in rows]
        for answer in answers:
            learnt = split_of(answer.prompt, SPLIT) == "train"
            if learnt and model in (DEMONSTRATOR, INIT, SFT):
                train.append(answer)
            if not learnt and answer.golden is not None:
                unseen.append(answer)
    return _lowest(train, learn), _lowest(unseen, ask)


def _lowest(answers: list[Answer], prompts: int | None) -> list[Answer]:
    kept = set(sorted({each.prompt for each in answers})[:prompts])
    return [each for each in answers if each.prompt in kept]


class Rows:
    """Encodes each conversation once, ever: rows are kept in ``folder`` by what they are rows of."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self.encoder, self.path = encoder, folder / f"minilm-{MAX_TOKENS}.npz"
        self.known: dict[str, np.ndarray] = {}
        if self.path.exists():
            kept = np.load(self.path)
            self.known = dict(zip(kept["names"].tolist(), kept["rows"], strict=True))

    def __call__(self, items: Sequence[Conversation]) -> Tensor:
        """``[N, D]`` float32."""
        names = [str(identity_of(item)) for item in items]
        new = {name: item for name, item in zip(names, items, strict=True) if name not in self.known}
        if new:
            rows = self.encoder.encode(list(new.values())).z.numpy()
            self.known |= dict(zip(new, rows, strict=True))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self.path, names=np.array(list(self.known)), rows=np.stack(list(self.known.values())))
        return torch.from_numpy(np.stack([self.known[name] for name in names]))


def judged_rows(unseen: Sequence[Answer], encode: Rows) -> Tensor:
    """``[N, D]``: of the judged answers."""
    return encode([each.item for each in unseen])


def judged_of(unseen: Sequence[Answer], encode: Rows) -> Judged:
    """The judged answers; their rewards are 0 still."""
    names = sorted({each.model for each in unseen})
    prompts = {prompt: index for index, prompt in enumerate(sorted({each.prompt for each in unseen}))}
    rows = judged_rows(unseen, encode).double().numpy()
    return Judged(
        names=tuple(names),
        policies=np.array([names.index(each.model) for each in unseen], np.int64),
        rewards=np.zeros(len(unseen)),
        golden=np.array([each.golden for each in unseen], np.float64),
        clusters=np.array([prompts[each.prompt] for each in unseen], np.int64),
        lengths=np.array([len(each.item.answer) for each in unseen], np.float64),
        heads=rows @ random_heads(rows.shape[1]),
    )


def tasks_of(train: Sequence[Answer], encode: Rows) -> dict[str, Task]:
    """What plays demonstrations and negatives, by name."""
    by_model = {
        model: encode([each.item for each in train if each.model == model]) for model in (DEMONSTRATOR, INIT, SFT)
    }
    shown = [each.item for each in train if each.model == DEMONSTRATOR]
    records = [Demonstration(identity_of(item), item, DEMONSTRATOR, "train") for item in shown]
    spoilt = [item for record in records for _, item in corrupted(record, SHARES, shown)]
    return {
        "init-demo": Task(by_model[DEMONSTRATOR], by_model[INIT]),
        "init-sft": Task(by_model[SFT], by_model[INIT]),
        "sft-demo": Task(by_model[DEMONSTRATOR], by_model[SFT]),
        "corrupted": Task(by_model[DEMONSTRATOR], encode([item for item in spoilt if isinstance(item, Conversation)])),
        "one-class": Task(by_model[DEMONSTRATOR], None),
        "preference": preference_of(train, encode),
    }


def preference_of(train: Sequence[Answer], encode: Rows) -> Task:
    """The judge's clear preferences among the answers to each prompt that is learnt from."""
    judged = judged_of([each for each in train if each.golden is not None], encode)
    first, second = clear_pairs(judged)
    rows = encode([each.item for each in train if each.golden is not None])
    return Task(rows[first], rows[second], paired=True)


def fit(task: Task, seed: int) -> Expertness:
    """A head, trained by the plain loop; the section's own defaults."""
    torch.manual_seed(seed)
    z, expert = task.good, torch.ones(len(task.good))
    width, section = task.good.shape[1], section_of(task)
    if task.bad is not None:
        z, expert = torch.cat([z, task.bad]), torch.cat([expert, torch.zeros(len(task.bad))])
    model = build_expertness(section, width)
    if isinstance(model, Discriminator) and task.bad is not None:
        model.balance(len(task.good), len(task.bad))
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for rows, numbers in batches(task):
            optimiser.zero_grad()
            model.loss(Batch(z[rows], expert[rows], torch.ones(len(rows)), numbers)).backward()
            optimiser.step()
    return model


def section_of(task: Task) -> ExpertnessSection:
    """The family that learns from such rows."""
    if task.paired:
        return BradleyTerrySection()
    return MixtureSection(bottleneck=16) if task.bad is None else DiscriminatorSection()


def batches(task: Task) -> Iterator[tuple[Tensor, Tensor]]:
    """An epoch: positions in ``[*good, *bad]`` and the rows' numbers. The sides of a comparison stay neighbours, with
    numbers that differ in the last bit.
    """
    good = len(task.good)
    if task.paired:
        for pairs in torch.randperm(good).split(BATCH // 2):
            yield torch.stack([pairs, pairs + good], 1).flatten(), torch.stack([2 * pairs, 2 * pairs + 1], 1).flatten()
    else:
        for rows in torch.randperm(good + (0 if task.bad is None else len(task.bad))).split(BATCH):
            yield rows, rows


@torch.no_grad()
def signals(model: Expertness, z: Tensor) -> np.ndarray:
    """``[N]``: the mean of the members' signals. All that is asked of them is an order."""
    return model.eval().signals(z).mean(dim=0).double().numpy()


def part(judged: Judged, without: Sequence[str]) -> Judged:
    """Without some models."""
    kept = ~np.isin(judged.policies, [index for index, name in enumerate(judged.names) if name in without])
    columns = ("policies", "rewards", "golden", "clusters", "lengths", "heads")
    return replace(judged, **{name: getattr(judged, name)[kept] for name in columns})


def baselines(judged: Judged, resampling: Resampling) -> list[Figure]:
    """Length alone and random heads, by the suites themselves."""
    by_length = figures_of("length alone", [replace(judged, rewards=judged.lengths)], resampling)
    frozen = Frozen.of_judged(part(judged, [GAMER, DEMONSTRATOR]))
    heads = [each for each in SUITES["random"](frozen, resampling) if each.name.removeprefix("random/") in PICKS]
    return [*by_length, *(_figure("random head", each, [each.value], None) for each in heads)]


def figures_of(name: str, asked: Sequence[Judged], resampling: Resampling) -> list[Figure]:
    """One way of learning: its figures, over the seeds."""
    own = [part(judged, [GAMER, DEMONSTRATOR]) for judged in asked]
    found = [_estimates("judge", judged, resampling) for judged in own]
    bounds = BOUNDS if name in DEMONSTRATIONS_ONLY else {}
    figures = [
        _figure(name, found[0][pick], [each[pick].value for each in found], bounds.get(pick))
        for pick in PICKS
        if all(pick in each for each in found)
    ]
    every = [_estimates("judge", part(judged, [GAMER]), resampling) for judged in asked]
    label = f"{name}, and {DEMONSTRATOR}"
    agreement = "judge/agreement"
    figures.append(_figure(label, every[0][agreement], [each[agreement].value for each in every], None))
    picked = [_estimates("best_of_n", judged, resampling) for judged in own]
    figures += [_figure(name, picked[0][pick], [each[pick].value for each in picked], None) for pick in picked[0]]
    places = [place_of(GAMER, judged) for judged in asked]
    policies = len(asked[0].names)
    bound = policies - policies // 3 + 1 if name in DEMONSTRATIONS_ONLY else None
    return [*figures, figure(f"{name}: place of {GAMER}", places, f"of {policies}", at_least=bound)]


def place_of(model: str, judged: Judged) -> int:
    """From 1, the model of the highest mean reward."""
    means = np.bincount(judged.policies, weights=judged.rewards) / np.bincount(judged.policies)
    return int((means > means[judged.names.index(model)]).sum()) + 1


def _estimates(suite: str, judged: Judged, resampling: Resampling) -> dict[str, Estimate]:
    return {estimate.name: estimate for estimate in SUITES[suite](Frozen.of_judged(judged), resampling)}


def _figure(label: str, estimate: Estimate, runs: Sequence[float], bound: float | None) -> Figure:
    interval = f"[{estimate.low:.3f}, {estimate.high:.3f}], {estimate.count}"
    short = estimate.name.removeprefix("random/").removeprefix("judge/")
    return figure(f"{label}: {short}", runs, "", at_least=bound, baseline=interval)


if __name__ == "__main__":
    sys.exit(main())
