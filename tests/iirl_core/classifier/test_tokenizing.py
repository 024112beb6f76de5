from __future__ import annotations

import string

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from iirl_core.classifier.tokenizing import PROBE, stock_tokenizer, written
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from tests.iirl_core.encoder.tiny import Kind, tokenizer_of

INDENTED = "  {% for message in messages %}\n{{ message['role'] }}={{ message['content'] }}\n  {% endfor %}\nend\n"


@pytest.mark.parametrize("template", [PLAIN_TEMPLATE, INDENTED])
@pytest.mark.parametrize("kind", ["bert", "roberta", "llama"])
def test_the_template_writes_what_training_puts_around_a_text_and_nothing_else_changes(
    kind: Kind, template: str
) -> None:
    rendering = Rendering(tokenizer_of(kind), template, 200)
    made = stock_tokenizer(rendering)
    assert made is not None
    before, after = (made.decode(ids) for ids in rendering.around)
    text = written(made, PROBE)
    assert text == f"{before}{rendering.render(PROBE)}{after}"
    assert before
    for put in (True, False):
        assert tuple(made(text, add_special_tokens=put)["input_ids"]) == rendering.tokens(PROBE).ids


def that_puts_its_own() -> PreTrainedTokenizerFast:
    """A token a letter, and one before the first word, which a special token that is written there would take away."""
    letters = sorted({*"▁", *string.ascii_letters, *string.digits, *string.punctuation, "\n"})
    names = ["<unk>", "<s>", "</s>"]
    vocabulary = {token: place for place, token in enumerate([*names, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")  # type: ignore[assignment]
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def test_a_token_to_pad_with_may_be_one_that_only_the_files_mark() -> None:
    tokenizer = tokenizer_of("llama")
    spare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, bos_token="<s>", eos_token="</s>")
    template = "{% for m in messages %}<s>{{ m['content'] }}</s>{% endfor %}"
    made = stock_tokenizer(Rendering(spare, template, 200))
    assert made is not None
    assert made.pad_token == "<unk>"


def test_where_a_written_token_would_change_the_first_word_the_tokenizer_goes_on_to_put_it() -> None:
    rendering = Rendering(that_puts_its_own(), PLAIN_TEMPLATE, 200)
    made = stock_tokenizer(rendering)
    assert made is not None
    assert written(made, PROBE) == rendering.render(PROBE)
    assert tuple(made(written(made, PROBE))["input_ids"]) == rendering.tokens(PROBE).ids
