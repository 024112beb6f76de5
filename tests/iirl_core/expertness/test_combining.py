"""What the members' signals come to: by hand, in the model, sealed, and in a stock classifier."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from iirl_core.artifact import Artifact, load, load_from, seal
from iirl_core.canonical import canonical_json
from iirl_core.errors import Tampered
from iirl_core.expertness import Batch, Discriminator, Episodes, build_expertness
from iirl_core.patch.edit import Change, WeightEdit
from iirl_core.patch.repairs import Repairs
from iirl_core.reward_model import RewardModel, assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, text_draft, trajectory_draft, walks
from tests.iirl_core.expertness.test_sealed import SIDES

WAYS: list[Any] = ["mean", "min", {"penalty": 0.5}]


def _head(combine: Any, **changes: Any) -> Discriminator:
    """Three lines through 0 in one dimension: of slope 1, 3 and −1."""
    family = {"family": "discriminator", "hidden": 0, "members": 3, "combine": combine, **changes}
    section = config("conversation", expertness=family).expertness
    module = build_expertness(section, 1)
    assert isinstance(module, Discriminator)
    module.head.data = torch.tensor([1.0, 3.0, -1.0]).reshape(3, 1, 1)
    return module


@pytest.mark.parametrize(
    ("combine", "wanted"),
    [
        ("mean", [1.0, 2.0, -1.0]),
        ("min", [-1.0, -2.0, -3.0]),
        ({"penalty": 0.5}, [1 - 0.5 * 8 / 3, 2 - 0.5 * 32 / 3, -1 - 0.5 * 8 / 3]),
    ],
)
def test_members_come_to_what_can_be_worked_out_by_hand(combine: Any, wanted: list[float]) -> None:
    module = _head(combine)
    z = torch.tensor([[1.0], [2.0], [-1.0]], requires_grad=True)
    signal = module.combined(module.signals(z))
    assert signal.tolist() == pytest.approx(wanted)
    (slope,) = torch.autograd.grad(signal[0], z)
    assert slope[0].item() == pytest.approx({"mean": 1.0, "min": -1.0}.get(str(combine), 1 - 0.5 * 2 * 8 / 3))


def test_training_is_judged_by_the_signal_that_the_model_will_have() -> None:
    ones = torch.ones(1)
    shown = Batch(ones.reshape(1, 1), ones, ones, torch.zeros(1).long())
    assert [_head(combine).measures(shown)[1].item() for combine in WAYS] == [1.0, 0.0, 0.0]


def _model(combine: Any) -> RewardModel:
    """The mixture of walks, which was trained once."""
    made = trajectory_draft().model
    z, guard = (made.encoder.encode(walks(count, seed)).z for count, seed in ((40, 1), (10, 2)))
    section = _section(combine)
    head = build_expertness(section.expertness, made.encoder.width)
    head.load_state_dict(made.expertness.state_dict())
    return assemble(section.mapping, made.encoder, head, z_train=z, z_guard=guard, z_contrast=None)


def _section(combine: Any) -> Any:
    family = config().expertness.model_dump()
    return config(expertness={**family, "combine": combine})


@pytest.mark.parametrize("combine", WAYS)
def test_the_map_is_calibrated_on_the_signal_that_rewards_are_made_of(combine: Any) -> None:
    model = _model(combine)
    guard = model.encoder.encode(walks(10, seed=2)).z
    signals = model.expertness.signals(guard)
    signal = model.expertness.combined(signals)
    rows = model.rows(guard)
    assert torch.equal(rows.signal, signal)
    assert torch.equal(rows.reward, model.mapping.reward(signal))
    assert torch.equal(rows.unpatched, rows.reward)
    assert torch.equal(model.rewards(guard, Episodes((len(guard),))), rows.reward)
    assert model.mapping.document()["l_min"] == pytest.approx(float((-signal.double()).quantile(0.9)))
    assert rows.disagreement.max() > 0
    shape = tuple(model.expertness.state_dict()["encode_1"].shape)
    change = Change("encode_1", shape, 1, (0.0,) * math.prod(shape[:-1]), (0.0,) * math.prod((*shape[:-2], shape[-1])))
    edited = model.with_repairs(Repairs(edits=(WeightEdit((change,), (), (), 1),))).rows(guard)
    assert torch.equal(edited.unpatched, rows.reward)
    assert not edited.reshaped.any()
    assert bool((signals.mean(dim=0) > signal).any()) == (combine != "mean")


def _artifact(tmp_path: Path, combine: Any) -> Artifact:
    draft = replace(trajectory_draft(), model=_model(combine), config=_section(combine))
    store = DirectoryStore(tmp_path / "store")
    return load_from(store, seal(store, draft))


def _retold(artifact: Artifact, folder: Path) -> Path:
    """A copy from before there was a choice."""
    shutil.copytree(artifact.folder, folder)
    document = json.loads((folder / "manifest.json").read_bytes())
    del document["model"]["expertness"]["combine"]
    (folder / "manifest.json").write_bytes(canonical_json(document))
    return folder


@pytest.mark.parametrize("combine", WAYS)
def test_a_sealed_artifact_combines_as_the_model_did(combine: Any, tmp_path: Path) -> None:
    model, artifact = _model(combine), _artifact(tmp_path, combine)
    assert [one.signal for one in artifact.read(walks(3, seed=7))] == [
        one.signal for one in model.read(walks(3, seed=7))
    ]
    assert artifact.manifest.expertness["combine"] == combine
    assert ("combined by" in (artifact.folder / "README.md").read_text()) == (combine != "mean")


def test_an_artifact_that_does_not_say_is_a_mean(tmp_path: Path) -> None:
    old = load(_retold(_artifact(tmp_path / "mean", "mean"), tmp_path / "old"))
    assert old.model.expertness.combine == "mean"
    with pytest.raises(Tampered, match="golden Reading"):
        load(_retold(_artifact(tmp_path / "min", "min"), tmp_path / "spoilt"))


@pytest.mark.parametrize("combine", ["min", {"penalty": 1.0}])
def test_no_stock_classifier_holds_a_signal_that_is_no_mean(combine: Any, tmp_path: Path) -> None:
    draft = text_draft()
    family = {**draft.config.expertness.model_dump(), "combine": combine}
    section = config("conversation", expertness=family)
    head = build_expertness(section.expertness, draft.model.encoder.width)
    head.load_state_dict(draft.model.expertness.state_dict())
    was = draft.model
    model = RewardModel(was.encoder, head, was.mapping, was.spaces, was.support)
    store = DirectoryStore(tmp_path / "store")
    artifact = load_from(store, seal(store, replace(draft, model=model, config=section)))
    assert artifact.manifest.classifier is not None
    assert "only average an ensemble (expertness.combine: mean)" in str(artifact.manifest.classifier["why"])


@pytest.mark.parametrize("family", ["autoencoder_mixture", "discriminator", "joint", "bradley_terry"])
def test_every_family_with_members_takes_it_and_one_member_does_not(family: str) -> None:
    size = {"experts": 2, "bottleneck": 2} if family == "autoencoder_mixture" else {}

    def made(**changes: Any) -> Any:
        sections = {"corpora": SIDES, "train": {"batch": 16}}
        return config("conversation", expertness={"family": family, **size, **changes}, **sections).expertness

    assert build_expertness(made(members=2, combine="min"), 4).combine == "min"
    with pytest.raises(ValueError, match="1 member disagrees with none"):
        made(members=1, combine={"penalty": 0.1})
