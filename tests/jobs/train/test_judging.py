"""What is held out is judged as a plain pass would judge it, whatever the chunks; nothing is learnt from it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch

from cluster.session import Session
from iirl_core.config import Config
from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, MixtureSection
from iirl_core.config.imitation import ImitateSection
from iirl_core.config.training import HeldOutSection, TrainSection
from iirl_core.corpus import table_of
from iirl_core.demonstration import conversation
from iirl_core.errors import ConfigError
from iirl_core.expertness import Batch, ExpertnessSection, build_expertness
from iirl_core.store import DirectoryStore
from jobs.train.best import best_key, forget_best, keep_best
from jobs.train.dealing import Choice, Parts, is_held_out, tasks_of
from jobs.train.engine import Engine, StepReport
from jobs.train.journal import METRICS, Journal, Place
from jobs.train.judging import Judge, judge
from jobs.train.learning import task_of
from jobs.train.preparing import Run
from jobs.train.sources import Sources
from jobs.train.stopping import HeldOut
from tests.jobs.train.made import demonstration, walks, walks_config
from tests.jobs.train.test_features import read, write
from tests.jobs.wheel import quiet

SECTIONS: list[ExpertnessSection] = [
    DiscriminatorSection(hidden=8, members=2),
    BradleyTerrySection(hidden=8, members=2),
    MixtureSection(experts=2, bottleneck=2, hidden=8),
]


def engine_of(section: ExpertnessSection, **train: object) -> Engine:
    torch.manual_seed(0)
    return Engine(build_expertness(section, 3), TrainSection(batch=4, zero_stage=1, **train), 100)


def rows(count: int = 10) -> Batch:
    torch.manual_seed(1)
    weight = torch.tensor([1.0, 1.0, 3.0, 3.0] * count)[:count]
    return Batch(torch.randn(count, 3), torch.tensor([0.0, 1.0] * (count // 2)), weight, torch.arange(count))


@pytest.mark.usefixtures("one_rank")
@pytest.mark.parametrize("section", SECTIONS[:2], ids=lambda section: section.family)
def test_an_engine_measures_loss_and_accuracy_and_learns_nothing(section: ExpertnessSection) -> None:
    engine, batch = engine_of(section), rows()
    before = engine.weights()
    loss, right, weight = engine.judge(batch).tolist()
    module = build_expertness(section, 3)
    module.load_state_dict(before)
    signal = module.signals(batch.z).mean(dim=0).tolist()
    if isinstance(section, BradleyTerrySection):
        weights, hits = [1.0, 3.0, 1.0, 3.0, 1.0], [signal[i + 1] > signal[i] for i in range(0, 10, 2)]
    else:
        weights = batch.weight.tolist()
        hits = [(one > 0) == bool(side) for one, side in zip(signal, batch.expert.tolist(), strict=True)]
    assert loss == pytest.approx(float(module.loss(batch)), abs=1e-6)
    assert right == pytest.approx(sum(w * hit for w, hit in zip(weights, hits, strict=True)) / sum(weights), abs=1e-6)
    assert weight == sum(weights)
    assert all(torch.equal(value, before[name]) for name, value in engine.weights().items())
    assert engine.step(0, batch).loss == pytest.approx(loss, abs=1e-6)


@pytest.mark.usefixtures("one_rank")
def test_one_class_is_never_right_or_wrong(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    write(store, "a.parquet", np.arange(10))
    found = judge(engine_of(SECTIONS[2]), read(store), 7, chunk=4, rank=0, ranks=1)
    assert found.step == 7
    assert found.accuracy is None
    assert np.isfinite(found.loss)


@pytest.mark.usefixtures("one_rank")
def test_chunks_add_up_by_weight(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    write(store, "a.parquet", np.arange(10))
    section = DiscriminatorSection(hidden=8, members=1)
    engine, features = engine_of(section), read(store)
    whole = judge(engine, features, 1, chunk=10, rank=0, ranks=1)
    for chunk in (1, 3, 4, 100):
        parts = judge(engine, features, 1, chunk=chunk, rank=0, ranks=1)
        assert parts.loss == pytest.approx(whole.loss, abs=1e-6)
        assert parts.accuracy == pytest.approx(whole.accuracy, abs=1e-6)


@pytest.mark.usefixtures("one_rank")
def test_the_best_weights_are_kept_until_nobody_may_ask_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(tmp_path / "store")
    write(store, "a.parquet", np.arange(10))
    losses = iter([3.0, 2.0, 2.5, 1.0, 1.5])
    monkeypatch.setattr("jobs.train.judging.judge", lambda *_, **__: HeldOut(next(steps), next(losses), None))
    steps = iter([2, 4, 6, 8, 10])
    section = HeldOutSection(every=2, patience=3)
    journal = Journal(store, "runs/x", rank=0)
    engine = engine_of(SECTIONS[0])
    one = Judge(store, "runs/x", section, read(store), engine=engine, journal=journal)

    def kept() -> list[str]:
        return [key.rpartition("/")[2] for key in store.list("runs/x/best/")]

    after = []
    for step in range(1, 11):
        one.after(Place(step, 100, 0, 0.0))
        if step in (3, 7, 9):
            one.saved()
        after.append(kept())
    assert after[1] == ["2.safetensors"]
    assert after[2] == ["2.safetensors"]
    assert after[6] == ["2.safetensors", "4.safetensors"], "a restart may go back to before step 4"
    assert after[8] == ["4.safetensors", "8.safetensors"]
    assert not one.over
    one.write_best(tmp_path / "best")
    assert (tmp_path / "best").read_bytes() == store.get(best_key("runs/x", 8))


@pytest.mark.usefixtures("one_rank")
def test_a_held_out_loss_that_is_no_number_ends_training_with_what_to_do(tmp_path: Path) -> None:
    store, engine = DirectoryStore(tmp_path / "store"), engine_of(SECTIONS[2])
    write(store, "a.parquet", np.arange(10))
    for parameter in engine._engine.module.parameters():
        parameter.data.fill_(1e30)  # as a learning rate that is too high leaves them
    journal = Journal(store, "runs/x", rank=0)
    one = Judge(store, "runs/x", HeldOutSection(every=2, patience=3), read(store), engine=engine, journal=journal)
    with pytest.raises(ConfigError, match=r"the held-out loss after step 2 is not a number.*Lower optimiser\.learning"):
        one.after(Place(2, 100, 0, 0.5))
    assert journal.judged == ()
    assert not list(store.list("runs/x/best/"))


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_held_out_rows_that_weigh_nothing_are_refused_before_training(tmp_path: Path, weight: float) -> None:
    store = DirectoryStore(tmp_path / "store")
    write(store, "a.parquet", np.arange(10))
    write(store, "a.parquet", np.arange(10, 20), "held_out", weight=weight)
    config = walks_config(tmp_path, held_out={})
    made = Run(Session(store), config, Sources((), (), {}), "runs/x", quiet())
    encoder = SimpleNamespace(width=3)
    if weight:
        assert task_of(made, encoder).demonstrations == 5  # type: ignore[arg-type]
        return
    with pytest.raises(
        ConfigError, match=r"every row that train\.held_out takes .* weight 0; expected some weight > 0"
    ):
        task_of(made, encoder)  # type: ignore[arg-type]


def test_weights_are_kept_under_their_step_and_forgotten_by_it(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    for step in (1, 2, 3):
        keep_best(store, "runs/x", step, {"a": torch.full((2,), float(step))})
    forget_best(store, "runs/x", {1, 3})
    assert [store.exists(best_key("runs/x", step)) for step in (1, 2, 3)] == [True, False, True]


def test_evaluations_travel_in_the_journal(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    first = Journal(store, "runs/x", rank=0)
    for step in (1, 2, 3):
        first.note(Place(step, 9, 0, 0.5), StepReport(0.5, None, 0.1))
        if step == 2:
            first.judge(HeldOut(2, 0.1 + 0.2, 0.75))
    first.save(tmp_path)
    lines = [json.loads(line) for line in store.get(f"runs/x/{METRICS}").splitlines()]
    assert [line.get("held_out_loss") for line in lines] == [None, 0.1 + 0.2, None]
    again = Journal(store, "runs/x", rank=0)
    again.restore(tmp_path)
    assert again.judged == (HeldOut(2, 0.1 + 0.2, 0.75),)


def test_what_is_held_out_is_whole_prompts_of_the_train_split_alone() -> None:
    parts = Parts(learns_negatives=True, guard_negatives=True, corrupted={"empty": 1.0}, held_out=0.3)
    made = [
        demonstration(conversation(f"question {n}", answer), split)
        for n in range(200)
        for answer in ("yes", "no")
        for split in (("train", "guard", "unseen")[n % 3],)
    ]
    table = table_of(made, "conversation").append_column("role", pa.array(["demonstrations", "negatives"] * 200))
    dealt: dict[str, set[str]] = {}
    for task in tasks_of(table, parts, (), Choice()):
        dealt.setdefault(task.part, set()).add(str(task.one.input.context))
    assert not dealt["held_out"] & (dealt["train"] | dealt["guard"] | dealt["contrast"])
    assert 0.15 < len(dealt["held_out"]) / len(dealt["held_out"] | dealt["train"]) < 0.45
    assert sum(task.part == "held_out" for task in tasks_of(table, parts, (), Choice())) == 3 * len(dealt["held_out"])


def test_trajectories_are_held_out_as_wholes_and_the_share_is_a_threshold() -> None:
    ones = [demonstration(item, "train") for item in walks(300, 0.1, seed=3)]
    some = {one.id for one in ones if is_held_out(one, 0.1)}
    more = {one.id for one in ones if is_held_out(one, 0.3)}
    assert some < more
    assert 60 < len(more) < 120
    assert not any(is_held_out(one, 0.0) for one in ones)


def test_imitation_has_held_out_rows_of_its_own() -> None:
    with pytest.raises(ValueError, match="judged on the guard split"):
        ImitateSection.model_validate({"model": "init", "train": {"held_out": {}}})


def test_a_family_of_one_pass_has_nothing_to_judge(tmp_path: Path) -> None:
    document = walks_config(tmp_path, held_out={}).model_dump(mode="json")
    with pytest.raises(ValueError, match="learnt in one pass"):
        Config.model_validate({**document, "expertness": {"family": "occupancy"}})
