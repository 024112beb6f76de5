"""Trajectories that ingest cut are not scored as if they were whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.corpus import write_corpus
from iirl_core.errors import ConfigError
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from jobs.train.learnable import read_sources
from tests.jobs.train.made import demonstration, make_builder, walks, walks_config

ABSORBING = {"terminal": "absorbing", "horizon": 50}


def store_with(folder: Path, recorded: JsonValue) -> DirectoryStore:
    store = DirectoryStore(folder / "store")
    shown = [demonstration(item, split) for item, split in zip(walks(2, 0.1, 0), ("train", "guard"), strict=True)]
    write_corpus(store, "walks", shown, config=recorded)
    return store


def config_of(folder: Path, **encoder: object) -> Config:
    document = walks_config(folder).model_dump(mode="json", exclude_unset=True)
    return Config.model_validate(
        {
            **document,
            "corpora": [{"name": "walks", "files": ["walks.npz"]}],
            "encoder": {"kind": "trajectory", **encoder},
            "expertness": {"family": "occupancy"},
        }
    )


@pytest.mark.parametrize(
    ("recorded", "under"),
    [({}, "encoder.terminal: ignored"), ({"horizon": 49}, "a horizon of 49")],
)
def test_parts_that_may_hide_an_early_end_that_is_charged_now_are_refused_before_anything_runs(
    tmp_path: Path, recorded: dict[str, JsonValue], under: str
) -> None:
    store = store_with(tmp_path, {"split": {"by": "steps"}, **recorded})
    make_builder(tmp_path)
    with pytest.raises(ConfigError, match=rf"walks was split by its steps under {under}.*at least 50.*iirl ingest"):
        run(Session(store), config_of(tmp_path, **ABSORBING), Progress())
    read_sources(store, config_of(tmp_path))


@pytest.mark.parametrize(
    "recorded",
    [
        {"split": {"by": "steps"}, "horizon": 50},
        {"split": {"by": "steps"}, "horizon": 51},
        {"split": {"by": "record"}},
        None,
    ],
)
def test_what_was_ingested_under_the_horizon_or_never_cut_is_learnt_from(tmp_path: Path, recorded: JsonValue) -> None:
    read_sources(store_with(tmp_path, recorded), config_of(tmp_path, **ABSORBING))


@pytest.mark.parametrize(("encoder", "whole"), [(ABSORBING, "absorbing"), ({"emphasis": "departure"}, "departure")])
def test_segments_that_a_former_configuration_made_are_no_lives(
    tmp_path: Path, encoder: dict[str, object], whole: str
) -> None:
    store = store_with(tmp_path, {"segment": 30, "split": {"by": "record"}})
    with pytest.raises(ConfigError, match=rf"walks was ingested in segments of 30 steps.*{whole}.*iirl ingest"):
        read_sources(store, config_of(tmp_path, **encoder))
    read_sources(store, config_of(tmp_path))


def test_a_life_that_is_charged_for_its_end_is_not_cut_into_segments(tmp_path: Path) -> None:
    document = config_of(tmp_path, **ABSORBING).model_dump(mode="json", exclude_unset=True)
    document["corpora"][0]["segment"] = 30
    with pytest.raises(ValueError, match="absorbing counts the steps of a life of walks: no segment"):
        Config.model_validate(document)
