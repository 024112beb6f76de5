"""The name of a run, which follows from what decides its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from iirl_core.artifact import Artifact
from iirl_core.canonical import Digest, digest_json
from iirl_core.config import Config
from jobs.train.sources import Sources

AROUND = {
    "cpus_per_worker",
    "gpus_per_encoder",
    "checkpoint_every",
    "max_failures",
    "trackers",
    "parent",
    "corrections",
    "select",
}
"""Keys of ``train`` that change no weight; the last three by themselves: what they lead to stands in their place."""


def run_name(config: Config, sources: Sources, parent: Artifact | None = None, policies: Sequence[Digest] = ()) -> str:
    """16 hexadecimal digits of what decides the weights: not the map (it is fitted afterwards), nor what only decides
    where and how safely training runs. ``policies`` are those that the family compares.
    """
    train = config.train.model_dump(mode="json", exclude=AROUND)
    document = {
        "seed": config.seed,
        "encoder": config.encoder.model_dump(mode="json"),
        "expertness": config.expertness.model_dump(mode="json"),
        "train": train,
        "corpora": [asdict(entry) for entry in sources.entries()],
        **({} if parent is None else {"parent": parent.digest}),
        **({"policies": list(policies)} if policies else {}),
    }
    return digest_json(document).removeprefix("sha256:")[:16]
