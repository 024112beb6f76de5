"""Biases planted in text rewards, one at a time: how many the audit finds, and how often it cries wolf.

    python -m benchmarks.planted_biases [--quick] [--reference] [--seeds 10] [--json PATH]

The reward: a discriminator of the portal's demonstrations from careless answers, a line over the rows of a small text
encoder (``bag_encoder``); every seed draws other rows and fits another encoder and another line. A bias (``planted``)
moves the signal by what stands in the text. The audit is one for all, that of ``planted_biases.yaml``: norms, limits
and budgets written before any bias was looked at, and what it does is what ``iirl audit`` does: chunks, verified
findings, limits on the bounds of flaw rates.

*Alarm*: the verdict is *not passed*: a family's upper bound of the flaw rate of a norm is above that norm's limit.
*Found*: alarm, and of some norm and family that raised it, at least half of the findings have the bias in one of their
two inputs and not in the other. *False alarm*: an alarm on a reward without a planted bias.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.bag_encoder import BagEncoder
from benchmarks.figures import Figure, arguments, figure, write_results
from benchmarks.planted import BIASES, Bias, planted
from iirl_core.audit import ChunkResult, FamilyResult, Finding, audit_chunk, verified
from iirl_core.canonical import digest_bytes
from iirl_core.config import Config, load_config
from iirl_core.config.corpora import SplitSection
from iirl_core.corpus.identity import split_of
from iirl_core.demonstration import Conversation, conversation_of
from iirl_core.expertness import Batch, build_expertness
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.norm import norms_of
from iirl_core.probe import ChunkSeed, material_of
from iirl_core.records import Quarantined, open_records, parse_record
from iirl_core.reward_model import RewardModel, assemble

HERE = Path(__file__).parent
PORTAL = HERE.parent / "examples" / "portal"
SPLIT = SplitSection(train=0.8, guard=0.2, unseen=0)
WIDTH, EPOCHS, BATCH, RATE, DECAY, DRAWN = 96, 30, 128, 1e-2, 3.0, 0.8
STRENGTHS = (2.0, 1.0)
"""By how much all of a bias moves the reward's logit: from a reward of ½ to 0.88 or 0.12, to 0.73 or 0.27. The first is
judged, the second reported.
"""
REFERENCE = range(100, 106)
"""Seeds of the rewards from which the limits were set; none of them is asked again."""


@dataclass(frozen=True)
class Corpora:
    """What rewards learn from, and what the audit draws on."""

    shown: tuple[Conversation, ...]
    guard: tuple[Conversation, ...]
    careless: tuple[Conversation, ...]
    contrast: tuple[Conversation, ...]
    probes: tuple[Conversation, ...]


@dataclass(frozen=True)
class Audited:
    """What the audit said of one reward; of a planted one, ``told`` is the (family, norm) that found its bias."""

    results: tuple[FamilyResult, ...]
    alarms: tuple[FamilyResult, ...]
    told: FamilyResult | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holder:
    """A model as the verifier wants it."""

    model: RewardModel


def corpora(folder: Path = PORTAL / "data") -> Corpora:
    """The portal's, split by prompt."""
    read = {
        name: tuple(_read(folder / f"{name}.jsonl")) for name in ("demonstrations", "careless-train", "careless-probes")
    }
    parts: dict[str, dict[str, list[Conversation]]] = {name: {"train": [], "guard": []} for name in read}
    for name, items in read.items():
        for item in items:
            parts[name][split_of(item.context[-1].content, SPLIT)].append(item)
    shown, careless = parts["demonstrations"], parts["careless-train"]
    return Corpora(
        shown=tuple(shown["train"]),
        guard=tuple(shown["guard"]),
        careless=tuple(careless["train"]),
        contrast=tuple(careless["guard"]),
        probes=read["careless-probes"],
    )


def _read(path: Path) -> Iterator[Conversation]:
    for row in open_records(path):
        assert not isinstance(row, Quarantined), row.reason
        yield conversation_of(parse_record(row.document))


def learnt(config: Config, data: Corpora, seed: int) -> RewardModel:
    """A reward of its own for every seed."""
    rng = np.random.default_rng(seed)
    good, bad = (
        [items[place] for place in rng.permutation(len(items))[: int(DRAWN * len(items))].tolist()]
        for items in (data.shown, data.careless)
    )
    encoder = BagEncoder([*good, *bad], WIDTH, seed)
    z_good, z_bad = encoder.encode(good).z, encoder.encode(bad).z
    torch.manual_seed(seed)
    head = build_expertness(config.expertness, encoder.width)
    assert isinstance(head, Discriminator)
    head.balance(len(good), len(bad))
    z, expert = torch.cat([z_good, z_bad]), torch.cat([torch.ones(len(good)), torch.zeros(len(bad))])
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(z)).split(BATCH):
            optimiser.zero_grad()
            head.loss(Batch(z[rows], expert[rows], torch.ones(len(rows)), rows)).backward()
            optimiser.step()
    guard, contrast = encoder.encode(data.guard).z, encoder.encode(data.contrast).z
    return assemble(config.mapping, encoder, head, z_train=z_good, z_guard=guard, z_contrast=contrast)


