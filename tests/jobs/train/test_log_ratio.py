from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.corpora import SplitSection
from iirl_core.corpus import identity_of, split_of, write_corpus
from iirl_core.corpus.identity import split_key
from iirl_core.demonstration import Conversation, Demonstration, conversation
from iirl_core.errors import ConfigError
from iirl_core.policy import Initial, point_policy, publish_policy
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from tests.iirl_core.expertness.test_log_ratio import folder_of_models
from tests.jobs.train.made import make_builder

QUIET = Progress(Console(file=io.StringIO()))


def _config(folder: Path, sft: str, **section: object) -> Config:
    models = folder_of_models()
    return Config.model_validate(
        {
            "name": "likelier",
            "store": str(folder / "store"),
            "keys": str(folder / "keys"),
            "corpora": [
                {"name": "good", "files": ["good.jsonl"]},
                {"name": "bad", "role": "negatives", "files": ["bad.jsonl"]},
            ],
            "encoder": {"kind": "text", "model": str(models / "bert"), "max_tokens": 200},
            "expertness": {
                "family": "log_ratio",
                "sft": sft,
                "init": str(models / "init"),
                "max_tokens": 128,
                **section,
            },
            "mapping": {"kind": "sigmoid"},
            "audit": {"probes": {}},
        }
    )


def _shown(item: Conversation, source: str) -> Demonstration:
    identity = identity_of(item)
    return Demonstration(identity, item, source, split_of(split_key(item, identity), SplitSection()))


def _publish(store: DirectoryStore) -> None:
    policy = publish_policy(
        store,
        folder_of_models() / "sft",
        name="polite",
        initial=Initial("untrained", Digest(f"sha256:{'0' * 64}")),
        corpora=(),
        config=None,
        environment={},
        metrics={},
    )
    point_policy(store, policy)


@pytest.mark.ray
@pytest.mark.slow
def test_the_ratio_of_a_policy_in_the_store_and_its_beginning_is_sealed_without_training(
    tmp_path: Path, ray_session: None
) -> None:
    store = DirectoryStore(tmp_path / "store")
    _publish(store)
    make_builder(tmp_path)
    answers = {"good": "Yes, room {} is open until six.", "bad": "No idea about {}, go away now."}
    for name, answer in answers.items():
        items = [conversation(f"Is room {n} open?", answer.format(n)) for n in range(40)]
        write_corpus(store, name, [_shown(item, name) for item in items])
    with Session(store) as session:
        outcome = run(session, _config(tmp_path, "polite"), QUIET)
        with pytest.raises(ConfigError, match="the same policy"):
            run(session, _config(tmp_path, str(folder_of_models() / "init")), QUIET)
        plain = resolve(store, "likelier")
        run(session, _config(tmp_path, "polite", length_debias=1.0), QUIET)
    assert "sealed likelier" in outcome.made
    assert "loss" not in outcome.made, "nothing is trained"
    debiased = load_from(store, resolve(store, "likelier"))
    assert debiased.model.expertness.get_buffer("middle").item() > 3, "learnt from the demonstrations"
    assert debiased.model.encoder.width == 34
    artifact = load_from(store, plain)
    assert artifact.manifest.mode == "frozen-policy"
    ratio = artifact.manifest.encoder["ratio"]
    assert isinstance(ratio, dict)
    assert set(ratio) == {"sft", "init"}
    kind, rude = artifact.read(
        [{"prompt": "Is room 99 open?", "response": answer.format(99)} for answer in answers.values()]
    )
    assert kind.reward > 0.5 > rude.reward
