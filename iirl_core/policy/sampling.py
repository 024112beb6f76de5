"""A policy's answers: prompts in, texts out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoConfig, AutoTokenizer, GenerationConfig, LogitsProcessorList
from transformers.utils import logging as transformers_logging

from iirl_core.demonstration import ROLES, Conversation, conversation
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from iirl_core.encoder.template import check_template
from iirl_core.encoder.tokenizer import check_read
from iirl_core.errors import ConfigError, InputError, one_line
from iirl_core.policy.causal import check_causal
from iirl_core.policy.noise import NEAR, AnswerNoise, Draw
from iirl_core.policy.reading import read_language_model

_TURN = re.compile(rf"\n(?:{'|'.join(ROLES)}):")
_PROBE = conversation("Are you open?", "Yes.")


@dataclass(frozen=True)
class Prompted:
    """One answer that is wanted: the tokens of its prompt, and the key of its noise (``answer_key``)."""

    ids: tuple[int, ...]
    key: bytes


@dataclass(frozen=True)
class Answer:
    """``cut``: it has as many tokens as were allowed, and no end."""

    text: str
    cut: bool


class Reader:
    """How prompts are put to the policy in ``folder``, and what it writes becomes text; without its weights. ``ends``
    are the tokens that end an answer: the tokenizer's, the policy's own, and those that the chat template writes behind
    one; ``name`` is what a user calls the policy.

    Raises:
        ConfigError: there is no model's configuration with a fast tokenizer in the folder, it is no causal language
            model's (``check_causal``), the tokenizer is another's (``check_read``), or the chat template drops
            a turn (``check_template``). Whether the model is what its configuration says only its weights tell
            (``Sampler``).
    """

    def __init__(self, folder: Path, chat_template: str | None, name: str) -> None:
        transformers_logging.disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{name} cannot be read ({one_line(error)})", "a causal language model") from error
        check_causal(config, name)
        check_read(config, tokenizer, name)
        self.takes: int | None = getattr(config, "max_position_embeddings", None)
        template = chat_template or tokenizer.chat_template or PLAIN_TEMPLATE
        self.rendering = Rendering(tokenizer, template, self.takes or 2**31)
        check_template(self.rendering, name, questions=True)
        answered = self.rendering.answered(_PROBE)
        written = set(answered.ids[answered.start :]) & set(tokenizer.all_special_ids)
        self.ends = tuple(sorted(written | {tokenizer.eos_token_id} - {None} | _ends_of(folder)))

    def prompt(self, asked: Conversation, max_new_tokens: int) -> tuple[int, ...]:
        """The tokens after which the policy is to answer.

        Raises:
            InputError: there is no prompt, the template refuses it, or it leaves no room for an answer.
        """
        if not asked.context:
            raise InputError("an answer without a prompt")
        ids = self.rendering.prompt(asked)
        if self.takes is not None and len(ids) + max_new_tokens > self.takes:
            raise InputError(
                f"a prompt of {len(ids)} tokens and an answer of {max_new_tokens}", f"at most {self.takes} together"
            )
        return ids

    def answer(self, ids: Sequence[int]) -> Answer:
        """What was written, up to its end; what surrounds it is stripped. Where turns are told apart by their text
        alone (our plain template), an answer ends where the next turn would begin.
        """
        place = next((place for place, token in enumerate(ids) if token in self.ends), None)
        text = str(self.rendering.tokenizer.decode(ids[:place], skip_special_tokens=True))
        turn = _TURN.search(text) if self.rendering.template == PLAIN_TEMPLATE else None
        return Answer((text[: turn.start()] if turn else text).strip(), cut=place is None and turn is None)


class Sampler:
    """Owns a policy's weights, in float32.

    Raises:
        ConfigError: they cannot be loaded, or are no causal language model's.
    """

    def __init__(
        self, folder: Path, reader: Reader, draw: Draw, *, max_new_tokens: int, batch: int, device: str = "cpu"
    ) -> None:
        try:
            model = read_language_model(folder)
        except (OSError, ValueError, ImportError) as error:
            raise ConfigError(
                f"the policy in {folder.name} cannot be loaded ({one_line(error)})", "a causal language model"
            ) from error
        self.model = model.eval().requires_grad_(False).to(device)
        self.model.generation_config = GenerationConfig()  # its own may ask for penalties, which nobody here asked for
        self.reader, self.draw, self.batch = reader, draw, batch
        pad = reader.rendering.tokenizer.pad_token_id
        self.plan = GenerationConfig(
            do_sample=False,  # the noise is in the scores
            max_new_tokens=max_new_tokens,
            eos_token_id=list(reader.ends),
            pad_token_id=reader.ends[0] if pad is None else pad,
        )

    def answers(self, asked: Sequence[Prompted]) -> list[Answer]:
        """In order; the same ones whatever else is asked."""
        order = sorted(range(len(asked)), key=lambda index: len(asked[index].ids))
        found: dict[int, Answer] = {}
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            written = self._written([asked[index] for index in chosen])
            found |= zip(chosen, (self.reader.answer(ids) for ids in written), strict=True)
        return [found[index] for index in range(len(asked))]

    @torch.no_grad()
    def likeliest(self, texts: Sequence[tuple[int, ...]], count: int) -> list[list[tuple[int, float]]]:
        """After each of the token ids ``texts`` the ``count`` likeliest tokens, first the likeliest, each with its log
        probability: the same ones whatever else is asked.
        """
        found: dict[int, list[tuple[int, float]]] = {}
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for _, same in groupby(order, key=lambda index: len(texts[index])):
            places = list(same)  # of one length: nothing is padded
            for start in range(0, len(places), self.batch):
                chosen = places[start : start + self.batch]
                ids = torch.tensor([texts[index] for index in chosen], device=self.model.device)
                logits = self.model(input_ids=ids, use_cache=False).logits[:, -1]
                for index, text, after in zip(chosen, ids, logits, strict=True):
                    found[index] = self._first(text, after, count)
        return [found[index] for index in range(len(texts))]

    def _first(self, ids: Tensor, logits: Tensor, count: int) -> list[tuple[int, float]]:
        best = logits.topk(min(count + 1, len(logits))).values
        if len(best) > count and bool(best[-2] - best[-1] < NEAR):  # rounding may have decided which is the last
            logits = self._alone(ids)
        scores = logits.log_softmax(dim=-1).topk(min(count, len(logits)))
        return list(zip(scores.indices.tolist(), scores.values.tolist(), strict=True))

    @torch.no_grad()
    def _written(self, asked: Sequence[Prompted]) -> list[list[int]]:
        """Padded on the left: all prompts end in the same place."""
        longest = max(len(one.ids) for one in asked)
        pads = [longest - len(one.ids) for one in asked]
        device, pad = self.model.device, self.plan.pad_token_id
        ids = torch.tensor([[*[pad] * room, *one.ids] for room, one in zip(pads, asked, strict=True)], device=device)
        mask = (torch.arange(longest, device=device) >= torch.tensor(pads, device=device).unsqueeze(1)).long()
        noise = AnswerNoise(self.draw, [one.key for one in asked], pads, self._alone)
        whole = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=self.plan,
            logits_processor=LogitsProcessorList([noise]),
        )
        return [row.tolist() for row in whole[:, longest:]]

    def _alone(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=ids.unsqueeze(0), use_cache=False).logits[0, -1]
        return logits


def _ends_of(folder: Path) -> set[int]:
    """What ``generation_config.json`` says ends a text."""
    path = folder / "generation_config.json"
    said = json.loads(path.read_bytes()).get("eos_token_id") if path.exists() else None
    return set(said) if isinstance(said, list) else set() if said is None else {int(said)}