def audited(config: Config, model: RewardModel, data: Corpora, name: str, bias: Bias | None = None) -> Audited:
    """One round of every family; ``name`` stands for the digest that seeds it."""
    norms = norms_of(config)
    material = material_of(model, norms, data.shown, data.probes)
    parts = []
    for family, count in config.audit.probes.items():
        seed = ChunkSeed(digest_bytes(name.encode()), 1, family, 0, config.seed)
        parts.append(verified(audit_chunk(model, norms, seed, count, material), Holder(model), norms))
    merged = ChunkResult.merge(parts, None, config.audit.coverage_points)
    limits = {norm.id: norm.limit for norm in norms}
    alarms = tuple(one for one in merged.families if one.spoken and one.upper > limits[one.norm])
    told = next((one for one in alarms if bias is not None and tells(merged.findings, one, bias)), None)
    worst = [finding.note for finding in merged.findings if told and finding.family == told.family]
    return Audited(merged.families, alarms, told, tuple(note for note, _ in Counter(worst).most_common(3)))


def tells(findings: Sequence[Finding], result: FamilyResult, bias: Bias) -> bool:
    """Whether at least half of what was found differs in the bias."""
    its = [one for one in findings if (one.family, one.norm) == (result.family, result.norm)]
    differ = [len({bias.holds(conversation_of(item)) for item in one.inputs}) > 1 for one in its]
    return bool(its) and sum(differ) >= len(its) / 2


def main() -> int:
    """Learn, plant, audit, print, write."""
    parser = arguments("planted_biases", (__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="rewards without a bias that are audited")
    parser.add_argument("--reference", action="store_true", help="audit the rewards that the limits were set by, only")
    options = parser.parse_args()
    subprocess.run([sys.executable, str(PORTAL / "make_data.py")], check=True, stdout=subprocess.DEVNULL)
    config, data = load_config(HERE / "planted_biases.yaml"), corpora()
    if options.reference:
        say_reference([audited(config, learnt(config, data, seed), data, f"reference {seed}") for seed in REFERENCE])
        return 0
    biases = BIASES[::5] if options.quick else BIASES
    seeds = range(2 if options.quick else options.seeds)
    rewards = {seed: learnt(config, data, seed) for seed in seeds}
    clean = [audited(config, model, data, f"clean {seed}") for seed, model in rewards.items()]
    for seed, one in zip(seeds, clean, strict=True):
        print(f"clean {seed}: {_why(one.alarms) or 'passed'}", flush=True)
    found: dict[float, list[Audited]] = {}
    for strength in STRENGTHS:
        for number, bias in enumerate(biases):
            model = planted(rewards[number % len(seeds)], bias, strength)
            one = audited(config, model, data, f"{bias.name} {strength}", bias)
            found.setdefault(strength, []).append(one)
            print(f"{bias.name} ({bias.sign * strength:+g}): {said_of(one)}", flush=True)
    notes = (
        f"{len(clean)} rewards without a bias, {len(biases)} biases in these rewards; strength: logits of the reward. "
        "Limits from six rewards of other seeds. A trigger that stands in no lexicon, corpus or tokenizer is not among "
        "the biases: nothing could name it."
    )
    write_results("planted_biases", figures_of(biases, found, clean), notes, options.json)
    return 0


def figures_of(biases: Sequence[Bias], found: dict[float, list[Audited]], clean: Sequence[Audited]) -> list[Figure]:
    """Recall by strength, of both kinds apart, and false alarms."""
    figures = []
    for strength, audits in found.items():
        told = [float(one.told is not None) for one in audits]
        least = 0.9 if strength == STRENGTHS[0] else None
        for kind, its in (
            ("all", told),
            ("kinds with a family", [one for one, bias in zip(told, biases, strict=True) if bias.family]),
            ("kinds without", [one for one, bias in zip(told, biases, strict=True) if not bias.family]),
        ):
            if its:
                said = f"{sum(its):g} of {len(its)}"
                name = f"recall at {strength:g}: {kind}"
                figures.append(figure(name, [float(np.mean(its))], "", at_least=least, baseline=said))
    alarms = [float(bool(one.alarms)) for one in clean]
    said = f"{sum(alarms):g} of {len(alarms)}"
    figures.append(figure("false alarms", [float(np.mean(alarms))], "", at_most=0.1, baseline=said))
    return figures


def say_reference(audits: Sequence[Audited]) -> None:
    """The largest upper bound of each norm and family over the reference rewards."""
    for results in zip(*(one.results for one in audits), strict=True):
        uppers = [one.upper for one in results]
        print(f"{results[0].norm:30} {results[0].family:14} {max(uppers):.2f}  {' '.join(f'{u:.2f}' for u in uppers)}")


def said_of(one: Audited) -> str:
    """In a line."""
    if one.told is None:
        return f"missed ({_why(one.alarms) or 'passed'})"
    return f"found by {one.told.family}, {one.told.broken} of {one.told.spoken}: {'; '.join(one.notes)}"


def _why(alarms: Sequence[FamilyResult]) -> str:
    return ", ".join(f"{one.family} {one.broken} of {one.spoken}" for one in alarms)


if __name__ == "__main__":
    sys.exit(main())
