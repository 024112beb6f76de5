"""``iirl sample``: prompts → chunks → answers → a corpus that knows its policy.

Chunks that were answered lie under ``runs/NAME/sample-RUN``, where RUN follows from what decides the answers: the same
command after a kill goes on where it stopped, and after success it only finds what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pyarrow as pa
from ray.exceptions import RayError

from cluster.apart import stream_apart
from cluster.failure import failure_of
from cluster.resources import ActorPlan, plan_samplers
from cluster.session import Session
from cluster.store import open_store
from cluster.streaming import streaming
from iirl_core.config import Config
from iirl_core.config.sampling import SampleSection
from iirl_core.corpus import Corpus, CorpusManifest, read_corpus, write_corpus
from iirl_core.errors import ConfigError, NotFound
from iirl_core.log import Event, append_once
from iirl_core.policy.source import PolicySource, find_policy, folder_of_policy
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.hold import HOLD, held
from jobs.ingest import say_corpus
from jobs.outcome import Outcome
from jobs.sample.actor import by_transformers
from jobs.sample.chunks import WHOLE, Chunks
from jobs.sample.gathering import records_of, whole_chunks
from jobs.sample.task import SampleTask
from jobs.sample.vllm_engine import by_vllm
from jobs.sample.vllm_place import check_made, check_vllm


def run(session: Session, config: Config, progress: Progress) -> Outcome:
    """Make every corpus of ``sample``, in order.

    Raises:
        ConfigError: there is nothing to sample, a policy cannot be used, prompts are no conversations, or the cluster
            lacks what is asked for.
        NotFound: a corpus of prompts is not in the store.
        CorpusEmpty: a policy gave no answer at all.
        ClusterError: sampling failed.
        Conflict: another process samples this.
    """
    if not config.sample:
        raise ConfigError("there is no section sample", "a list of corpora to sample", "See docs/config.md")
    policies = [_policy_of(session.store, section) for section in config.sample]  # all, before any answers
    made = [
        _sample(session, config, section, policy, progress)
        for section, policy in zip(config.sample, policies, strict=True)
    ]
    for manifest in made:
        say_corpus(session.store, manifest, progress)
    said = ", ".join(f"{manifest.name} ({manifest.rows:,} answers)" for manifest in made)
    return Outcome(f"sampled {said}", f"{session.store.url}/corpora", "iirl train CONFIG.yaml")


def _policy_of(store: Store, section: SampleSection) -> PolicySource:
    """Found, and what can be told without its weights looked at."""
    from iirl_core.policy.sampling import Reader  # transformers takes seconds to import

    if section.engine == "vllm":
        check_vllm(section.gpus_per_sampler)
    policy = find_policy(store, section.model)
    folder = folder_of_policy(store, policy)
    Reader(folder, section.chat_template, section.called)
    if section.engine == "vllm":
        check_made(folder, section.called)
    return policy


def _sample(
    session: Session, config: Config, section: SampleSection, policy: PolicySource, progress: Progress
) -> CorpusManifest:
    store = session.store
    prompts = read_corpus(store, section.prompts)
    if prompts.manifest.kind != "conversation":
        raise ConfigError(f"sample.prompts {section.prompts} holds {prompts.manifest.kind}s", "conversations")
    task = SampleTask(store.url, config.name, section, policy, prompts.manifest.digest, config.seed)
    with held(store, f"{task.folder}.{HOLD}", progress):  # beside the folder, which is removed
        return _answered(session, task, prompts, progress)


def _answered(session: Session, task: SampleTask, prompts: Corpus, progress: Progress) -> CorpusManifest:
    store, section = session.store, task.section
    chunks = Chunks(store, task.folder)
    there = _found(store, task)
    if there is not None and not store.exists(f"{task.folder}/{WHOLE}"):
        chunks.remove()  # of which some is left where that was interrupted
        progress.say(f"{section.name}: there already")
        return there
    plan = plan_samplers(session.cluster(), section)  # refused now rather than after the prompts were read
    chunks.write_prompts(prompts, section.splits, section.limit)
    sizes = [size * section.per_prompt for size in chunks.sizes()]
    pending = chunks.pending()
    with progress.task(f"sample {section.name}", sum(sizes)) as advance:
        advance(sum(sizes) - sum(sizes[chunk] for chunk in pending))
        try:
            for chunk, answers in whole_chunks(
                stream_apart(partial(_tables, task, plan)) if pending else iter(()), sizes
            ):
                chunks.put_answers(chunk, answers)
                advance(len(answers))
        except RayError as error:
            raise failure_of(error, "sampling") from error
    manifest = _written(store, task, chunks)
    append_once(store, Event("sample", manifest.digest, manifest.name, details=_details(task, manifest)))
    chunks.remove()
    return manifest


def _tables(task: SampleTask, plan: ActorPlan) -> Iterator[pa.Table]:
    """Of the chunks that have no answers yet: fewer, where this was lost and is driven again."""
    pending = Chunks(open_store(task.store), task.folder).pending()
    if pending:
        with streaming():
            yield from (by_vllm if task.section.engine == "vllm" else by_transformers)(task, plan, pending)


def _found(store: Store, task: SampleTask) -> CorpusManifest | None:
    """The newest corpus of that name, if it is what the task would make."""
    try:
        manifest = read_corpus(store, task.section.name).manifest
    except NotFound:
        return None
    said = manifest.config if isinstance(manifest.config, Mapping) else {}
    return manifest if {key: said.get(key) for key in task.record()} == task.record() else None


def _written(store: Store, task: SampleTask, chunks: Chunks) -> CorpusManifest:
    cut = sum(chunks.answers(chunk)["cut"].to_pylist().count(True) for chunk in range(len(chunks.sizes())))
    record = {**task.record(), "cut_off": cut}
    return write_corpus(store, task.section.name, records_of(task, chunks), config=record)


def _details(task: SampleTask, manifest: CorpusManifest) -> tuple[tuple[str, str], ...]:
    rows = (("rows", str(manifest.rows)), ("quarantined", str(manifest.quarantined)))
    return (("policy", task.policy.digest), ("prompts", task.prompts), *rows)
