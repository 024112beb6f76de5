"""``POST /v1/rewards``: our own dialect; it says everything a Score knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from iirl_core.demonstration import Conversation, Input
from iirl_core.reading import Score
from iirl_core.records import messages_of, parse_record
from serving.dialects.dialect import Dialect, Understood, check_count, inputs_of
from serving.problem import unparsable_request
from serving.schemas import (
    ArtifactBody,
    EvidenceBody,
    Item,
    ReportsRequest,
    RewardBody,
    RewardsRequest,
    RewardsResponse,
    TextItem,
    TokensBody,
)
from serving.served import Served
from serving.steps import delivered_steps


def parse(body: bytes, _query: Mapping[str, str], most: int) -> Understood:
    """The request, understood."""
    try:
        request = RewardsRequest.model_validate_json(body)
    except ValidationError as error:
        raise unparsable_request(error) from error
    return Understood(_inputs(request.items, most), "items", request.model, request.truncate)


def parse_report(body: bytes, most: int) -> tuple[Understood, str]:
    """A report, understood: its items, and why.

    Raises:
        Problem: it cannot be read.
    """
    try:
        request = ReportsRequest.model_validate_json(body)
    except ValidationError as error:
        raise unparsable_request(error) from error
    return Understood(_inputs(request.items, most), "items", request.model, "allow"), request.reason


def _inputs(items: Sequence[Item], most: int) -> tuple[Input, ...]:
    check_count(len(items), most)
    return inputs_of("items", items, lambda _, item: _input_of(item))


def _input_of(item: Item) -> Input:
    if isinstance(item, TextItem):  # stricter than a corpus: text in no known template is refused, not guessed at
        return Conversation(messages_of(item.text))
    return parse_record(item.model_dump(exclude_none=True))


def answer(served: Served, scores: Sequence[Score]) -> RewardsResponse:
    """The response's body."""
    return RewardsResponse(
        artifact=artifact_body(served), data=[_reward_body(served, index, score) for index, score in enumerate(scores)]
    )


def artifact_body(served: Served) -> ArtifactBody:
    """Which reward model answered."""
    return ArtifactBody(
        name=served.name,
        version=served.version,
        digest=served.digest,
        release=served.release,
        audit=served.audit,
    )


def _reward_body(served: Served, index: int, score: Score) -> RewardBody:
    reading, evidence = score.reading, score.reading.evidence
    return RewardBody(
        index=index,
        reward=reading.reward,
        step_rewards=list(reading.step_rewards),
        uncertainty=reading.uncertainty,
        coverage_uncertainty=score.coverage_uncertainty,
        action=score.action.value,
        reasons=list(score.reasons),
        delivered=score.delivered,
        delivered_steps=delivered_steps(served, score),
        evidence=EvidenceBody(
            unpatched_reward=evidence.unpatched_reward,
            reshaped=evidence.reshaped,
            suppressed=evidence.suppressed,
            boosted=evidence.boosted,
            patches=list(evidence.patches),
            disagreement=evidence.disagreement,
            support_distance=evidence.support_distance,
            gate=list(evidence.gate),
        ),
        tokens=TokensBody(count=reading.tokens.count, truncated=reading.tokens.truncated) if reading.tokens else None,
    )


NATIVE = Dialect("/v1/rewards", "Rewards with their evidence", parse, answer, RewardsRequest, RewardsResponse)
