"""What a trainer sends as one string (prompt and answer, templated) → the Conversation that is meant.

Where the prompt came along, all that follows it is the answer, whatever it contains: an answer that writes turns of
its own stays one answer.
"""

from __future__ import annotations

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.errors import InputError
from iirl_core.records.templates import is_templated, messages_of, turns_of, without_begin, without_end

_STAND_IN = "\uf8fe\uf8ff"
"""Stands for the answer while its template decides about the white space around it."""


def conversation_of_query(query: str, prompt: str | None = None) -> Conversation:
    """The conversation of ``query``: a templated text, or ``prompt`` + answer; end-of-text tokens at its end go.

    Raises:
        InputError: the query neither begins with its prompt nor is in a known chat template.
    """
    if prompt and not query.startswith(prompt):  # one side may lack the beginning-of-text token
        query, prompt = without_begin(query), without_begin(prompt)
    if prompt and query.startswith(prompt):
        answer = without_end(query[len(prompt) :])
        if not is_templated(prompt):
            return conversation(prompt, answer.strip())
        if answered := _answered(prompt, answer):
            return answered
    if not is_templated(query):
        raise InputError(
            "a query that neither begins with its prompt nor is in a known chat template",
            "prompt + answer, or ChatML, Llama, Mistral, Gemma, Zephyr, Phi, Human/Assistant, User/Assistant",
            "Send messages to /v1/rewards instead",
        )
    return Conversation(messages_of(query))


def _answered(prompt: str, answer: str) -> Conversation | None:
    """``answer`` in the turn that ``prompt`` leaves open; None where it leaves none."""
    last = turns_of(prompt)[-1]
    if last.message.role != "assistant" or last.closed:
        return None
    said = answer.strip()
    *context, opened = messages_of(prompt + (answer.replace(said, _STAND_IN, 1) if said else answer))
    return Conversation((*context, Message("assistant", opened.content.replace(_STAND_IN, said))))
