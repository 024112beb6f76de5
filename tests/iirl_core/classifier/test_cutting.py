"""What transformers alone makes of texts that are too long, beside what the artifact makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel

from iirl_core.classifier.tokenizing import cuts_alike, stock_tokenizer
from iirl_core.demonstration import conversation
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from iirl_core.encoder.text import TextEncoder
from tests.iirl_core.classifier.test_classifier import ASKED, LINE, PLAIN, asked_of, sealed, signals, stock
from tests.iirl_core.classifier.test_tokenizing import that_puts_its_own
from tests.iirl_core.encoder.tiny import Kind, config_of, tiny, tokenizer_of

MARKED = "<s>{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}</s>"
LONG = [
    conversation("word " * 60, "It is open."),
    conversation("Is it open?", "Go away. " + "Of course, I am glad to help. " * 9),
    conversation("Can you help me? " * 30, "No, that is your own problem. " * 30),
]
"""Too long: a context, an answer, both."""


@pytest.mark.parametrize(
    ("kind", "pooling", "family", "template"),
    [
        ("bert", "mean", PLAIN, None),
        ("roberta", "mean", PLAIN, None),
        ("llama", "last", LINE, None),
        ("llama", "last", LINE, MARKED),
        ("qwen2", "last", LINE, None),
    ],
)
def test_cut_left_a_text_of_any_length_has_the_same_signal_everywhere(
    kind: Kind, pooling: str, family: dict[str, Any], template: str | None, tmp_path: Path
) -> None:
    model = tiny(kind, tmp_path / kind)
    artifact = sealed(tmp_path, model, family, pooling=pooling, template=template, truncation="left")
    classifier, tokenizer = stock(artifact)
    asked = [*LONG, *ASKED]
    texts = asked_of(tokenizer, asked)
    readings = artifact.read(asked)
    assert [one.tokens is not None and one.tokens.truncated for one in readings[: len(LONG)]] == [True] * len(LONG)
    expected = torch.tensor([one.signal for one in readings])
    assert expected[: len(LONG)].std() > 0.01
    for put in (True, False):
        batch = tokenizer(texts, padding=True, truncation=True, add_special_tokens=put, return_tensors="pt")
        with torch.no_grad():
            assert (classifier(**batch).logits[:, 0] - expected).abs().max() < 1e-4


def test_cut_left_is_another_signal_than_cut_by_context(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path / "bert")
    left, context = (sealed(tmp_path / one, model, PLAIN, truncation=one) for one in ("left", "context"))
    assert (signals(left, ASKED) - signals(context, ASKED)).abs().max() < 1e-5
    assert (signals(left, LONG) - signals(context, LONG)).abs().min() > 1e-3


def test_what_is_sealed_says_how_texts_are_cut_and_loads_so(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("llama", tmp_path / "llama"), LINE, pooling="last", truncation="left")
    assert artifact.manifest.encoder["truncation"] == "left"
    assert isinstance(artifact.model.encoder, TextEncoder)
    assert artifact.model.encoder.rendering.truncation == "left"
    assert "then tokenise the text with `truncation=True`.\n" in (artifact.folder / "README.md").read_text()


def test_a_card_of_context_warns_of_answers_that_are_too_long(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("llama", tmp_path / "llama"), LINE, pooling="last")
    assert artifact.manifest.encoder["truncation"] == "context-start, then answer-end"
    assert (
        "Beyond that iirl keeps the start of an answer that is too long.\n"
        in (artifact.folder / "README.md").read_text()
    )


def test_a_length_that_no_golden_text_fits_is_exported_all_the_same(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN, max_tokens=8, truncation="left")
    classifier, tokenizer = stock(artifact)
    batch = tokenizer(asked_of(tokenizer, ASKED), padding=True, truncation=True, return_tensors="pt")
    assert batch["input_ids"].shape[1] == 8
    with torch.no_grad():
        assert (classifier(**batch).logits[:, 0] - signals(artifact, ASKED)).abs().max() < 1e-4


@pytest.mark.parametrize("kind", ["bert", "roberta", "llama"])
def test_only_left_is_what_a_stock_tokenizer_does(kind: Kind) -> None:
    left, context = (Rendering(tokenizer_of(kind), PLAIN_TEMPLATE, 40, truncation=each) for each in ("left", "context"))
    made = stock_tokenizer(left)
    assert made is not None
    assert cuts_alike(made, left)
    assert not cuts_alike(made, context)


def test_where_the_tokenizer_puts_special_tokens_itself_left_is_not_exported_and_the_manifest_says_why(
    tmp_path: Path,
) -> None:
    tokenizer = that_puts_its_own()
    torch.manual_seed(0)
    model = AutoModel.from_config(config_of("llama", len(tokenizer)))
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "own")
    left, context = (
        sealed(tmp_path / one, str(tmp_path / "own"), LINE, pooling="last", truncation=one)
        for one in ("left", "context")
    )
    assert left.manifest.classifier is not None
    assert left.manifest.classifier["folder"] is None
    why = str(left.manifest.classifier["why"])
    assert "puts special tokens around a text itself" in why
    assert why in (left.folder / "README.md").read_text()
    assert isinstance(left.model.encoder, TextEncoder)
    assert left.model.encoder.rendering.truncation == "left"
    assert context.manifest.has_classifier
