from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from cluster.session import Session
from iirl_core.corpus import CorpusManifest, origin_of, read_corpus
from iirl_core.errors import ConfigError
from iirl_core.log import entries
from iirl_core.store import DirectoryStore
from jobs import sample
from jobs.console import Progress
from jobs.hold import FREE
from jobs.sample.chunks import Chunks
from tests.iirl_core.policy.tiny import tiny_policy
from tests.jobs.sample.sampled import ASKED, config_of, context_of, run, with_prompts

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_policy("llama", tmp_path_factory.mktemp("policy") / "untrained")


@pytest.fixture(scope="module")
def sampled(
    policy: str, tmp_path_factory: pytest.TempPathFactory, ray_session: None
) -> tuple[DirectoryStore, CorpusManifest]:
    """By one sampler, in one go."""
    store = with_prompts(tmp_path_factory.mktemp("sampled"))
    return store, run(store, config_of(policy))[0]


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return with_prompts(tmp_path)


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
    assert [store.get(key) for key in store.list("runs/sampled/")] == [FREE], "nothing but a hold that was given back"
    again, said = run(store, config_of(policy))
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
        run(store, config_of(policy))
    manifest, _ = run(store, config_of(policy, samplers=2, batch=5))
    assert sorted(kept) == [0, 1]
    assert manifest.digest == sampled[1].digest


@pytest.mark.slow
def test_after_a_kill_without_warning_the_same_command_ends_in_the_same_corpus(
    sampled: tuple[DirectoryStore, CorpusManifest], store: DirectoryStore, policy: str, tmp_path: Path
) -> None:
    import ray

    config = tmp_path / "config.yaml"
    document = config_of(policy).model_dump(mode="json", exclude_unset=True)
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
    assert run(store, config_of(policy))[0].digest == sampled[1].digest
    assert [store.get(key) for key in store.list("runs/sampled/")] == [FREE], "nothing but a hold that was given back"


def test_what_cannot_be_sampled_is_refused(store: DirectoryStore, policy: str, ray_session: None) -> None:
    with pytest.raises(ConfigError, match="no section sample"):
        sample.run(Session(store), config_of(policy).model_copy(update={"sample": []}), Progress())
    with pytest.raises(ConfigError, match="vllm"):
        run(store, config_of(policy, engine="vllm"))
    with pytest.raises(ConfigError, match="no GPU"):
        run(store, config_of(policy, gpus_per_sampler=1))
    with pytest.raises(ConfigError, match="there is no policy"):
        run(store, config_of("nobody/nothing"))
