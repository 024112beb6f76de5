from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from, seal
from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.corpus import write_corpus
from iirl_core.errors import ConfigError, NotFound
from iirl_core.store import DirectoryStore
from jobs.forget import run
from jobs.forget.to_forget import check_forgettable, ids_in, sources_behind
from tests.iirl_core.artifact.samples import config as sample_config
from tests.iirl_core.artifact.samples import trajectory_draft
from tests.jobs.forget.made import ALL, OURS, learnt, made, quiet


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[DirectoryStore, Config, Artifact]:
    session, config = made(tmp_path_factory.mktemp("wheel"), ALL)
    assert isinstance(session.store, DirectoryStore)
    return session.store, config, learnt(session, config)


def changed(artifact: Artifact, **changes: Any) -> Artifact:
    return dataclasses.replace(artifact, manifest=dataclasses.replace(artifact.manifest, **changes))


def test_the_corpora_are_those_that_it_learnt_from_whatever_has_their_names_now(
    wheel: tuple[DirectoryStore, Config, Artifact],
) -> None:
    store, config, artifact = wheel
    newer = write_corpus(store, "walks", OURS)
    behind = sources_behind(store, artifact, config)
    assert behind.entries() == artifact.manifest.corpora
    assert newer.digest not in {one.digest for one in behind.entries()}


def test_a_corpus_that_is_gone_cannot_be_forgotten_from(wheel: tuple[DirectoryStore, Config, Artifact]) -> None:
    store, config, artifact = wheel
    first, *others = artifact.manifest.corpora
    lost = changed(artifact, corpora=(dataclasses.replace(first, digest=digest_bytes(b"gone")), *others))
    with pytest.raises(
        NotFound, match=r"corpus walks sha256:\w+, which sha256:\w+ learnt from, is gone.*Ingest the same"
    ):
        sources_behind(store, lost, config)


def test_what_cannot_forget_is_said_so(wheel: tuple[DirectoryStore, Config, Artifact]) -> None:
    store, config, artifact = wheel
    with pytest.raises(ConfigError, match="no head of its own: what it learnt is in its π_SFT"):
        check_forgettable(store, changed(artifact, expertness={"family": "log_ratio"}), config)
    corrected = dataclasses.replace(artifact.manifest.corpora[0], name="_corrections.walks", role="corrections")
    with pytest.raises(ConfigError, match="learnt from corrections"):
        check_forgettable(store, changed(artifact, corpora=(*artifact.manifest.corpora, corrected)), config)
    other = config.model_copy(update={"expertness": config.expertness.model_copy(update={"hidden": 4})})
    with pytest.raises(ConfigError, match=r"artifact sha256:\w+ is a checkpoint of another shape"):
        check_forgettable(store, artifact, other)
    strange = dataclasses.replace(artifact.manifest.corpora[0], name="strangers")
    of_others = changed(artifact, corpora=(*artifact.manifest.corpora, strange))
    with pytest.raises(ConfigError, match="differ in corpus strangers"):
        sources_behind(store, of_others, config)


def test_what_was_refitted_from_another_is_forgotten_there(wheel: tuple[DirectoryStore, Config, Artifact]) -> None:
    store, config, _ = wheel
    sections = sample_config(train={"parent": "elsewhere"})
    refitted = load_from(store, seal(store, dataclasses.replace(trajectory_draft(), config=sections)))
    with pytest.raises(ConfigError, match=r"was re-fitted from elsewhere.*Forget in elsewhere first"):
        check_forgettable(store, refitted, config)


def test_ids_come_from_a_file_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("sha256:1\n\nsha256:2\n", encoding="utf-8")
    assert ids_in(path) == ("sha256:1", "sha256:2")
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"ids\.txt is empty"):
        ids_in(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        ids_in(tmp_path / "nowhere.txt")


def test_nothing_is_written_where_all_of_a_split_would_go(wheel: tuple[DirectoryStore, Config, Artifact]) -> None:
    store, config, artifact = wheel
    corpora = set(store.list("corpora/"))
    guard = [one.id for one in ALL if one.split == "guard"]
    with pytest.raises(ConfigError, match="no demonstration is in the guard split"):
        run(Session(store), config, quiet()[0], reference=artifact.digest, ids=guard)
    assert set(store.list("corpora/")) == corpora
