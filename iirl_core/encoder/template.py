"""Whether a chat template writes what is learnt from."""

from __future__ import annotations

from iirl_core.demonstration import Conversation, Message
from iirl_core.encoder.rendering import Rendering
from iirl_core.errors import ConfigError, InputError, one_line

TODO = "Set chat_template beside it"

_SYSTEM = Message("system", "Be brief.")
_EXCHANGE = (Message("user", "Are you open?"), Message("assistant", "From nine to five."))
SHAPES: tuple[tuple[Message, ...], ...] = ((), (_SYSTEM,), _EXCHANGE, (_SYSTEM, *_EXCHANGE, *_EXCHANGE))
"""What stands before the last question and its answer, nothing first: a template may drop what was said after a
system's turn, or late.
"""
QUESTIONS = ("May I come on Monday?", "Must I come on Monday?", "May I come on Tuesday?")
ANSWERS = ("Yes, we are here all day.", "No, we are here all day.", "Yes, we are here all week.")
"""No two are alike, nor begin and end alike: one that is cut looks like another."""


def check_template(rendering: Rendering, name: str, *, questions: bool = False, todo: str = TODO) -> None:
    """Nothing to do where another last answer makes another text, and to language models (``questions``) another last
    question as well. A template that drops the one makes every answer to a prompt worth the same, and hides from a
    language model what it is to imitate; one that drops the other asks it nothing. What it makes of earlier turns is
    its own affair (some leave out what was thought). Asked of conversations of several shapes; shapes that it refuses
    but for the plainest are passed over (many take no system's turn): records of such a shape are refused when they are
    encoded. ``name`` is what a user calls the model that reads what is written so, ``todo`` where to give it another
    template.

    Raises:
        ConfigError: it drops one of the two, or refuses a question and its answer.
    """
    for before in SHAPES:
        try:
            dropped = _dropped(rendering, before, questions=questions)
        except InputError as error:
            if before:
                continue
            raise ConfigError(
                f"{name}: the chat template refuses a question and its answer ({one_line(error.__cause__ or error)})",
                "one that writes every turn",
                todo,
            ) from error
        if dropped:
            roles = ", ".join(turn.role for turn in _asked(before, QUESTIONS[0], ANSWERS[0]).messages)
            raise ConfigError(
                f"{name}: the chat template drops {dropped} of a conversation ({roles})",
                "one that writes every turn",
                todo,
            )


def _dropped(rendering: Rendering, before: tuple[Message, ...], *, questions: bool) -> str:
    """What of the last question and answer does not show after these turns; empty where all of it does.

    Raises:
        InputError: the template refuses such a conversation.
    """
    answered = {rendering.render(_asked(before, QUESTIONS[0], answer)) for answer in ANSWERS}
    if len(answered) < len(ANSWERS):
        return "the answer" if len(answered) == 1 else "a part of the answer"
    asked = {rendering.render(_asked(before, question, ANSWERS[0])) for question in QUESTIONS}
    if questions and len(asked) < len(QUESTIONS):
        return "the question" if len(asked) == 1 else "a part of the question"
    return ""


def _asked(before: tuple[Message, ...], question: str, answer: str) -> Conversation:
    return Conversation((*before, Message("user", question), Message("assistant", answer)))
