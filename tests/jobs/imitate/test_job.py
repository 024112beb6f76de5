"""``iirl imitate`` on a real local Ray: a policy that the store keeps, and the same one after a kill."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.config.imitation import ImitateSection
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import conversation
from iirl_core.errors import ClusterError, ConfigError
from iirl_core.log import entries
from iirl_core.policy import Initial, load_policy, resolve_policy
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.imitate import run
from jobs.imitate.job import AROUND, run_name
from jobs.imitate.preparing import read_demonstrations
from tests.iirl_core.policy.tiny import tiny_policy
from tests.jobs.train.made import demonstration, make_corpora, walks_config
from tests.jobs.train.runs import kill_when

QUIET = Progress(Console(file=io.StringIO()))
THINGS = ("bill", "visit", "bus", "refund", "garden", "key", "report", "seat", "parcel", "letter", "bike", "lamp")


def _config(folder: Path, **imitate: object) -> Config:
    train = {"epochs": 8, "batch": 8, "checkpoint_every": 5, "max_failures": 0, "optimiser": {"learning_rate": 1e-2}}
    return Config.model_validate(
        {
            "name": "desk",
            "store": str(folder / "store"),
            "corpora": [{"name": "shown", "files": ["shown.jsonl"]}],
            "encoder": {"kind": "text"},
            "imitate": {"model": str(folder / "init"), "max_tokens": 96, "train": train, **imitate},
            "audit": {"probes": {"empty": 10}},
        }
    )


class Unstarted(Session):
    """One that needs no Ray."""

    def ray(self) -> None:
        raise AssertionError("Ray is started")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    store = DirectoryStore(tmp_path / "store")
    items = [conversation(f"Open the {thing} {n}?", f"Yes, the {thing}.") for thing in THINGS for n in range(4)]
    write_corpus(store, "shown", [demonstration(item) for item in items])
    tiny_policy("llama", tmp_path / "init")
    return store


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_imitation_leaves_a_policy_that_finds_unseen_answers_likelier(store: DirectoryStore, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    config = _config(tmp_path)
    with Session(store) as session:
        outcome = run(session, config, QUIET)
    assert run(Unstarted(store), config, QUIET) == outcome, "what is done is only read"
    digest = resolve_policy(store, "sft")
    assert digest is not None
    assert digest[:19] in outcome.made
    policy = load_policy(store, digest)
    before, after = (policy.manifest.metrics[f"perplexity_{when}"] for when in ("before", "after"))
    assert after < before / 4
    assert [(entry.name, entry.role) for entry in policy.manifest.corpora] == [("shown", "demonstrations")]
    assert policy.manifest.initial.name == "init"
    assert str(tmp_path) not in policy.manifest.to_bytes().decode()
    assert AutoModelForCausalLM.from_pretrained(policy.model).config.model_type == "llama"
    assert [entry.event.kind for entry in entries(store)] == ["imitate"]


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_a_policy_whose_adapters_alone_were_trained_is_a_plain_one(store: DirectoryStore, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    with Session(store) as session:
        run(session, _config(tmp_path, lora={"rank": 8}), QUIET)
    digest = resolve_policy(store, "sft")
    assert digest is not None
    policy = load_policy(store, digest)
    assert policy.manifest.metrics["perplexity_after"] < 0.9 * policy.manifest.metrics["perplexity_before"]
    names = set(AutoModelForCausalLM.from_pretrained(policy.model).state_dict())
    assert names == set(AutoModelForCausalLM.from_pretrained(tmp_path / "init").state_dict())


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_ranks_get_the_model_in_the_precision_of_training_and_what_is_kept_of_it_was_never_rounded(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray
    import torch
    from transformers import AutoModelForCausalLM, PreTrainedModel

    put, told = ray.put, list[torch.dtype]()

    def spy(value: object) -> object:
        told.extend([one.dtype for one in value.parameters()] if isinstance(value, PreTrainedModel) else ())
        return put(value)

    monkeypatch.setattr(ray, "put", spy)
    train = _config(tmp_path).model_dump(mode="json")["imitate"]["train"] | {"precision": "bf16", "epochs": 1}
    config = _config(tmp_path, train=train, lora={"rank": 8})
    with Session(store) as session:
        outcome = run(session, config, QUIET)
    assert set(told) == {torch.bfloat16}
    digest = resolve_policy(store, "sft")
    assert digest is not None
    before = AutoModelForCausalLM.from_pretrained(tmp_path / "init").state_dict()
    after = AutoModelForCausalLM.from_pretrained(load_policy(store, digest).model).state_dict()
    words = "model.embed_tokens.weight"
    assert torch.equal(after[words], before[words])
    assert not torch.equal(before[words], before[words].bfloat16().float()), "rounding would have been seen"
    assert run(Unstarted(store), config, QUIET) == outcome


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("ray_session")
@pytest.mark.parametrize("zero_stage", [1, 3])
def test_a_killed_imitation_goes_on_and_ends_as_if_nothing_had_happened(
    store: DirectoryStore, tmp_path: Path, zero_stage: int
) -> None:
    train = _config(tmp_path).model_dump(mode="json")["imitate"]["train"] | {"workers": 2, "zero_stage": zero_stage}
    config = _config(tmp_path, train=train)
    whole = DirectoryStore(tmp_path / "whole")
    for corpus in read_demonstrations(store, config):
        write_corpus(whole, "shown", corpus.demonstrations())
    with Session(whole) as session:
        run(session, config.model_copy(update={"store": whole.url}), QUIET)
    folder = next(key for key in whole.list("runs/desk/imitate-")).split("/")[2]
    with Session(store) as session:
        killer = kill_when(store, f"runs/desk/{folder}", step=12)
        with pytest.raises(ClusterError, match="training failed"):
            run(session, config, QUIET)
        killer.join()
        assert resolve_policy(store, "sft") is None
        run(session, config, QUIET)
    told = [load_policy(each, digest).manifest for each in (whole, store) if (digest := resolve_policy(each, "sft"))]
    assert len(told) == 2
    assert told[1].metrics["perplexity_before"] == told[0].metrics["perplexity_before"]
    assert told[1].metrics["perplexity_after"] == pytest.approx(told[0].metrics["perplexity_after"], rel=1e-3)


def test_a_run_is_named_by_what_decides_its_weights_alone(tmp_path: Path) -> None:
    document = _config(tmp_path).model_dump(mode="json")["imitate"]

    def name(**train: object) -> str:
        section = ImitateSection.model_validate({**document, "train": {**document["train"], **train}})
        return run_name(0, section, Initial("init", Digest("sha256:1")), ())

    around = {"cpus_per_worker": 2.0, "checkpoint_every": 7, "max_failures": 9, "trackers": ["mlflow"]}
    assert around.keys() == AROUND
    assert {name(**{key: value}) for key, value in around.items()} == {name()}
    assert len({name(), name(epochs=3), name(precision="bf16"), name(zero_stage=2)}) == 4


def test_what_holds_nothing_to_imitate_is_refused_before_anything_starts(store: DirectoryStore, tmp_path: Path) -> None:
    config = _config(tmp_path)
    with pytest.raises(ConfigError, match="no section imitate"):
        run(Session(store), config.model_copy(update={"imitate": None}), QUIET)
    make_corpora(store)
    with pytest.raises(ConfigError, match="walks holds no conversations"):
        read_demonstrations(store, walks_config(tmp_path))
    write_corpus(store, "shown", [demonstration(conversation("a", "b"), "train")])
    with pytest.raises(ConfigError, match="no demonstration is in the guard split"):
        read_demonstrations(store, config)
