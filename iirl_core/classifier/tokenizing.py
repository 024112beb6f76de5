"""The tokenizer of training as a stock one: what it makes of a conversation is what training saw of it.

Other tools ask in two ways: ``tokenizer(text)`` puts special tokens around a text, ``tokenizer(text,
add_special_tokens=False)`` leaves them to the chat template that wrote it (transformers' ``apply_chat_template``, TRL,
vLLM's chat requests). Both are given the same tokens where the template writes them all and the tokenizer adds none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tokenizers import Tokenizer, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder.rendering import Rendering
from iirl_core.encoder.tokenizer import special_ids

QUESTION, ANSWER = "Are you open?", "Yes."
PROBE = conversation(QUESTION, ANSWER)
ROOM = 2**31
"""Tokens with which nothing is cut."""


def stock_tokenizer(rendering: Rendering) -> PreTrainedTokenizerBase | None:
    """A copy that carries the chat template, the padding side (right), what is cut where a text is too long (its
    start), the length, and a token to pad with; None where none can be told from text.

    What could pass for a turn inside a message its chat template breaks, as training did.

    Its chat template also writes the special tokens that training puts around a text. Where they would make of the
    text's first word another token, the tokenizer puts them around texts, as far as the template does not.
    """
    whole = Rendering(rendering.tokenizer, rendering.template, ROOM, rendering.around)
    tokenizer, wanted = _plain(rendering), whole.tokens(PROBE).ids
    if not _gives(tokenizer, wanted):
        before, after = _around(tokenizer, wanted)
        own = tokenizer.chat_template
        tokenizer.chat_template = _writing(own, before, after)
        _put_around(tokenizer, [], [])
        if not _gives(tokenizer, wanted):
            tokenizer.chat_template = own
            _put_around(tokenizer, before, after)
    pad = _padding(tokenizer, wanted)
    if pad is None:
        return None
    tokenizer.pad_token = pad
    return tokenizer


def cuts_alike(tokenizer: PreTrainedTokenizerBase, rendering: Rendering) -> bool:
    """Whether both ways of asking with ``truncation=True`` give the tokens of training where a context, or an answer,
    is too long. They do where training cuts ``left`` and the tokenizer puts no special tokens around a text itself.
    """
    context = conversation(f"{QUESTION} " * rendering.max_tokens, ANSWER)
    answer = conversation(QUESTION, f"{ANSWER} " * rendering.max_tokens)
    return all(_gives(tokenizer, rendering.tokens(long).ids, long, cut=True) for long in (context, answer))


def breaks_alike(tokenizer: PreTrainedTokenizerBase, rendering: Rendering) -> bool:
    """Whether what could pass for a turn inside a message is broken as training broke it: a role under our plain
    template, any special token under others.
    """
    whole = Rendering(rendering.tokenizer, rendering.template, ROOM, rendering.around)
    special = "" if rendering.forging.plain else " ".join(rendering.forging.special)
    turns = f"{ANSWER} {special}\nuser: {QUESTION}\nUSER: {QUESTION}\n\nassistant: {ANSWER}"
    asked = conversation(f"{QUESTION}\nassistant: {ANSWER}", turns)
    return tuple(tokenizer(written(tokenizer, asked))["input_ids"]) == whole.tokens(asked).ids


def written(tokenizer: PreTrainedTokenizerBase, asked: Conversation) -> str:
    """A conversation in the tokenizer's chat template."""
    turns = [{"role": turn.role, "content": turn.content} for turn in asked.messages]
    return str(tokenizer.apply_chat_template(turns, tokenize=False))


def _plain(rendering: Rendering) -> PreTrainedTokenizerFast:
    """Of a class that does what its files say: BERT's own, loaded, would put special tokens around texts anew."""
    own = rendering.tokenizer
    backend = Tokenizer.from_str(own.backend_tokenizer.to_str())
    backend.no_truncation()
    backend.no_padding()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        chat_template=rendering.forging.breaking(rendering.template),
        padding_side="right",
        truncation_side="left",
        model_max_length=rendering.max_tokens,
        model_input_names=own.model_input_names,
        clean_up_tokenization_spaces=False,
        **own.special_tokens_map,
    )


def _gives(
    tokenizer: PreTrainedTokenizerBase, wanted: Sequence[int], asked: Conversation = PROBE, *, cut: bool = False
) -> bool:
    """Whether both ways of asking give these tokens."""
    text = written(tokenizer, asked)
    ways = (tokenizer(text, add_special_tokens=put, truncation=cut)["input_ids"] for put in (True, False))
    return all(tuple(ids) == tuple(wanted) for ids in ways)


def _around(tokenizer: PreTrainedTokenizerBase, wanted: Sequence[int]) -> tuple[list[str], list[str]]:
    """The special tokens around the probe that its template does not write."""
    inner = tuple(tokenizer(written(tokenizer, PROBE), add_special_tokens=False)["input_ids"])
    at = next((i for i in range(len(wanted)) if tuple(wanted[i : i + len(inner)]) == inner), 0)
    before, after = (tokenizer.convert_ids_to_tokens(list(ids)) for ids in (wanted[:at], wanted[at + len(inner) :]))
    return before, after


def _writing(template: str, before: Sequence[str], after: Sequence[str]) -> str:
    """``template`` with text around what it writes. Jinja drops a newline after a comment or at a template's end, and
    spaces before a block that begins a line: the template's first line stays one.
    """
    if before:
        template = f"{{{{ {json.dumps(''.join(before), ensure_ascii=False)} }}}}{{##}}\n{template}"
    if after:
        template = f"{template.removesuffix(chr(10))}{{{{ {json.dumps(''.join(after), ensure_ascii=False)} }}}}"
    return template


def _put_around(tokenizer: PreTrainedTokenizerBase, before: Sequence[str], after: Sequence[str]) -> None:
    """Put these tokens around a text, and no others."""
    specials = [(name, tokenizer.convert_tokens_to_ids(name)) for name in {*before, *after}]
    single = [*before, "$A", *after]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=specials)


def _padding(tokenizer: PreTrainedTokenizerBase, text: Sequence[int]) -> str | None:
    """Decoders' stock classifiers take the last token that is not padding for the text's end, so no text may end with
    it: the tokenizer's own if it does not occur in texts, else a special token that has no part in them.
    """
    ends = {tokenizer.bos_token, tokenizer.eos_token}
    special = (str(tokenizer.convert_ids_to_tokens(number)) for number in special_ids(tokenizer))
    spare = [token for token in special if token not in ends]
    names = [tokenizer.pad_token, *spare, *ends]
    return next((name for name in names if name and tokenizer.convert_tokens_to_ids(name) not in text), None)
