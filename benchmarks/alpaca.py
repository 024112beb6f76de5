"""alpaca_eval as the benchmarks read it: what 33 models answered, and what a judge said of 19 of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from iirl_core.config.corpora import SplitSection
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.corpus.identity import identity_and_key, identity_of, split_of
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.evaluation import Judged, random_heads

JUDGE = "preference_over_gpt4_1106_preview"
DEMONSTRATOR, INIT, SFT, GAMER = "gpt4_1106_preview", "phi-2", "phi-2-sft", "NullModel"
"""Nothing learns from the answers of GAMER, which were written to fool the judge."""
MAX_TOKENS = 256
SPLIT = SplitSection(train=0.5, guard=0, unseen=0.5)
KEPT_EVERY = 256
"""Conversations encoded between two writings of the cache."""


@dataclass(frozen=True)
class Answer:
    """One model's answer; ``golden`` is the judge's preference, None where it was not asked."""

    model: str
    item: Conversation
    golden: float | None

    @property
    def prompt(self) -> str:
        """What decides the split."""
        return identity_and_key(self.item)[1]


def read(folder: Path, learn: int | None, ask: int | None) -> tuple[list[Answer], list[Answer]]:
    """Answers to prompts that are learnt from (of all models but GAMER) and asked (of those judged): of so many prompts
    each, those of the lowest hash; None keeps all.
    """
    train, unseen = [], []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        model = path.name.removesuffix(".jsonl.gz")
        answers = [Answer(model, conversation(row["prompt"], row["response"]), row.get(JUDGE)) for row in rows]
        for answer in answers:
            learnt = split_of(answer.prompt, SPLIT) == "train"
            if learnt and model != GAMER:
                train.append(answer)
            if not learnt and answer.golden is not None:
                unseen.append(answer)
    return _lowest(train, learn), _lowest(unseen, ask)


def _lowest(answers: list[Answer], prompts: int | None) -> list[Answer]:
    kept = set(sorted({each.prompt for each in answers})[:prompts])
    return [each for each in answers if each.prompt in kept]


class Rows:
    """Encodes each conversation once, ever: rows of a frozen MiniLM are kept in ``folder`` by what they are rows of."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"minilm-{MAX_TOKENS}.npz"
        self.known: dict[str, np.ndarray] = {}
        self._encoder: Encoder | None = None
        if self.path.exists():
            kept = np.load(self.path)
            self.known = dict(zip(kept["names"].tolist(), kept["rows"], strict=True))

    def __call__(self, items: Sequence[Conversation]) -> Tensor:
        """``[N, D]`` float32."""
        names = [str(identity_of(item)) for item in items]
        new = {name: item for name, item in zip(names, items, strict=True) if name not in self.known}
        for start in range(0, len(new), KEPT_EVERY):
            some = list(new)[start : start + KEPT_EVERY]
            self.known |= dict(zip(some, self._encode([new[name] for name in some]), strict=True))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_suffix(".part.npz")  # a kill leaves the last whole one
            np.savez(part, names=np.array(list(self.known)), rows=np.stack(list(self.known.values())))
            part.replace(self.path)
        return torch.from_numpy(np.stack([self.known[name] for name in names]))

    def _encode(self, items: list[Conversation]) -> np.ndarray:
        if self._encoder is None:
            self._encoder = fit_encoder(TextEncoderSection(max_tokens=MAX_TOKENS, truncation="context"), [])
        return self._encoder.encode(items).z.numpy()


def judged_of(answers: Sequence[Answer], rows: Rows | None = None) -> Judged:
    """Judged answers; their rewards are 0 still. Without ``rows`` there are no random heads either."""
    names = sorted({each.model for each in answers})
    prompts = {prompt: index for index, prompt in enumerate(sorted({each.prompt for each in answers}))}
    encoded = np.zeros((len(answers), 0)) if rows is None else rows([each.item for each in answers]).double().numpy()
    return Judged(
        names=tuple(names),
        policies=np.array([names.index(each.model) for each in answers], np.int64),
        rewards=np.zeros(len(answers)),
        golden=np.array([each.golden for each in answers], np.float64),
        clusters=np.array([prompts[each.prompt] for each in answers], np.int64),
        lengths=np.array([len(each.item.answer) for each in answers], np.float64),
        heads=encoded @ random_heads(encoded.shape[1]),
    )
