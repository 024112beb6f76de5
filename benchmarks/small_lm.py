"""Two small language models, fitted here: what the log-ratio family compares where no policy is at hand."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from benchmarks.learning import Scorer
from iirl_core.demonstration import Conversation
from iirl_core.encoder.ratio import LanguageModel
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Answered, Rendering
from iirl_core.policy.imitation import Imitation

VOCABULARY, MAX_TOKENS, WIDTH, LAYERS = 2048, 256, 128, 2
EPOCHS, BATCH, RATE = 3, 16, 1e-3
START, END = "<s>", "</s>"


def ratio_scorer(init: Sequence[Conversation], sft: Sequence[Conversation], seed: int) -> Scorer:
    """``log π_SFT(y|x) − log π_init(y|x)`` per conversation: π_init imitates one policy's answers from random weights,
    π_SFT goes on from there with the demonstrations'.
    """
    torch.manual_seed(seed)
    rendering = Rendering(_tokenizer([*init, *sft]), PLAIN_TEMPLATE, MAX_TOKENS)
    model = LlamaForCausalLM(_config(len(rendering.tokenizer)))
    policies = []
    for shown in (init, sft):
        model = copy.deepcopy(model)
        imitate(model, [rendering.answered(item) for item in shown], seed)
        policies.append(LanguageModel(copy.deepcopy(model), rendering, "fitted here"))
    first, then = policies

    def ratio(items: Sequence[Conversation]) -> np.ndarray:
        return np.array([then.log_probability(item)[0] - first.log_probability(item)[0] for item in items])

    return ratio


def imitate(model: LlamaForCausalLM, shown: Sequence[Answered], seed: int) -> None:
    """Fit by a plain loop, batches of like length in random order; the model is changed in place."""
    module = Imitation(model)
    optimiser = torch.optim.AdamW(module.parameters(), lr=RATE)
    rng = np.random.default_rng(seed)
    by_length = sorted(range(len(shown)), key=lambda row: len(shown[row].ids))
    batches = [by_length[start : start + BATCH] for start in range(0, len(by_length), BATCH)]
    for number in [number for _ in range(EPOCHS) for number in rng.permutation(len(batches))]:
        optimiser.zero_grad()
        module(*_padded([shown[row] for row in batches[number]])).backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()


def _padded(rows: Sequence[Answered]) -> Iterator[torch.Tensor]:
    longest = max(len(row.ids) for row in rows)
    ids, mask = torch.zeros(len(rows), longest, dtype=torch.int64), torch.zeros(len(rows), longest, dtype=torch.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)], mask[place, : len(row.ids)] = torch.tensor(row.ids), 1
    yield from (ids, mask, torch.tensor([row.start for row in rows]), torch.ones(len(rows)))


def _tokenizer(shown: Sequence[Conversation]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[START, END], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((turn.content for item in shown for turn in item.messages), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=START, eos_token=END)


def _config(vocabulary: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        bos_token_id=0,
        eos_token_id=1,
    )
