"""Findings as tasks of Label Studio (https://labelstud.io), and the labelling configuration to show them with.

A task is ``{"id", "data"}`` (its guide: Basic Label Studio JSON format). Imported, it gets an id of Label Studio's own,
so whatever leads back to the finding lies in ``data``, which comes back as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from iirl_core.audit.finding import Finding
from iirl_core.canonical import Digest, JsonValue
from iirl_core.demonstration import Conversation, Input
from iirl_core.norm.rule import rule_of
from iirl_core.signing.labels import ORDERS, WORDS
from iirl_core.triage.review import Review

Shape = Literal["single", "pair"]
"""Single inputs are labelled with a right reward, pairs with a right order: a project of Label Studio is for one."""
SHAPES: tuple[Shape, ...] = ("single", "pair")


def asked_of_people(review: Review) -> tuple[Finding, ...]:
    """What people are still to look at, the most worth first: the representatives that nobody labelled, and what waits
    for another person.
    """
    shown = [name for cluster in review.clusters for name in cluster.representatives]
    waiting = [name for name, settled in review.settled.items() if settled.waits]
    said = {name for name, settled in review.settled.items() if settled.direct and not settled.waits}
    return tuple(review.finding(name) for name in dict.fromkeys([*shown, *sorted(waiting)]) if name not in said)


def shape_of(finding: Finding) -> Shape:
    """Which labelling configuration shows it."""
    return "pair" if len(finding.inputs) > 1 else "single"


def tasks_of(review: Review, findings: Sequence[Finding], artifact: Digest, round_: int) -> list[JsonValue]:
    """One task a finding, in order; all of one shape."""
    return [
        {"id": number, "data": _data(review, finding, artifact, round_)} for number, finding in enumerate(findings, 1)
    ]


def _data(review: Review, finding: Finding, artifact: Digest, round_: int) -> dict[str, JsonValue]:
    norm, titles = review.norm(finding.norm), ("original", "edited")[-len(finding.inputs) :]
    rule = f"{rule_of(norm)}: {norm.rationale}" if norm else "not configured any more"
    data: dict[str, JsonValue] = {
        "finding": finding.id,
        "artifact": artifact,
        "round": round_,
        "cluster": review.cluster_of(finding.id).id,
        "question": f"{finding.norm} ({rule}), off by {finding.excess:.3f}; {finding.family}: {finding.note}",
    }
    for title, item, reward in zip(titles, finding.inputs, finding.rewards, strict=True):
        data[title] = _paragraphs(item, finding.step)
        data[f"{title}_reward"] = f"{title}: reward {reward:.3f}"
    return data


def _paragraphs(item: Input, step: int) -> list[JsonValue]:
    """As the tag Paragraphs has them."""
    if isinstance(item, Conversation):
        return [{"author": message.role, "text": message.content} for message in item.messages]
    at = min(step, len(item) - 1)
    rows = [("observation", item.observations), *([("action", item.actions)] if item.actions is not None else [])]
    return [
        {"author": f"step {at + 1} of {len(item)}, {name}", "text": ", ".join(f"{value:.4g}" for value in table[at])}
        for name, table in rows
    ]


def labelling_config(shape: Shape) -> str:
    """The labelling interface, XML: paste it into the project's settings before the tasks are imported."""
    sides = "".join(
        f'    <View style="flex: 1; padding: 0 1em">\n      <Header value="${side}_reward"/>\n'
        f'      <Paragraphs name="{side}" value="${side}" layout="dialogue" nameKey="author" textKey="text"/>\n'
        "    </View>\n"
        for side in (("original", "edited") if shape == "pair" else ("edited",))
    )
    flaw = 'visibleWhen="choice-selected" whenTagName="label" whenChoiceValue="flaw"'
    wrong = 'visibleWhen="choice-selected" whenTagName="label" whenChoiceValue="not a flaw"'
    right = (
        f'  <Choices name="order" toName="edited" choice="single" showInline="true" {flaw}>\n{_choices(ORDERS)}'
        "  </Choices>\n"
        if shape == "pair"
        else f'  <View {flaw}>\n    <Header value="The right reward, if you know it" size="5"/>\n'
        '    <Number name="reward" toName="edited" min="0" max="1" step="0.01"/>\n  </View>\n'
    )
    return (
        '<View>\n  <Header value="$question"/>\n  <View style="display: flex">\n'
        f"{sides}  </View>\n"
        f'  <Choices name="label" toName="edited" choice="single" required="true" showInline="true">\n{_choices(WORDS)}'
        f'  </Choices>\n{right}  <View {wrong}>\n    <Header value="A threshold that would be right" size="5"/>\n'
        '    <Number name="threshold" toName="edited" min="-1" max="1" step="0.01"/>\n  </View>\n'
        '  <TextArea name="because" toName="edited" rows="2" maxSubmissions="1"\n'
        '    placeholder="Why (needed where it is not a flaw: why is the norm wrong here?)"/>\n</View>\n'
    )


def _choices(values: Sequence[str]) -> str:
    return "".join(f'    <Choice value="{value}"/>\n' for value in values)
