"""``iirl train --dry-run``: what training would take, as lines of text. Loads neither torch nor Ray, starts nothing."""

from __future__ import annotations

from collections.abc import Iterator

from iirl_core.config import Config
from iirl_core.config.expertness import HeadSection
from iirl_core.config.heads import headed
from iirl_core.config.sizes import check_size, is_open
from iirl_core.plan import Backbone, Head, classifier_refusal, head_of
from jobs.train.ahead import look_ahead
from jobs.train.effort import work_lines
from jobs.train.footprint import encoding_lines, training_lines
from jobs.train.shapes import Shapes, adapters_of, shapes_of, trainable_of
from jobs.train.width import width_of

TITLE = "plan: what training would take, estimated from shapes (iirl_core/plan); nothing was started"


def plan_lines(config: Config) -> list[str]:
    """The plan of a configuration. What cannot be known before training is named, not guessed.

    Raises:
        ConfigError: training would refuse it, as far as shapes tell.
    """
    if config.train.parent is None:  # a re-fit keeps its parent's heads
        config = headed(config)
    shapes, ahead = shapes_of(config), look_ahead(config)
    width = width_of(config, shapes.encoder, ahead.observations, ahead.actions)
    if width and config.train.parent is None:
        check_size(config.expertness, width)
    head = head_of(config.expertness, width) if width else None
    lines = [TITLE, *_parameter_lines(config, shapes, head)]
    if head is not None:
        memory = [*encoding_lines(config, shapes)]
        memory += training_lines(config, shapes.encoder, head) if head.parameters else ()
        lines += ["", *memory, ""] if memory else []
    lines += work_lines(config, shapes, head, ahead)
    lines += [f"assumed       {what}" for what in (*shapes.assumed, *ahead.assumed)]
    lines += [f"not known     {reason}" for reason in (*shapes.unknown, *ahead.unsaid.values())]
    return lines


def _parameter_lines(config: Config, shapes: Shapes, head: Head | None) -> Iterator[str]:
    backbone = shapes.encoder
    if backbone is not None:
        tuning = _said_of_tuning(config, backbone)
        yield f"encoder       {backbone.parameters:,} parameters ({_said_of_shape(backbone)}), {tuning}"
    elif config.encoder.kind == "trajectory":
        yield "encoder       a mean and a deviation for each number of a step"
    for called, policy in shapes.policies.items():
        if policy is not None:
            shape = _said_of_shape(policy.backbone)
            yield f"policy        {called}: {policy.parameters:,} parameters ({shape}), frozen"
    if shapes.sentences is not None:
        shape = _said_of_shape(shapes.sentences)
        yield f"sentences     {shapes.sentences.parameters:,} parameters ({shape}), to select by, frozen"
    if head is not None:
        most, why = ("at most ", ", its size chosen by held-out error") if is_open(config.expertness) else ("", "")
        yield f"head          {most}{head.parameters:,} parameters ({config.expertness.family}{why})"
        yield f"trainable     {trainable_of(config, backbone, head):,} parameters"
    if backbone is not None and config.encoder.kind == "text" and not _has_its_parents_head(config):
        refused = classifier_refusal(config.encoder, config.expertness, backbone)
        yield "model/        " + (
            f"no stock classifier: {refused}" if refused else "a stock classifier, if its tokenizer allows"
        )


def _has_its_parents_head(config: Config) -> bool:
    """Whether a re-fit's head has units that only its parent knows."""
    section = config.expertness
    return config.train.parent is not None and isinstance(section, HeadSection) and section.hidden is None


def _said_of_shape(backbone: Backbone) -> str:
    return f"{backbone.kind}, {backbone.layers} layers of {backbone.width}"


def _said_of_tuning(config: Config, backbone: Backbone) -> str:
    if not config.tunes:
        return "frozen"
    adapters = adapters_of(config, backbone)
    return f"frozen beside {adapters:,} of adapters" if adapters else "trained too"
