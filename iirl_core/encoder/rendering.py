"""Conversations → tokens: one chat template, and one rule for what is cut when a conversation is too long.

The rule ``context``: the start of the context goes first; an answer that is too long by itself loses its end. Special
tokens that the tokenizer puts around a text (CLS and SEP, BOS and EOS) stay. The rule ``left``: the last tokens stay,
special or not, as a tokenizer that knows nothing of answers has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import jinja2
from transformers import PreTrainedTokenizerBase

from iirl_core.config.encoding import Truncation
from iirl_core.demonstration import Conversation
from iirl_core.encoder.forging import Forging
from iirl_core.errors import ConfigError, InputError, one_line

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] }}"
    "{% if not loop.last %}{{ '\\n' }}{% endif %}{% endfor %}"
)
"""Ours, for tokenizers that have none: ``role: content``, a turn a line."""

_ANSWER = "\u241eanswer\u241e"
"""Stands in for the answer when the template is asked where answers go."""

TOLD, TOLD_LETTERS = 6, 60
"""Roles, and letters of a turn, that are told of a conversation."""

BROKEN = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a template raises: on purpose, or where it reckons with something else than it is given."""

Around = tuple[tuple[int, ...], tuple[int, ...]]
"""Ids of special tokens before and after a text."""


@dataclass(frozen=True)
class Tokens:
    """``ids`` with special tokens, never empty; ``truncated`` says whether something was cut."""

    ids: tuple[int, ...]
    truncated: bool


@dataclass(frozen=True)
class Answered:
    """What a language model reads of a conversation: ``ids[start:]`` are the answer's and what ends it, ``ids[:start]``
    are what stands before it, as ``Rendering.prompt`` gives it.
    """

    ids: tuple[int, ...]
    start: int
    truncated: bool


