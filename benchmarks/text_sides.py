"""The sides of ``text_speed``: a step or an epoch of each, over the same comparisons, tokenised once.

Each trains, with dropout and in fp32, all weights of one transformer and a head of one hidden layer on its first token
(ours has a LayerNorm before it): Bradley–Terry with centred rewards, AdamW in one kernel, clipped gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

from iirl_core.config.encoding import TextEncoderSection
from iirl_core.config.expertness import BradleyTerrySection
from iirl_core.config.training import TrainSection
from iirl_core.demonstration import Conversation
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.pretrained import model_source
from iirl_core.store import DirectoryStore
from iirl_core.tuning import Texts
from iirl_core.tuning.transformer import tuned_of
from jobs.train.engine import Engine
from jobs.train.journal import Journal, Place
from jobs.train.loop import TrainingTask, build_model, order_of
from jobs.train.tokens import Tokens, schema

if TYPE_CHECKING:
    from trl import RewardTrainer

HEAD = BradleyTerrySection(members=1)
FOLDER = "runs/text-speed/first"
SCHEDULE = 1_000_000
"""Steps of the learning rate's schedule: long enough that no run comes to its end."""

Step = Callable[[], float]


@dataclass(frozen=True)
class Tokenised:
    """Comparisons in ``store``, as tokens under ``FOLDER``, and how they are trained on."""

    store: DirectoryStore
    section: TextEncoderSection
    train: TrainSection

    @property
    def tokens(self) -> Tokens:
        """Rows 2i and 2i + 1 are the rejected and the chosen side of a comparison."""
        return Tokens(self.store, f"{FOLDER}/tokens", "train")

    def task(self, width: int, steps: int) -> TrainingTask:
        """What a rank of ours is told."""
        rows = len(self.tokens)
        sides, place = (rows / 2, rows / 2), (self.store.url, FOLDER)
        return TrainingTask(*place, HEAD, self.train, width, steps, *sides, seed=0, together=2)


def tokenise(
    store: DirectoryStore,
    sides: Iterable[tuple[Conversation, Conversation]],
    model: str,
    *,
    max_tokens: int,
    comparisons: int,
) -> Tokenised:
    """Chosen and rejected sides as rows of our training, for steps of so many ``comparisons``."""
    section = TextEncoderSection(model=model, pooling="cls", tuning="full", max_tokens=max_tokens)
    rendering = encoder_of(section).rendering
    ids = [rendering.tokens(side).ids for chosen, rejected in sides for side in (rejected, chosen)]
    rows = np.arange(len(ids))
    columns = {
        "row": rows,
        "expert": (rows % 2).astype(np.float32),
        "weight": np.ones(len(rows), np.float32),
        "ids": pa.array(ids, pa.list_(pa.int32())),
        "margin": np.zeros(len(rows), np.float32),
    }
    filesystem, root = store.filesystem()
    folder = f"{root}/{FOLDER}/tokens/part=train"
    filesystem.create_dir(folder, recursive=True)
    fields = pa.schema([field for field in schema(pairs=True) if field.name != "part"])
    pq.write_table(pa.table(columns, schema=fields), f"{folder}/rows.parquet", filesystem=filesystem)
    return Tokenised(store, section, TrainSection(batch=2 * comparisons))


def encoder_of(section: TextEncoderSection) -> TextEncoder:
    """The transformer that all sides train."""
    encoder = fit_encoder(section, [])
    assert isinstance(encoder, TextEncoder)
    return encoder


def ours(made: Tokenised) -> Step:
    """The steps of our training, from its row files to its journal; the process group is up (one rank)."""
    encoder, tokens = encoder_of(made.section), made.tokens
    order = order_of(tokens, made.train, 0, 2, HEAD)
    module = tuned_of(encoder, build_model(made.task(encoder.width, SCHEDULE)))
    engine = Engine(module, made.train, SCHEDULE)
    journal, done = Journal(made.store, FOLDER, rank=0), 0

    def step() -> float:
        nonlocal done
        report = engine.step(done, tokens.take(order.positions(done)))
        done += 1
        journal.note(Place(done, SCHEDULE, order.epoch(done - 1), report.loss), report)
        return report.loss

    return step


def bare(made: Tokenised) -> Step:
    """The loop anyone would write around a stock classifier, over the batches that ours takes: they are padded before
    the clock starts.
    """
    model, tokens = classifier_of(made.section), made.tokens
    order = order_of(tokens, made.train, 0, 2, HEAD)
    section, done = made.train.optimiser, 0
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=section.encoder_learning_rate, weight_decay=section.weight_decay, fused=True
    )
    epoch = [tokens.take(order.positions(step)).tensors() for step in range(order.steps(1))]

    def step() -> float:
        nonlocal done
        batch = epoch[done % len(epoch)]
        done += 1
        optimiser.zero_grad()
        signals = model(input_ids=batch["ids"], attention_mask=batch["mask"]).logits.squeeze(-1)
        rejected, chosen = signals.reshape(-1, 2).unbind(dim=1)
        loss = -functional.logsigmoid(chosen - rejected).mean() + HEAD.centring * (chosen + rejected).square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), section.gradient_clip)
        optimiser.step()
        return float(loss.detach())

    return step


def trl_epochs(made: Tokenised, folder: Path, threads: int, asked: Connection) -> None:
    """Run by a process of its own, since beside a process group TRL would train by DDP: for every True that is asked,
    an epoch, answered by the seconds that TRL reports; until False.
    """
    torch.set_num_threads(threads)
    trainer = trl(made, folder)
    while asked.recv():
        asked.send(float(trainer.train().metrics["train_runtime"]))


def trl(made: Tokenised, folder: Path) -> RewardTrainer:
    """TRL's trainer, which draws batches of all lengths and pads each to its longest text. ``train()`` is an epoch, of
    as many steps as one of ours.
    """
    from datasets import Dataset, disable_progress_bars
    from trl import RewardConfig, RewardTrainer

    disable_progress_bars()
    section = made.train.optimiser
    arguments = RewardConfig(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=made.train.batch // 2,
        dataloader_drop_last=True,
        learning_rate=section.encoder_learning_rate,
        weight_decay=section.weight_decay,
        max_grad_norm=section.gradient_clip,
        optim="adamw_torch_fused",
        center_rewards_coefficient=HEAD.centring,
        max_length=None,  # our tokens are cut already
        disable_dropout=False,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        dataloader_pin_memory=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    return RewardTrainer(
        model=classifier_of(made.section),
        args=arguments,
        train_dataset=Dataset.from_dict(columns_of(made.tokens.take(np.arange(len(made.tokens))))),
        processing_class=AutoTokenizer.from_pretrained(model_source(made.section.model)),
    )


def columns_of(rows: Texts) -> dict[str, list[list[int]]]:
    """Tokenised comparisons, as TRL names them."""
    ids = [part.tolist() for part in np.split(rows.ids, np.cumsum(rows.lengths)[:-1])]
    return {"rejected_ids": ids[0::2], "chosen_ids": ids[1::2]}


def classifier_of(section: TextEncoderSection) -> PreTrainedModel:
    """The stock classifier on the same weights, its head fresh, training."""
    torch.manual_seed(0)
    source = model_source(section.model)
    return AutoModelForSequenceClassification.from_pretrained(source, num_labels=1, dtype=torch.float32).train()
