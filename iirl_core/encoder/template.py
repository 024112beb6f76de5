"""Whether a chat template writes what is learnt from."""

from __future__ import annotations

from iirl_core.demonstration import conversation
from iirl_core.encoder.rendering import Rendering
from iirl_core.errors import ConfigError, InputError

TODO = "Set chat_template beside it"


def check_template(rendering: Rendering, name: str, *, questions: bool = False, todo: str = TODO) -> None:
    """Nothing to do where another answer makes another text, and to language models (``questions``) another question as
    well. A template that drops the one makes every answer to a prompt worth the same, and hides from a language model
    what it is to imitate; one that drops the other asks it nothing. ``name`` is what a user calls the model that reads
    what is written so, ``todo`` where to give it another template.

    Raises:
        ConfigError: it drops one of the two.
    """
    items = (("A question.", "One answer."), ("A question.", "Another one."), ("Another question.", "One answer."))
    try:
        text, answered, asked = (rendering.render(conversation(*item)) for item in items)
    except InputError:
        return  # it takes no such conversation; those that it takes will be asked of it
    dropped = "answer" if text == answered else "question" if questions and text == asked else None
    if dropped:
        raise ConfigError(f"{name}: the chat template drops the {dropped}", "one that writes every turn", todo)
