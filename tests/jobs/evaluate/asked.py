"""A store with a small text reward model that was really trained, its corpora, and a file for each kind of suite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from cluster.session import Session
from iirl_core.artifact import ArtifactDraft, CorpusEntry, Guard, Provenance, seal
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.corpus import identity_of, write_corpus
from iirl_core.demonstration import Conversation, Demonstration, Split, conversation
from iirl_core.encoder import fit_encoder
from iirl_core.expertness import Discriminator, build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore, move_pointer
from tests.iirl_core.artifact.samples import fit
from tests.iirl_core.encoder.tiny import tiny

THINGS = ["bill", "visit", "bus", "refund", "garden", "key", "report", "seat", "parcel", "letter", "bike", "lamp"]


def polite(thing: str) -> Conversation:
    return conversation(f"Can you help me with the {thing}?", f"Of course, I am glad to help with the {thing}.")


def rude(thing: str) -> Conversation:
    return conversation(f"Can you help me with the {thing}?", f"No. {thing.upper()}!!! Go away!!!")


def judged(thing: str) -> list[dict[str, object]]:
    answers = {"good": polite(thing).answer, "bad": rude(thing).answer, "curt": "No.", "vague": f"The {thing}? Hm."}
    preferences = {"good": 0.9, "bad": 0.1, "curt": 0.2, "vague": 0.5}
    prompt = f"Can you help me with the {thing}?"
    return [
        {"prompt": prompt, "response": text, "model": model, "preference": preferences[model]}
        for model, text in answers.items()
    ]


def make_config(folder: Path, *suites: dict[str, object]) -> Config:
    document: dict[str, Any] = {
        "name": "manners",
        "store": str(folder / "store"),
        "keys": str(folder / "keys"),
        "corpora": [
            {"name": "polite", "files": ["polite.jsonl"]},
            {"name": "rude", "role": "negatives", "files": ["rude.jsonl"]},
        ],
        "encoder": {"kind": "text", "model": str(folder / "encoder"), "max_tokens": 128},
        "expertness": {"family": "discriminator", "hidden": 16, "members": 2},
        "mapping": {"kind": "sigmoid"},
        "evaluate": {"bootstrap": 100, "suites": list(suites)},
        "audit": {"probes": {}, "scorers": 1, "cpus_per_scorer": 0.5},
    }
    return Config.model_validate(document)


def make_artifact(
    folder: Path, placed: Mapping[str, Split] | None = None, behind: Sequence[CorpusEntry] = ()
) -> tuple[Session, Digest]:
    """Politeness, by a random encoder and a trained head; two things are unseen, eight were trained on, but for what is
    ``placed`` elsewhere, or beside them. The artifact says that it learnt from what is ``behind``, too.
    """
    splits = {**{one: _split(one) for one in THINGS}, **(placed or {})}
    store = DirectoryStore(folder / "store")
    tiny("bert", folder / "encoder")
    config = make_config(folder)
    corpora = list(behind)
    for name, role, make in (("polite", "demonstrations", polite), ("rude", "negatives", rude)):
        rows = [Demonstration(identity_of(make(one)), make(one), name, split) for one, split in splits.items()]
        corpora.append(CorpusEntry(name, role, write_corpus(store, name, rows).digest))
    encoder = fit_encoder(config.encoder, [])
    train = [one for one, split in splits.items() if split == "train"]
    good, bad = ([make(one) for one in train] for make in (polite, rude))
    z_good, z_bad = encoder.encode(good).z, encoder.encode(bad).z
    torch.manual_seed(0)
    expertness = build_expertness(config.expertness, encoder.width)
    assert isinstance(expertness, Discriminator)
    expertness.balance(len(good), len(bad))
    expert = torch.tensor([1.0] * len(good) + [0.0] * len(bad))
    fit(expertness, torch.cat([z_good, z_bad]), expert, steps=150)
    model = assemble(config.mapping, encoder, expertness, z_train=z_good, z_guard=z_good, z_contrast=z_bad)
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z_good, z_good),
        config=config,
        corpora=tuple(corpora),
        metrics={},
        provenance=Provenance(),
    )
    digest = seal(store, draft)
    move_pointer(store, "runs/manners/latest", digest)
    return Session(store), digest


def _split(thing: str) -> Split:
    return {"bike": "guard", "letter": "guard", "lamp": "unseen", "parcel": "unseen"}.get(thing, "train")  # type: ignore[return-value]


def write(path: Path, rows: Iterable[object]) -> str:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)
