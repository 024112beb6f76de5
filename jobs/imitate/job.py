"""``iirl imitate``: demonstrations → turns → weights → a policy in the store.

Every stage leaves its result under ``runs/NAME/imitate-RUN``, where RUN follows from what decides the result: the same
command after a kill goes on where it stopped, and after success it only finds what is there.

    runs/NAME/imitate-RUN/{hold.json, turns/, turns.json, training/, metrics.jsonl, place.json, surprise.json,
        weights.safetensors}
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cluster.resources import plan_training
from cluster.session import Session
from iirl_core.artifact import CorpusEntry
from iirl_core.artifact.environment import environment
from iirl_core.canonical import digest_json
from iirl_core.config import Config
from iirl_core.config.imitation import ImitateSection
from iirl_core.errors import ConfigError
from iirl_core.log import Event, append_once
from iirl_core.policy import Initial, PolicyManifest, point_policy, publish_policy, resolve_policy
from iirl_core.policy.source import find_policy, folder_of_policy
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.hold import HOLD, held
from jobs.imitate.leakage import check_imitated
from jobs.imitate.loop import SURPRISE, ImitationTask, imitation_loop
from jobs.imitate.preparing import read_demonstrations, tokenise
from jobs.imitate.turns import Turns
from jobs.outcome import Outcome
from jobs.train.fitting import fit_steps
from jobs.train.order import Order
from jobs.train.tracking import check_trackers
from jobs.train.weights import WEIGHTS, read_weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from iirl_core.encoder.rendering import Rendering

AROUND = {"cpus_per_worker", "checkpoint_every", "max_failures", "trackers"}
"""Keys of ``train`` that change no weight."""


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Fit ``imitate.model`` to the newest demonstrations of ``config``, and keep it as a policy.

    Raises:
        NotFound: a corpus was never ingested.
        ConfigError: there is no section ``imitate``, the corpora hold nothing to imitate, or what is reserved for
            judging (``check_imitated``), the model cannot be used, or the cluster lacks what is asked for.
        ClusterError: training failed more often than allowed.
        Conflict: another process makes this run.
    """
    from iirl_core.policy.imitation import load_initial  # transformers takes seconds to import
    from iirl_core.policy.reading import read_language_model

    store, section = session.store, _section(config)
    check_trackers(section.train.trackers)
    corpora = read_demonstrations(store, config)
    source = find_policy(store, section.model)
    initial = Initial(source.name, source.digest)
    entries = tuple(CorpusEntry(one.manifest.name, "demonstrations", one.manifest.digest) for one in corpora)
    folder = f"runs/{config.name}/imitate-{run_name(config.seed, section, initial, entries)}"
    done = store.exists(f"{folder}/{WEIGHTS}")
    if not done:
        check_imitated(config, corpora, progress)
        plan_training(session.cluster(), section.train, "imitate.train")  # refused now rather than after tokenising
    model, rendering = load_initial(section, folder_of_policy(store, source))
    if done:
        weights = read_weights(store, f"{folder}/{WEIGHTS}")
    else:
        with held(store, f"{folder}/{HOLD}", progress):
            tokenise(session, folder, corpora, rendering, progress)
            weights = fit_steps(session, _task(session, section, folder, config.seed, model), imitation_loop, progress)
        if model.dtype != torch.float32:  # the ranks had it rounded; what is kept of it is not
            model = read_language_model(folder_of_policy(store, source))
    with progress.task("keeping the policy"):
        surprise = json.loads(store.get(f"{folder}/{SURPRISE}"))
        manifest = _publish(store, section, model, rendering, weights, initial=initial, corpora=entries, said=surprise)
        if resolve_policy(store, section.name) != manifest.digest:
            append_once(store, Event("imitate", manifest.digest, section.name))
            point_policy(store, manifest)  # last: where it points, the log knows
    before, after = manifest.metrics["perplexity_before"], manifest.metrics["perplexity_after"]
    return Outcome(
        made=f"imitated {sum(one.manifest.splits.get('train', 0) for one in corpora):,} demonstrations: policy "
        f"{section.name} is {manifest.digest[:19]} (perplexity of held-out answers {before:.4g} → {after:.4g})",
        where=f"{manifest.folder} in {store.url}",
        next="iirl sample CONFIG.yaml",
    )


def _section(config: Config) -> ImitateSection:
    if config.imitate is None:
        raise ConfigError("there is no section imitate", "at least its model", "See docs/config.md")
    return config.imitate


def run_name(seed: int, section: ImitateSection, initial: Initial, corpora: tuple[CorpusEntry, ...]) -> str:
    """16 hexadecimal digits of what decides the weights: not the policy's name, nor what only decides where and how
    safely training runs.
    """
    document = {
        "seed": seed,
        "initial": initial.digest,
        "corpora": [[one.name, one.digest] for one in corpora],
        "imitate": section.model_dump(mode="json", exclude={"name": True, "model": True, "train": AROUND}),
    }
    return digest_json(document).removeprefix("sha256:")[:16]


def _task(session: Session, section: ImitateSection, folder: str, seed: int, model: PreTrainedModel) -> ImitationTask:
    """What the ranks are told. Each holds a copy of ``model``, so its weights become here what training holds them in,
    and rounds them to before master copies are made of them.
    """
    import ray

    from iirl_core.encoder.weights import dtype_of, widen  # transformers takes seconds to import

    turns = Turns(session.store, f"{folder}/turns", "train")
    order = Order(
        len(turns), section.train.batch, seed, lengths=turns.lengths, sorted_together=section.train.sorted_together
    )
    session.ray()
    widen(model, dtype_of(section.train.precision))
    return ImitationTask(
        store=session.store.url,
        folder=folder,
        train=section.train,
        steps=order.steps(section.train.epochs),
        seed=seed,
        model=ray.put(model),
        adapters=section.lora,
    )


def _publish(
    store: Store,
    section: ImitateSection,
    model: PreTrainedModel,
    rendering: Rendering,
    weights: Mapping[str, Tensor],
    *,
    initial: Initial,
    corpora: tuple[CorpusEntry, ...],
    said: Mapping[str, float],
) -> PolicyManifest:
    from iirl_core.policy.imitation import save_policy, trained

    config = section.model_dump(mode="json", exclude={"model"})
    metrics = {f"perplexity_{when}": float(f"{math.exp(said[when]):.6g}") for when in ("before", "after")}
    with tempfile.TemporaryDirectory(prefix="policy-") as name:
        save_policy(trained(model, weights, section.lora), rendering, Path(name))
        return publish_policy(
            store,
            Path(name),
            name=section.name,
            initial=initial,
            corpora=corpora,
            config=config,
            environment=environment(),
            metrics={**metrics, "held_out_tokens": said["tokens"]},
        )
