from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from iirl_core.artifact import load_from
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import identity_of, read_corpus, write_corpus
from iirl_core.demonstration import Demonstration, Trajectory, conversation
from iirl_core.errors import ConfigError, InputError
from iirl_core.evaluation import Evaluation, parse_evaluation, random_heads
from iirl_core.log import entries
from iirl_core.release import resolve
from iirl_core.store import Store
from jobs import evaluate
from jobs.console import Progress
from jobs.evaluate.scoring import score
from jobs.evaluate.table import table_rows
from jobs.evaluate.unseen import Unseen, pairs_of
from jobs.learnt import corpus_behind
from tests.iirl_core.artifact.samples import walks
from tests.jobs.audit.turning import make_root, wheel_config
from tests.jobs.wheel import quiet


def _config(folder: Path) -> Config:
    return wheel_config(folder, corpora=[{"name": "walks", "files": ["walks.npz"]}], evaluate={"bootstrap": 200})


def _kept(store: Store, digest: Digest) -> Evaluation:
    return parse_evaluation(store.get(evaluate.evaluation_key(load_from(store, digest))))


def test_the_figures_of_the_unseen_demonstrations_are_kept_with_their_intervals(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    outcome = evaluate.run(session, _config(tmp_path), quiet())
    assert "10 unseen records" in outcome.made
    evaluation = _kept(session.store, root)
    assert evaluation.counts == {"walks": (10, 10)}
    noisy = evaluation.estimate("separation/noise-1")
    kept = evaluation.estimate("retention/kept")
    assert noisy is not None
    assert kept is not None
    assert noisy.value > 0.9
    assert noisy.low <= noisy.value <= noisy.high
    assert kept.value == 1.0, "nothing was patched yet"


def test_rollouts_with_true_returns_are_ranked(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    learnt = next(read_corpus(session.store, "walks").demonstrations("train")).input
    assert isinstance(learnt, Trajectory)
    made = [*walks(9, seed=40), learnt]
    noise = np.random.default_rng(0).normal(size=(10, 12, 3)) * np.linspace(0, 2, 10)[::-1, None, None]
    states = np.concatenate([item.observations + off for item, off in zip(made, noise, strict=True)])  # type: ignore[union-attr]
    actions = np.concatenate([item.actions for item in made])  # type: ignore[union-attr]
    episode = np.repeat(np.arange(10), 12)
    np.savez(tmp_path / "noisier.npz", observations=states, actions=actions, episode=episode, returns=np.arange(10.0))
    files = [str(tmp_path / "noisier.npz")]
    config = wheel_config(
        tmp_path,
        corpora=[{"name": "walks", "files": ["walks.npz"]}],
        evaluate={"bootstrap": 200, "rollouts": files},
    )
    evaluate.run(session, config, quiet())
    evaluation = _kept(session.store, root)
    found = evaluation.estimate("returns/noisier/spearman")
    assert found is not None
    assert found.value > 0.8
    assert evaluation.estimate("nearest/returns/noisier/spearman") is not None
    (facts,) = evaluation.suites
    assert (facts.kind, facts.rows, facts.contaminated) == ("returns", 10, 1)
    key = evaluate.evaluation_key(load_from(session.store, root)).replace(".json", ".html")
    page = session.store.get(key).decode()
    assert ">returns noisier</h2>" in page
    assert "Mean reward of rollouts over their true return" in page
    assert "nearest demonstration: " in page


def test_rollouts_that_the_model_cannot_read_are_refused_before_anything_is_scored(tmp_path: Path) -> None:
    session, _ = make_root(tmp_path)
    np.savez(tmp_path / "still.npz", observations=np.zeros((24, 3)), episode=np.repeat([0, 1], 12), returns=[0.0, 1])
    config = wheel_config(
        tmp_path,
        corpora=[{"name": "walks", "files": ["walks.npz"]}],
        evaluate={"rollouts": [str(tmp_path / "still.npz")]},
    )
    heard = io.StringIO()
    with pytest.raises(InputError, match=r"evaluate.rollouts: still.npz: a trajectory without actions; expected act"):
        evaluate.run(session, config, Progress(Console(file=heard, width=200)))
    assert "evaluating" not in heard.getvalue()


def test_evaluating_again_says_the_same_and_logs_nothing_new(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    evaluate.run(session, _config(tmp_path), quiet())
    first, logged = _kept(session.store, root), list(entries(session.store))
    evaluate.run(session, _config(tmp_path), quiet())
    assert _kept(session.store, root) == first
    assert list(entries(session.store)) == logged
    assert [entry.event.kind for entry in logged] == ["evaluate"]


def test_what_is_called_unseen_was_not_trained_on_though_the_corpus_was_ingested_anew(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    store, config = session.store, _config(tmp_path)
    manifest = load_from(store, root).manifest
    behind = corpus_behind(store, manifest, config.corpora[0]).manifest.digest
    trained_on = [Demonstration(identity_of(item), item, "walks", "unseen") for item in walks(40, 1)]
    assert write_corpus(store, "walks", trained_on).digest == read_corpus(store, "walks").manifest.digest
    evaluate.run(session, config, quiet())
    evaluation = _kept(store, resolve(store, "sample"))
    assert evaluation.corpora == {"walks": behind}
    assert evaluation.counts == {"walks": (10, 10)}


def test_a_corpus_without_unseen_demonstrations_is_refused(tmp_path: Path) -> None:
    session, _ = make_root(tmp_path)
    shown = [Demonstration(identity_of(item), item, "other", "train") for item in walks(5, 5)]
    write_corpus(session.store, "other", shown)
    config = wheel_config(tmp_path, corpora=[{"name": "other", "files": ["walks.npz"]}])
    with pytest.raises(ConfigError, match="no demonstration is in the unseen split"):
        evaluate.run(session, config, quiet())


def _unseen(name: str, *answers: tuple[str, str], role: str = "demonstrations") -> Unseen:
    section = CorpusSection(name=name, role=role, files=["x.jsonl"])  # type: ignore[arg-type]
    items = [conversation(prompt, answer) for prompt, answer in answers]
    shown = tuple(Demonstration(identity_of(item), item, name, "unseen") for item in items)
    return Unseen(section, digest_bytes(b""), len(shown), shown, tuple(prompt for prompt, _ in answers))


def test_answers_of_two_corpora_are_paired_by_prompt_and_equal_ones_are_not() -> None:
    shown = [
        _unseen("gpt", ("a", "good"), ("b", "4"), ("c", "fine")),
        _unseen("claude", ("c", "better"), ("x", "alone")),
    ]
    negatives = _unseen("phi", ("c", "poor"), ("b", "4"), ("a", "bad"), role="negatives")
    assert pairs_of(shown, negatives).tolist() == [[0, 2], [2, 0], [3, 0]]
    assert pairs_of([], negatives).shape == (0, 2)


def test_random_heads_stand_beside_the_reward_of_whole_inputs(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    model = load_from(session.store, root).model
    inputs = list(walks(3, 7))
    scored = score(model, inputs)
    assert scored.heads.shape == (3, 16)
    for index, item in enumerate(inputs):
        rows = model.encoder.encode([item]).z.double().numpy()
        assert scored.heads[index] == pytest.approx((rows @ random_heads(model.encoder.width)).mean(axis=0))
        alone = np.mean(model.read([item])[0].step_rewards)
        assert scored.inputs[index] == pytest.approx(alone, abs=1e-6)


def test_the_table_has_the_baselines_beside_their_figures(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    evaluate.run(session, _config(tmp_path), quiet())
    lines = {line[0]: line for line in table_rows(_kept(session.store, root))}
    assert all(not name.startswith(("length/", "random/")) for name in lines)
    noisy = lines["separation/noise-1"]
    assert noisy[3] == "", "copies are as long as what they are copies of"
    assert 0.5 <= float(noisy[4]) <= 1
