from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from iirl_core.artifact import Artifact, ArtifactDraft, Guard, load_from, seal, seal_child
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.config.expertness import HeadSection
from iirl_core.config.heads import units_of
from iirl_core.errors import ConfigError, NotFound
from iirl_core.expertness import build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore, move_pointer
from jobs.lineage import trained
from jobs.train.loop import TrainingTask
from jobs.train.parent import check_parent, read_parent, sized_as
from jobs.train.sealing import Fitted
from tests.iirl_core.artifact.samples import config, fit, patch_at, text_draft, trajectory_draft, walks


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    store = DirectoryStore(tmp_path / "store")
    move_pointer(store, "runs/root/latest", seal(store, trajectory_draft()))
    return store


def child(**changes: Any) -> Config:
    return config(name="child", train={"parent": "root"}, **changes)


def mixture(**changes: Any) -> dict[str, Any]:
    return {"family": "autoencoder_mixture", "experts": 2, "bottleneck": 1, "hidden": 8, "members": 2, **changes}


def test_the_parent_is_found_and_loaded(store: DirectoryStore) -> None:
    parent = read_parent(store, child())
    assert parent is not None
    assert parent.manifest.name == "sample"
    assert read_parent(store, config(name="child")) is None


def parent_of(store: DirectoryStore, config: Config) -> tuple[Artifact, dict[str, JsonValue]]:
    """The parent that is found for ``config``, and what its manifest says of its encoder."""
    parent = read_parent(store, config)
    assert parent is not None
    encoder = parent.manifest.config["encoder"]
    assert isinstance(encoder, dict)
    return parent, encoder


def saying(parent: Artifact, encoder: dict[str, JsonValue]) -> Artifact:
    """``parent``, as if its manifest said this of its encoder."""
    manifest = replace(parent.manifest, config={**parent.manifest.config, "encoder": encoder})
    return replace(parent, manifest=manifest)


def test_a_parent_from_before_a_key_was_known_is_as_one_that_leaves_it_out(store: DirectoryStore) -> None:
    parent, encoder = parent_of(store, child())
    known = {key: value for key, value in encoder.items() if key not in ("window", "horizon")}
    assert len(known) < len(encoder)
    check_parent(saying(parent, known), child(), "train.parent root")


def test_a_parent_that_says_nothing_of_long_texts_cut_their_context(store: DirectoryStore) -> None:
    move_pointer(store, "runs/root/latest", seal(store, text_draft()))
    section = {"kind": "text", "max_tokens": 64}
    left, context = (
        config("conversation", name="child", train={"parent": "root"}, encoder={**section, "truncation": each})
        for each in ("left", "context")
    )
    parent, encoder = parent_of(store, left)
    silent = saying(parent, {key: value for key, value in encoder.items() if key != "truncation"})
    assert silent != parent
    check_parent(silent, context, "train.parent root")
    with pytest.raises(ConfigError, match="another encoder: truncation 'context'; expected 'left'"):
        check_parent(silent, left, "train.parent root")


def test_how_a_parents_encoder_was_trained_does_not_matter_to_a_child_that_leaves_it_as_it_is(
    store: DirectoryStore,
) -> None:
    move_pointer(store, "runs/root/latest", seal(store, text_draft()))
    same = config("conversation", name="child", train={"parent": "root"})
    parent, encoder = parent_of(store, same)
    trained = {**encoder, "tuning": "lora", "lora": {"rank": 4}, "dropout": 0.0}
    check_parent(saying(parent, trained), same, "train.parent root")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expertness": mixture(hidden=16)}, r"checkpoint of another shape: its \S+ is \[.*8.*\]; expected \[.*16.*\]"),
        ({"expertness": mixture(members=3)}, "checkpoint of another shape"),
        (
            {"encoder": {"kind": "trajectory", "rows": "states"}},
            "another encoder: rows 'state-actions'; expected 'states'",
        ),
        (
            {
                "expertness": {"family": "discriminator", "corrupted": {"noised": 0.5}},
                "mapping": {"kind": "sigmoid"},
            },
            "a parent of another family, autoencoder_mixture; expected discriminator",
        ),
    ],
)
def test_a_parent_that_nothing_can_start_from_is_refused(
    store: DirectoryStore, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_parent(store, child(**changes))


def test_what_a_child_leaves_open_is_as_large_as_in_the_parent(store: DirectoryStore) -> None:
    open_ = child(expertness=mixture(experts=None, bottleneck=None))
    parent = read_parent(store, open_)
    assert parent is not None
    assert sized_as(open_, parent).expertness == child(expertness=mixture()).expertness
    with pytest.raises(ConfigError, match="checkpoint of another shape"):
        read_parent(store, child(expertness=mixture(experts=3, bottleneck=None)))


HEADS: dict[str, Any] = {
    "expertness": {"family": "discriminator", "members": 2, "corrupted": {"noised": 0.5}},
    "mapping": {"kind": "sigmoid"},
}


def former(units: int) -> ArtifactDraft:
    """A discriminator whose configuration leaves its units open, sealed when the default was another."""
    draft, sections = trajectory_draft(), config(**HEADS)
    encoder = draft.model.encoder
    z, guard = (encoder.encode(walks(10, seed)).z for seed in (1, 2))
    torch.manual_seed(0)
    section = sections.expertness.model_copy(update={"hidden": units})
    head = build_expertness(section, encoder.width)
    fit(head, torch.cat([z, -z]), torch.arange(2 * len(z)).lt(len(z)).float(), steps=60)
    model = assemble(sections.mapping, encoder, head, z_train=z, z_guard=guard, z_contrast=-z)
    return replace(draft, model=model, config=sections, guard=Guard.of(model, guard, z))


def test_heads_that_a_child_leaves_open_are_as_large_as_in_the_parent(store: DirectoryStore) -> None:
    move_pointer(store, "runs/root/latest", seal(store, former(7)))
    heads = child(**HEADS)
    parent = read_parent(store, heads)
    assert parent is not None
    assert parent.manifest.expertness["hidden"] is None
    sized = sized_as(heads, parent)
    assert sized.expertness == heads.expertness.model_copy(update={"hidden": 7})
    with pytest.raises(ConfigError, match="checkpoint of another shape"):
        read_parent(store, child(**{**HEADS, "expertness": {**HEADS["expertness"], "hidden": 4}}))


def test_the_units_that_were_chosen_are_sealed() -> None:
    open_ = config(**HEADS)
    assert isinstance(open_.expertness, HeadSection)
    encoder = trajectory_draft().model.encoder
    task = TrainingTask(
        store="",
        folder="",
        expertness=open_.expertness,
        train=open_.train,
        width=encoder.width,
        steps=1,
        demonstrations=1,
        negatives=1,
        seed=0,
    )
    sealed = Fitted(encoder, task, {}).configured(open_).expertness
    assert sealed == open_.expertness.model_copy(update={"hidden": units_of(open_.expertness, encoder.width)})


def test_a_parent_that_is_not_there_is_said_so(store: DirectoryStore) -> None:
    with pytest.raises(NotFound, match="there is no artifact of nobody"):
        read_parent(store, config(name="child", train={"parent": "nobody"}))


def test_the_artifact_that_training_made_is_found_behind_repairs(store: DirectoryStore) -> None:
    root = read_parent(store, child())
    assert root is not None
    once = load_from(store, seal_child(store, root, [patch_at(root.model, walks(1, seed=9)[0], strength=0.01)]))
    assert trained(store, once.digest).digest == trained(store, root.digest).digest == root.digest
