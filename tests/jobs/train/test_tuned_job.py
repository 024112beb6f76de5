"""``iirl train`` of the text encoder itself, on a real local Ray and a tiny transformer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cluster.session import Session
from iirl_core import load
from iirl_core.artifact import Artifact
from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Conversation, Split, conversation
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.errors import ClusterError, ConfigError, InputError
from iirl_core.expertness import build_expertness
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from iirl_core.tuning.transformer import tuned_of
from jobs.hold import FREE
from jobs.train import run
from jobs.train.engine import Engine
from jobs.train.features import Features
from jobs.train.learnable import read_sources
from jobs.train.loop import TrainingTask, build_model, order_of
from jobs.train.naming import run_name
from jobs.train.tokens import Tokens
from jobs.train.weights import WEIGHTS, read_weights
from tests.iirl_core.encoder.tiny import tiny
from tests.iirl_core.tuning.samples import quiet
from tests.jobs.train.made import ingest, make_builder, make_comparisons, tuned_config
from tests.jobs.train.runs import kill_when, lines_of
from tests.jobs.train.test_job import QUIET

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900), pytest.mark.usefixtures("ray_session", "one_rank")]


def made(folder: Path, config: Config) -> tuple[DirectoryStore, str]:
    """A store with the corpora in it, and where the run will be."""
    store = DirectoryStore(folder / "store")
    make_comparisons(folder)
    make_builder(folder)
    ingest(store, config)
    return store, f"runs/tuned/{run_name(config, read_sources(store, config))}"


def encoder_of(config: Config) -> TextEncoder:
    encoder = fit_encoder(config.encoder, [])
    assert isinstance(encoder, TextEncoder)
    return encoder


def never_stopped(store: DirectoryStore, config: Config, folder: str) -> list[float]:
    """The losses of the same run in this process, from its tokens, by one rank and without a checkpoint."""
    tokens = Tokens(store, f"{folder}/tokens", "train")
    order = order_of(tokens, config.train, config.seed, 1, config.expertness)
    steps, encoder = order.steps(config.train.epochs), encoder_of(config)
    task = TrainingTask(
        store.url, folder, config.expertness, config.train, encoder.width, steps, *tokens.weights(), config.seed
    )
    if config.train.head_epochs:
        task = replace(task, start=f"{folder}/head/{WEIGHTS}")
    engine = Engine(tuned_of(encoder, build_model(task)), config.train, steps, seed=config.seed)
    return [engine.step(step, tokens.take(order.positions(step))).loss for step in range(steps)]


def sealed(store: DirectoryStore) -> Artifact:
    """As anybody would load it; that its golden Readings hold is part of loading."""
    return load(store.root / "artifacts" / folder_of(resolve(store, "tuned")))


def check_learnt(artifact: Artifact, config: Config) -> None:
    asked = "Can you help me with the sofa?"
    kind, rude = (
        conversation(asked, "Of course, I am glad to help you with the sofa."),
        conversation(asked, "No. The sofa is your own problem, go away!"),
    )
    readings = artifact.read([kind, rude])
    assert readings[0].reward > 0.6
    assert readings[1].reward < 0.4
    before = encoder_of(config).encode([kind, rude]).z
    assert (artifact.model.encoder.encode([kind, rude]).z - before).abs().max() > 0.1, "the encoder is the trained one"


@pytest.mark.parametrize("split", ["train", "guard"])
def test_a_record_that_the_template_refuses_is_told_before_training_even_if_it_only_calibrates(
    split: Split, tmp_path: Path
) -> None:
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"))
    store, _ = made(tmp_path, config)
    first = next(read_corpus(store, "rude").demonstrations(split)).input
    assert isinstance(first, Conversation)
    prompt = first.messages[0].content
    refuses = f"{{% if messages[0]['content'] == '{prompt}' %}}{{{{ raise_exception('not that') }}}}{{% endif %}}"
    config = tuned_config(tmp_path, config.encoder.model, {"chat_template": refuses + "{{ messages }}"})
    with Session(store) as session, pytest.raises(InputError) as refused:
        run(session, config, QUIET)
    told = f"the chat template refuses a conversation (not that): user, assistant, the user beginning {prompt!r}. Mend"
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)
    assert not list((store.root / "runs").rglob("tokens.json")), "nothing was trained on"


def test_the_encoder_is_trained_with_a_head_that_learnt_first_and_sealed(tmp_path: Path) -> None:
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), head_epochs=2)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        outcome = run(session, config, QUIET)
        assert run(session, config, QUIET) == outcome
    losses = [line["loss"] for line in lines_of(store, folder)]
    assert losses == pytest.approx(never_stopped(store, config, folder), abs=1e-3)
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    artifact = sealed(store)
    check_learnt(artifact, config)
    assert artifact.manifest.metrics["train_rows"] == len(Tokens(store, f"{folder}/tokens", "train"))
    train = Features(store, f"{folder}/features", "train")
    assert train.weights()[1] == 0, "negatives of training do not calibrate"
    assert len(train) == read_sources(store, config).count("demonstrations", "train")
    assert len(Features(store, f"{folder}/features", "contrast")) > 0


@pytest.mark.slow
def test_the_head_learns_first_over_rows_of_the_encoder_as_it_is_and_once(tmp_path: Path) -> None:
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), {"dropout": 0.0}, epochs=8, head_epochs=30)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        run(session, config, QUIET)
        (store.root / folder / "weights.safetensors").unlink()  # as if killed after the head had learnt
        before = store.get(f"{folder}/head/metrics.jsonl")
        run(session, config, QUIET)
        assert store.get(f"{folder}/head/metrics.jsonl") == before
    alone, both = lines_of(store, f"{folder}/head"), lines_of(store, folder)
    rows = Features(store, f"{folder}/head/features", "train")
    encoder = encoder_of(config)
    kept = read_weights(store, f"{folder}/head/weights.safetensors")
    assert (len(alone), len(both)) == (30 * len(rows) // 16, 8 * len(rows) // 16)
    assert alone[-1]["loss"] < 0.7 * alone[0]["loss"]
    tokens = Tokens(store, f"{folder}/tokens", "train")
    assert len(rows) == len(tokens)
    model = build_expertness(config.expertness, encoder.width)
    model.load_state_dict(kept)
    first = tokens.take(order_of(tokens, config.train, config.seed, 1, config.expertness).positions(0))
    expected = float(tuned_of(encoder, model, dropout=0.0)(**first.tensors()).detach())
    assert both[0]["loss"] == pytest.approx(expected, abs=1e-5), "training of both begins where the head ended"
    check_learnt(sealed(store), config)


@pytest.mark.slow
def test_a_killed_run_goes_on_by_the_same_command_and_ends_where_it_would_have(tmp_path: Path) -> None:
    """With the transformer's own dropout at work."""
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), epochs=40, zero_stage=2)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        killer = kill_when(store, folder, step=60)
        with pytest.raises(ClusterError, match="training failed"):
            run(session, config, QUIET)
        killer.join()
        run(session, config, QUIET)
    lines, expected = lines_of(store, folder), never_stopped(store, config, folder)
    assert [line["step"] for line in lines] == list(range(1, len(expected) + 1))
    assert [line["loss"] for line in lines] == pytest.approx(expected, abs=1e-3)
    check_learnt(sealed(store), config)


