"""What a plan tells of the work: rows, steps, tokens, operations, and the hours that they take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iirl_core.config import Config
from iirl_core.config.expertness import EnsembleSection, LogRatioSection, MixtureSection
from iirl_core.config.sizes import is_open
from iirl_core.plan import Backbone, Head, forward_flops, hours, reading_flops, search_flops, training_flops
from iirl_core.plan.compute import Tuning
from iirl_core.plan.memory import Precision
from iirl_core.selection import MAX_TOKENS
from jobs.train.ahead import Ahead
from jobs.train.shapes import Shapes, adapters_of

H100_TFLOPS = {"bf16": 989.0, "fp32": 67.0}
CPU_TFLOPS = 0.05


@dataclass(frozen=True)
class Effort:
    """Operations in one precision, and what for; ``bound``: there may be fewer."""

    flops: float
    purpose: str
    bound: bool
    precision: Precision = "fp32"

    def __str__(self) -> str:
        return f"{_most(self.bound)}{self.flops:.3g} {self.purpose}"


def _most(bound: bool) -> str:
    return "at most " if bound else ""


def work_lines(config: Config, shapes: Shapes, head: Head | None, ahead: Ahead) -> Iterator[str]:
    """As far as rows, lengths and shapes are known."""
    train, encoder = config.train, shapes.encoder
    if encoder is not None and config.encoder.kind == "text" and config.tunes:
        most, longest = train.batch * config.encoder.max_tokens, config.encoder.max_tokens
        yield f"each step     at most {most:,} tokens, {most * _training_flops(config, encoder, longest):.3g} FLOPs"
    yield from _selection_lines(config, ahead)
    if ahead.rows is None:
        return
    steps = _steps(config, ahead.rows)
    yield _said_of_steps(config, ahead.rows, steps)
    if ahead.tokens is None or encoder is None or head is None:
        return
    yield from _token_lines(config, ahead, ahead.tokens, steps)
    efforts = _efforts(config, shapes, ahead, ahead.tokens)
    if efforts is None:
        return
    efforts += _fitting(config, encoder, head, ahead.tokens, steps)
    total, bound = sum(one.flops for one in efforts), any(one.bound for one in efforts)
    yield f"compute       {_most(bound)}{total:.3g} FLOPs: {', '.join(map(str, efforts))}"
    yield _hours_line(config, efforts)


def _rounds(config: Config) -> int:
    return 1 if config.train.select is None else config.train.select.rounds


def _steps(config: Config, rows: int) -> int:
    """Over all rounds; 0 where the family is learnt in one pass."""
    if not isinstance(config.expertness, EnsembleSection):
        return 0
    return _rounds(config) * max(1, config.train.epochs * rows // config.train.batch)


def _said_of_steps(config: Config, rows: int, steps: int) -> str:
    train, rounds = config.train, _rounds(config)
    if not steps:
        return f"one pass      over about {rows:,} rows to learn from: {config.expertness.family} takes no steps"
    most = _most(_may_stop(config))
    each = f"{train.epochs} epochs of about {rows:,} rows, {train.batch} a step"
    before = f", after {most}{train.head_epochs} epochs of the head alone" if train.head_epochs else ""
    return f"steps         {most}{steps:,}: {f'{rounds} rounds of ' if rounds > 1 else ''}{each}{before}"


def _is_bound(config: Config) -> bool:
    """Whether a selection may keep fewer comparisons than are counted here."""
    select = config.train.select
    return select is not None and select.keep is not None and select.threshold is not None


def _may_stop(config: Config) -> bool:
    """Whether fewer steps may be taken than are counted here: of fewer comparisons, or because training stops early."""
    held_out = config.train.held_out
    return _is_bound(config) or (held_out is not None and held_out.patience is not None)


def _selection_lines(config: Config, ahead: Ahead) -> Iterator[str]:
    select, found = config.train.select, ahead.selection
    if select is None or found is None or found.comparisons is None:
        return
    kept = "" if found.kept is None else f"{_most(_is_bound(config))}{found.kept:,} "
    rounds = f" in each of {select.rounds} rounds" if select.rounds > 1 else ""
    how = "the nearest to the samples" if kept else f"those whose cosine to a sample reaches {select.threshold:g}"
    how = "drawn at random" if select.by == "random" else how
    yield f"selection     {kept}of {found.comparisons:,} comparisons{rounds}, {how}"
    if found.embedded and ahead.tokens is not None:
        tokens = found.embedded * min(ahead.tokens, MAX_TOKENS)
        yield f"embedding     at most {tokens:.3g} tokens: {found.embedded:,} answers of comparisons and samples, once"


def _token_lines(config: Config, ahead: Ahead, tokens: float, steps: int) -> Iterator[str]:
    """Of texts that have so many tokens on average, before any are cut."""
    rounds, length = _rounds(config), _read(config, tokens)
    texts = steps * config.train.batch if config.tunes else rounds * (ahead.records or 0)
    how = "over all epochs" if config.tunes else "encoded once" if rounds == 1 else "encoded once in each round"
    yield f"tokens        {texts * length:.3g}: {texts:,} texts of about {length:.0f}, {how}"
    if isinstance(config.expertness, LogRatioSection):
        longest = min(tokens, config.expertness.max_tokens)
        yield f"reading       {2 * texts * longest:.3g} tokens: both policies read each text, about {longest:.0f} of it"


def _read(config: Config, tokens: float) -> float:
    """What the text encoder reads of them."""
    return min(tokens, config.encoder.max_tokens) if config.encoder.kind == "text" else tokens


def _efforts(config: Config, shapes: Shapes, ahead: Ahead, tokens: float) -> list[Effort] | None:
    """What is done before anything is fitted; None where some of it is not known."""
    section, policies = config.expertness, [one for one in shapes.policies.values() if one is not None]
    texts, length, found = _rounds(config) * (ahead.records or 0), _read(config, tokens), list[Effort]()
    if shapes.encoder is None or len(policies) < len(shapes.policies):
        return None
    if config.train.select is not None and config.train.select.by == "near":
        if shapes.sentences is None or ahead.selection is None or ahead.selection.embedded is None:
            return None
        most = min(tokens, MAX_TOKENS)
        flops = ahead.selection.embedded * most * forward_flops(shapes.sentences, most)
        found.append(Effort(flops, "to select", bound=True))
    encoding = texts * length * forward_flops(shapes.encoder, length)
    bound = _is_bound(config)
    found.append(Effort(encoding, "to calibrate" if config.tunes else "to encode", bound=config.tunes or bound))
    if config.train.head_epochs:
        found.append(Effort(encoding, "to encode for the head", bound=True))
    if isinstance(section, LogRatioSection):
        longest = min(tokens, section.max_tokens)
        reading = sum(texts * longest * reading_flops(one, longest) for one in policies)
        found.append(Effort(reading, "to read by both policies", bound))
    return found


def _fitting(config: Config, encoder: Backbone, head: Head, tokens: float, steps: int) -> Iterator[Effort]:
    """What steps cost, where any are taken."""
    rows, precision, bound = steps * config.train.batch, config.train.precision, _may_stop(config)
    fitting = 6.0 * head.parameters * rows
    if config.tunes:
        fitting *= 1 + config.train.head_epochs / config.train.epochs
        length = _read(config, tokens)
        fitting += rows * length * _training_flops(config, encoder, length)
        yield Effort(fitting, "to train", bound, precision)
        return
    if isinstance(config.expertness, MixtureSection) and is_open(config.expertness) and config.train.parent is None:
        searched = search_flops(config.expertness, encoder.width)
        yield Effort(searched, "to choose the head's size", bound=True)
    if steps:
        yield Effort(fitting, "to fit the head", bound or is_open(config.expertness), precision)


def _training_flops(config: Config, backbone: Backbone, length: float) -> float:
    """Of one token of a text of this length, in an encoder that is trained."""
    tuning: Tuning = config.encoder.tuning if config.encoder.kind == "text" else "frozen"
    adapters, again = adapters_of(config, backbone), config.train.gradient_checkpointing
    return training_flops(backbone, length, tuning=tuning, adapters=adapters, checkpointing=again)


def _hours_line(config: Config, efforts: list[Effort]) -> str:
    """A frozen encoder computes in fp32, what is trained in the precision of training. At most so many where any of
    the work is at most so much.
    """
    assumed, rate = _assumed(config), config.plan.utilisation
    total = sum(hours(one.flops, assumed.tflops[one.precision] * 1e12, rate) for one in efforts)
    said = _most(any(one.bound for one in efforts)) + (f"{total:,.0f}" if total >= 10 else f"{total:.2g}")
    return (
        f"{assumed.device}-hours     {said} on {assumed.count:g}: {rate:.0%} of {assumed.said} each assumed "
        "(plan.utilisation, plan.peak_tflops)"
    )


@dataclass(frozen=True)
class _Assumed:
    """``count`` devices of this kind, what one could do in either precision, and that in words."""

    device: str
    count: float
    tflops: dict[str, float]
    said: str


def _assumed(config: Config) -> _Assumed:
    train, told = config.train, config.plan.peak_tflops
    if train.gpus_per_worker:
        tflops = dict.fromkeys(H100_TFLOPS, told) if told else H100_TFLOPS
        said = f"{told:g} TFLOP/s" if told else "an H100's 989 TFLOP/s in bf16, 67 in fp32,"
        return _Assumed("GPU", train.workers * train.gpus_per_worker, tflops, said)
    each = told or CPU_TFLOPS
    return _Assumed("CPU", train.workers * train.cpus_per_worker, dict.fromkeys(H100_TFLOPS, each), f"{each:g} TFLOP/s")
