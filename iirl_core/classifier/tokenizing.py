"""The tokenizer of training as a stock one: what ``tokenizer(text)`` gives is what training saw of the same text."""

from __future__ import annotations

import copy

from tokenizers import processors
from transformers import PreTrainedTokenizerBase

from iirl_core.demonstration import conversation
from iirl_core.encoder.rendering import Rendering

PROBE = conversation("Are you open?", "Yes.")


def stock_tokenizer(rendering: Rendering) -> PreTrainedTokenizerBase | None:
    """A copy that carries the chat template, the padding side (right), what is cut where a text is too long (its
    start), the length, and a token to pad with; None where none can be told from text.

    Special tokens that the template writes itself are not put around its texts again.
    """
    tokenizer = copy.deepcopy(rendering.tokenizer)
    tokenizer.chat_template = rendering.template
    tokenizer.padding_side, tokenizer.truncation_side = "right", "left"
    tokenizer.model_max_length = rendering.max_tokens
    text = rendering.render(PROBE)
    wanted = list(rendering.tokens(PROBE).ids)
    if list(tokenizer(text)["input_ids"]) != wanted:
        _put_around(tokenizer, text, wanted)
    pad = _padding(tokenizer, wanted)
    if pad is None:
        return None
    tokenizer.pad_token = pad
    return tokenizer


def _put_around(tokenizer: PreTrainedTokenizerBase, text: str, wanted: list[int]) -> None:
    """Put around a text only what its template leaves out."""
    inner = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    at = next((i for i in range(len(wanted)) if wanted[i : i + len(inner)] == inner), 0)
    names = [tokenizer.convert_ids_to_tokens(ids) for ids in (wanted[:at], wanted[at + len(inner) :])]
    pieces = [*names[0], "$A", *names[1]]
    specials = [(name, tokenizer.convert_tokens_to_ids(name)) for name in {*names[0], *names[1]}]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single=pieces, special_tokens=specials)


def _padding(tokenizer: PreTrainedTokenizerBase, text: list[int]) -> str | None:
    """Decoders' stock classifiers take the last token that is not padding for the text's end, so no text may end with
    it: the tokenizer's own if it does not occur in texts, else a special token that has no part in them.
    """
    ends = {tokenizer.bos_token, tokenizer.eos_token}
    spare = [token for token in tokenizer.all_special_tokens if token not in ends]
    names = [tokenizer.pad_token, *spare, *ends]
    return next((name for name in names if name and tokenizer.convert_tokens_to_ids(name) not in text), None)
