from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.config import Config
from iirl_core.config.corpora import SplitSection
from iirl_core.corpus import CorpusManifest, identity_of, origin_of, read_corpus, split_of, write_corpus
from iirl_core.corpus.identity import split_key
from iirl_core.demonstration import Conversation, Demonstration, Message, conversation
from iirl_core.errors import ConfigError
from iirl_core.log import entries
from iirl_core.store import DirectoryStore
from jobs import sample
from jobs.console import Progress
from jobs.sample.chunks import PROMPTS, Chunks
from tests.iirl_core.policy.tiny import tiny_policy

pytestmark = pytest.mark.ray
ASKED = PROMPTS + 6


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_policy("llama", tmp_path_factory.mktemp("policy") / "untrained")


@pytest.fixture(scope="module")
def sampled(
    policy: str, tmp_path_factory: pytest.TempPathFactory, ray_session: None
) -> tuple[DirectoryStore, CorpusManifest]:
    """By one sampler, in one go."""
    store = _with_prompts(tmp_path_factory.mktemp("sampled"))
    return store, _run(store, _config(policy))[0]


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return _with_prompts(tmp_path)


def _with_prompts(folder: Path) -> DirectoryStore:
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


def _config(policy: str, *, seed: int = 0, **changes: Any) -> Config:
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


def _run(store: DirectoryStore, config: Config) -> tuple[CorpusManifest, str]:
    progress = Progress(Console(file=io.StringIO(), width=200))
    outcome = sample.run(Session(store), config, progress)
    assert outcome.next == "iirl train CONFIG.yaml"
    said = progress.console.file.getvalue()  # type: ignore[attr-defined]
    return read_corpus(store, "answers").manifest, said


def test_a_policys_answers_become_a_corpus_that_says_whose_they_are(
    sampled: tuple[DirectoryStore, CorpusManifest], policy: str
) -> None:
    store, manifest = sampled
    asked = {context_of(one): one.split for one in read_corpus(store, "asked").demonstrations()}
    rows = list(read_corpus(store, "answers").demonstrations())
    assert all(asked[context_of(one)] == one.split for one in rows)
    assert {one.source for one in rows} == {"untrained"}
    assert (manifest.rows + manifest.quarantined, manifest.duplicates) == (2 * (ASKED + 1), 0)
    assert [count for reason, count in manifest.reasons if "together" in reason] == [2]
    assert isinstance(manifest.config, dict)
    recorded = manifest.config["sample"]
    assert isinstance(recorded, dict)
    assert recorded["prompts"] == {"name": "asked", "digest": read_corpus(store, "asked").manifest.digest}
    assert (recorded["seed"], recorded["temperature"], recorded["max_new_tokens"]) == (0, 1.0, 6)
    origin = origin_of(manifest)
    assert origin is not None
    assert origin.sampled == "fixed"
    assert [(entry.event.kind, entry.event.detail("policy")) for entry in entries(store)] == [("sample", origin.policy)]
    assert not list(store.list("runs/sampled/"))
    again, said = _run(store, _config(policy))
    assert again == manifest
    assert "there already" in said


def test_a_run_that_was_killed_goes_on_with_the_chunks_it_has_to_the_same_corpus_whoever_samples(
    sampled: tuple[DirectoryStore, CorpusManifest], store: DirectoryStore, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, kept = Chunks.put_answers, list[int]()

    def noting(self: Chunks, index: int, answers: pa.Table) -> None:
        put(self, index, answers)
        kept.append(index)
        if len(kept) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Chunks, "put_answers", noting)
    with pytest.raises(KeyboardInterrupt):
        _run(store, _config(policy))
    manifest, _ = _run(store, _config(policy, samplers=2, batch=5))
    assert sorted(kept) == [0, 1]
    assert manifest.digest == sampled[1].digest


@pytest.mark.slow
def test_after_a_kill_without_warning_the_same_command_ends_in_the_same_corpus(
    sampled: tuple[DirectoryStore, CorpusManifest], store: DirectoryStore, policy: str, tmp_path: Path
) -> None:
    import ray

    config = tmp_path / "config.yaml"
    document = _config(policy).model_dump(mode="json", exclude_unset=True)
    config.write_text(json.dumps({**document, "store": store.url.removeprefix("file://")}))
    command = [sys.executable, "-m", "jobs", "sample", str(config)]
    address = ray.get_runtime_context().gcs_address
    with subprocess.Popen([*command, "--address", address], stderr=subprocess.DEVNULL) as process:
        while not any("/answers-" in key for key in store.list("runs/sampled/")):
            assert process.poll() is None, "it ended without a chunk of answers"
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not list(store.list("corpora/answers/"))
    assert _run(store, _config(policy))[0].digest == sampled[1].digest
    assert not list(store.list("runs/sampled/"))


def test_what_cannot_be_sampled_is_refused(store: DirectoryStore, policy: str, ray_session: None) -> None:
    with pytest.raises(ConfigError, match="no section sample"):
        sample.run(Session(store), _config(policy).model_copy(update={"sample": []}), Progress())
    with pytest.raises(ConfigError, match="vllm"):
        _run(store, _config(policy, engine="vllm"))
    with pytest.raises(ConfigError, match="no GPU"):
        _run(store, _config(policy, gpus_per_sampler=1))
    with pytest.raises(ConfigError, match="there is no policy"):
        _run(store, _config("nobody/nothing"))