@pytest.mark.slow
def test_two_ranks_that_share_the_weights_survive_the_death_of_one_and_learn_what_one_learns(tmp_path: Path) -> None:
    """Without dropout, which no two ranks draw alike."""
    more = {"workers": 2, "cpus_per_worker": 0.5, "zero_stage": 3, "max_failures": 3}
    config = tuned_config(tmp_path, quiet(tmp_path / "model"), epochs=24, **more)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        killer = kill_when(store, folder, step=40)
        run(session, config, QUIET)
        killer.join()
    alone = tuned_config(tmp_path, str(tmp_path / "model"), epochs=24, zero_stage=0)
    lines, expected = lines_of(store, folder), never_stopped(store, alone, folder)
    assert [line["step"] for line in lines] == list(range(1, len(expected) + 1))
    assert [line["loss"] for line in lines] == pytest.approx(expected, abs=1e-3)
    check_learnt(sealed(store), config)


@pytest.mark.slow
def test_adapters_are_trained_in_parts_and_sealed_as_a_plain_transformer(tmp_path: Path) -> None:
    """With all that saves memory."""
    lora = {"rank": 8, "alpha": 16, "dropout": 0.1, "targets": ["query", "value", "dense"]}
    saving = {"accumulation": 2, "gradient_checkpointing": True, "offload": "cpu", "zero_stage": 2}
    optimiser = {"learning_rate": 0.01, "encoder_learning_rate": 0.01}
    model = tiny("bert", tmp_path / "model")
    encoder = {"tuning": "lora", "lora": lora}
    config = tuned_config(tmp_path, model, encoder, epochs=16, optimiser=optimiser, **saving)
    store, folder = made(tmp_path, config)
    with Session(store) as session:
        run(session, config, QUIET)
    losses = [line["loss"] for line in lines_of(store, folder)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    artifact = sealed(store)
    check_learnt(artifact, config)
    assert isinstance(artifact.model.encoder, TextEncoder)
    before = encoder_of(config).model.state_dict()
    after = artifact.model.encoder.model.state_dict()
    assert set(after) == set(before)
    for name in before:
        if not name.startswith("pooler."):  # that is where a stock classifier keeps its head
            targeted = name.endswith("weight") and any(f"{target}." in name for target in lora["targets"])
            assert torch.equal(after[name], before[name]) != targeted, name


@pytest.mark.slow
def test_an_encoder_in_half_the_bytes_is_trained_with_its_weights_on_the_host_and_sealed_so(tmp_path: Path) -> None:
    model = tiny("llama", tmp_path / "model")
    encoder = {"tuning": "lora", "weights": "bf16", "pooling": "last"}
    more = {"zero_stage": 3, "offload": "weights", "precision": "bf16", "epochs": 16}
    optimiser = {"learning_rate": 0.01, "encoder_learning_rate": 0.01}
    line = {"family": "discriminator", "hidden": 0, "members": 2}
    config = tuned_config(tmp_path, model, encoder, optimiser=optimiser, **more)
    config = config.model_copy(update={"expertness": DiscriminatorSection.model_validate(line)})
    store, _ = made(tmp_path, config)
    with Session(store) as session:
        run(session, config, QUIET)
    artifact = sealed(store)
    check_learnt(artifact, config)
    own = artifact.model.encoder
    assert isinstance(own, TextEncoder)
    assert own.weights == "bf16"
    weights = sum(path.stat().st_size for path in (artifact.folder / "model").glob("model*.safetensors"))
    assert weights < 0.6 * (tmp_path / "model" / "model.safetensors").stat().st_size
    assert artifact.manifest.has_classifier


def test_targets_that_match_nothing_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    config = tuned_config(
        tmp_path, tiny("bert", tmp_path / "model"), {"tuning": "lora", "lora": {"targets": ["q_proj"]}}
    )
    store, folder = made(tmp_path, config)
    with Session(store) as session, pytest.raises(ConfigError, match="no linear layer is named q_proj"):
        run(session, config, QUIET)
    assert [store.get(key) for key in store.list(folder)] == [FREE], "nothing but a hold that was given back"


def test_a_dropout_that_nothing_of_the_model_has_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iirl_core.tuning.transformer.dropping", lambda model: iter(()))
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), {"dropout": 0.1})
    store, folder = made(tmp_path, config)
    with Session(store) as session, pytest.raises(ConfigError, match=r"encoder\.dropout 0\.1: no layer of BertModel"):
        run(session, config, QUIET)
    assert [store.get(key) for key in store.list(folder)] == [FREE]
