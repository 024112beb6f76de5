"""A store with prompts, a configuration that samples from them, and the job run on both; or what vLLM is asked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from cluster.session import Session
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.corpora import SplitSection
from iirl_core.config.sampling import SampleSection
from iirl_core.corpus import CorpusManifest, identity_of, read_corpus, split_of, write_corpus
from iirl_core.corpus.identity import split_key
from iirl_core.demonstration import Conversation, Demonstration, Message, conversation
from iirl_core.policy.source import find_policy
from iirl_core.store import DirectoryStore
from jobs import sample
from jobs.console import Progress
from jobs.sample.chunks import PROMPTS as CHUNK
from jobs.sample.chunks import Chunks
from jobs.sample.task import SampleTask
from jobs.sample.vllm_engine import Asking
from tests.iirl_core.policy.tiny import tiny_policy

ASKED = CHUNK + 6
PROMPTS = [conversation("Is it open?", ""), conversation("word " * 60, "")]
"""The second leaves no room for an answer."""


def with_prompts(folder: Path) -> DirectoryStore:
    """Two answers to each prompt; and a prompt that leaves no room for one."""
    store = DirectoryStore(folder / "store")
    items = [conversation(f"Is it {n}? " * (1 + n % 5), answer) for n in range(ASKED) for answer in ("Yes.", "No.")]
    write_corpus(store, "asked", [_shown(item) for item in [*items, conversation("word " * 60, "Indeed.")]])
    return store


def context_of(one: Demonstration) -> tuple[Message, ...]:
    assert isinstance(one.input, Conversation)
    return one.input.context


def _shown(item: Conversation) -> Demonstration:
    identity = identity_of(item)
    return Demonstration(identity, item, "asked", split_of(split_key(item, identity), SplitSection()))


def config_of(policy: str, *, seed: int = 0, **changes: Any) -> Config:
    section = {"name": "answers", "model": policy, "prompts": "asked", "per_prompt": 2, "max_new_tokens": 6, **changes}
    return Config.model_validate(
        {
            "name": "sampled",
            "seed": seed,
            "corpora": [{"name": "asked", "files": ["asked.jsonl"]}],
            "sample": [{"cpus_per_sampler": 0.5, **section}],
            "encoder": {"kind": "text"},
            "audit": {"probes": {}},
        }
    )


def run(store: DirectoryStore, config: Config) -> tuple[CorpusManifest, str]:
    progress = Progress(Console(file=io.StringIO(), width=200))
    outcome = sample.run(Session(store), config, progress)
    assert outcome.next == "iirl train CONFIG.yaml"
    said = progress.console.file.getvalue()  # type: ignore[attr-defined]
    return read_corpus(store, "answers").manifest, said


def asking_in(folder: Path, **changes: Any) -> Asking:
    """Two answers to each of ``PROMPTS``, which are a chunk of a store in the folder, as a policy there is."""
    store = DirectoryStore(folder / "store")
    write_corpus(store, "asked", [Demonstration(identity_of(item), item, "asked", "train") for item in PROMPTS])
    prompts = read_corpus(store, "asked")
    asked = {"name": "answers", "model": "llama", "prompts": "asked", "per_prompt": 2, "max_new_tokens": 8}
    section = SampleSection.model_validate({**asked, "temperature": 0.7, "engine": "vllm", **changes})
    policy = find_policy(store, tiny_policy("llama", folder / "llama"))
    task = SampleTask(store.url, "run", section, policy, Digest(prompts.manifest.digest), seed=3)
    Chunks(store, task.folder).write_prompts(prompts, section.splits, None)
    return Asking(task, folder / "llama")