class Rendering:
    """A tokenizer, a chat template and a length, frozen together. ``around``: what is put around a text where its
    template has not written it; None: what the tokenizer itself does. ``truncation``: the rule of ``tokens``.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        template: str,
        max_tokens: int,
        around: Around | None = None,
        truncation: Truncation = "context",
    ) -> None:
        if not tokenizer.is_fast:
            raise ConfigError(f"a slow tokenizer ({type(tokenizer).__name__})", "one with a tokenizer.json")
        self.tokenizer, self.template, self.max_tokens = tokenizer, template, max_tokens
        self.truncation = truncation
        self.forging = Forging(tokenizer, plain=template == PLAIN_TEMPLATE)
        own = self._surroundings()
        self._before, self._after = self.around = around or own
        self.puts_more = self.around != own
        """Whether the tokenizer alone would not put around a text what is put here: as where it was a classifier's."""

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _surroundings(self) -> Around:
        """The special tokens that the tokenizer itself puts before and after a text."""
        bare = self._ids("a")
        full = list(self.tokenizer("a")["input_ids"])
        at = next((i for i in range(len(full)) if full[i : i + len(bare)] == bare), 0)
        return tuple(full[:at]), tuple(full[at + len(bare) :])

    def render(self, conversation: Conversation) -> str:
        """The text that is tokenised.

        Raises:
            InputError: the template refuses the conversation (its roles, their order), or breaks on it.
        """
        messages = [{"role": turn.role, "content": self.forging.broken(turn.content)} for turn in conversation.messages]
        try:
            return str(self.tokenizer.apply_chat_template(messages, chat_template=self.template, tokenize=False))
        except BROKEN as error:
            raise InputError(
                f"the chat template refuses a conversation ({one_line(error)}): {_known_by(conversation)}",
                todo="Mend chat_template beside the model, or leave such records out",
            ) from error

    def tokens(self, conversation: Conversation) -> Tokens:
        """Render, tokenise, and cut what does not fit by the rule of ``truncation``.

        Raises:
            InputError: the template refuses the conversation.
        """
        text = self.render(conversation)
        ids, ends = self._tokenised(text)
        before = () if tuple(ids[: len(self._before)]) == self._before else self._before
        after = () if self._after and tuple(ids[-len(self._after) :]) == self._after else self._after
        room = self.max_tokens - len(before) - len(after)
        truncated = len(ids) > room
        if truncated and self.truncation == "left":
            return Tokens((*before, *ids, *after)[-self.max_tokens :], truncated)
        if truncated:
            start = self._answer_start(text, conversation)
            context = sum(1 for end in ends if end <= start)
            answer = ids[context:][:room]
            ids = ids[:context][len(answer) - room :] + answer if len(answer) < room else answer
        return Tokens((*before, *ids, *after) or (self.tokenizer.pad_token_id or 0,), truncated)

    def answered(self, conversation: Conversation) -> Answered:
        """What imitation learns from: context, answer, and what ends an answer: the special tokens that the template
        writes behind it, or else the tokenizer's EOS. Cut by the rule ``context``; an answer that loses its end is not
        ended.

        Raises:
            InputError: the template refuses the conversation.
            ConfigError: nothing would ever end an answer.
        """
        text = self.render(conversation)
        ids, ends = self._tokenised(text)
        place = len(text[: self._answer_start(text, conversation)].rstrip(" "))
        start = sum(1 for end in ends if end <= place)
        context, answer = ids[:start], ids[start:]
        if not set(answer) & set(self.tokenizer.all_special_ids):
            answer = [*answer, self._end()]
        before = () if tuple(context[: len(self._before)]) == self._before else self._before
        room = self.max_tokens - len(before)
        truncated = len(context) + len(answer) > room
        if truncated:
            answer = answer[:room]
            context = context[len(context) + len(answer) - room :]
        return Answered((*before, *context, *answer), len(before) + len(context), truncated)

    def prompt(self, conversation: Conversation) -> tuple[int, ...]:
        """The tokens after which a language model is to answer; the conversation's own answer is not among them. Spaces
        at the end are left to the answer, whose first token begins with them. Nothing is cut.

        Raises:
            InputError: the template refuses the conversation.
        """
        before, _, _ = self.render(conversation.with_answer(_ANSWER)).rpartition(_ANSWER)
        ids, _ = self._tokenised(before.rstrip(" "))
        return (*(() if tuple(ids[: len(self._before)]) == self._before else self._before), *ids)

    def _tokenised(self, text: str) -> tuple[list[int], list[int]]:
        """Ids of a rendered text without special tokens around it, and where each token ends in it."""
        encoded = self.tokenizer(
            text,
            add_special_tokens=False,
            return_offsets_mapping=True,
            split_special_tokens=self.forging.plain,
            verbose=False,
        )
        return list(encoded["input_ids"]), [end for _, end in encoded["offset_mapping"]]

    def _end(self) -> int:
        if self.tokenizer.eos_token_id is None:
            raise ConfigError(
                "a tokenizer without EOS, and a chat template that ends no answer",
                "one of both",
                "Or answers would never end",
            )
        return int(self.tokenizer.eos_token_id)

    def answer_tokens(self, conversation: Conversation) -> int:
        """How many tokens the answer alone has, as far as it is read."""
        return min(len(self._ids(conversation.answer)), self.max_tokens)

    def _answer_start(self, text: str, conversation: Conversation) -> int:
        """Where in the rendered text the answer begins."""
        before, found, _ = self.render(conversation.with_answer(_ANSWER)).rpartition(_ANSWER)
        if found and text.startswith(before):
            return len(before)
        return max(0, text.rfind(self.forging.broken(conversation.answer).strip()))


def _known_by(conversation: Conversation) -> str:
    """Its roles, which are what a template refuses, and the words by which it can be found: of its first turn that is
    not the system's, which many records share.
    """
    roles = [turn.role for turn in conversation.messages]
    told = ", ".join(roles[:TOLD]) + (", …" if len(roles) > TOLD else "")
    first = next(turn for turn in conversation.messages if turn.role != "system")
    return f"{told}, the {first.role} beginning {first.content[:TOLD_LETTERS]!r}"
