"""``POST /get_reward``: OpenRLHF's remote reward model (``--reward.remote_url``), also spoken by its forks.

The client sends no header and reads only lists of numbers: ``rewards`` and ``scores``, one per query, and
``extra_logs`` whose keys must be the same in every response. One query per request today, whole batches in older
releases, and *empty* lists to all but the first of several URLs. What a request cannot say in its body it may say in
the URL: ``?truncate=allow``, ``?model=NAME``.

Source: openrlhf/utils/agent.py and openrlhf/cli/serve_rm.py, v0.11.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from iirl_core.demonstration import Input
from iirl_core.reading import Action, Score
from iirl_core.records import conversation_of_query
from serving.dialects.dialect import Dialect, Truncate, Understood, check_count, inputs_of, truncated
from serving.dialects.native import artifact_body
from serving.problem import Detail, Problem, unparsable_request
from serving.schemas import GetRewardRequest, GetRewardResponse
from serving.served import Served

TRUNCATE: dict[str, Truncate] = {"error": "error", "allow": "allow"}


def parse(body: bytes, query: Mapping[str, str], most: int) -> Understood:
    """The request, understood: each query parsed back into messages."""
    try:
        request = GetRewardRequest.model_validate_json(body)
    except ValidationError as error:
        raise unparsable_request(error) from error
    check_count(len(request.query), most)
    truncate = query.get("truncate", "error")
    if truncate not in TRUNCATE:
        raise Problem(422, "invalid_request", f"truncate={truncate}, expected error or allow")
    prompts = request.prompts or [None] * len(request.query)
    if len(prompts) != len(request.query):
        raise Problem(422, "invalid_request", f"{len(request.query)} queries but {len(prompts)} prompts")

    def understand(index: int, text: str) -> Input:
        return conversation_of_query(text, prompts[index])

    inputs = inputs_of("query", request.query, understand)
    return Understood(inputs, "query", query.get("model"), TRUNCATE[truncate])


def answer(served: Served, scores: Sequence[Score]) -> GetRewardResponse:
    """The delivered rewards.

    Raises:
        Problem: the release refuses to give a number for some of them (422, which ones).
    """
    refused = tuple(
        Detail(f"query.{index}", f"{score.action.value}: {'; '.join(score.reasons)}")
        for index, score in enumerate(scores)
        if score.delivered is None
    )
    if refused:
        raise Problem(422, "refused", f"the release refuses a reward for {len(refused)} of {len(scores)}", refused)
    delivered = [score.delivered for score in scores if score.delivered is not None]
    return GetRewardResponse(
        rewards=delivered,
        scores=[min(1.0, reward) for reward in delivered],
        extra_logs={
            "uncertainty": [score.reading.uncertainty for score in scores],
            "coverage_uncertainty": [score.coverage_uncertainty for score in scores],
            "blocked": [float(score.action is Action.BLOCK) for score in scores],
            "escalated": [float(score.action is Action.ESCALATE) for score in scores],
            "truncated": [float(truncated(score)) for score in scores],
        },
        artifact=artifact_body(served),
    )


OPENRLHF = Dialect("/get_reward", "OpenRLHF's remote reward", parse, answer, GetRewardRequest, GetRewardResponse)
