from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.demonstration import conversation
from iirl_core.errors import ConfigError, Tampered
from iirl_core.policy import Initial, point_policy, publish_policy
from iirl_core.policy.noise import answer_key
from iirl_core.policy.sampling import Prompted
from iirl_core.policy.writing import Writing
from iirl_core.probe import Material
from iirl_core.store import DirectoryStore
from jobs.audit.job import check_families
from jobs.audit.language_model import check_writing, writing_of
from jobs.audit.plan import chunks_of, plan_of
from tests.iirl_core.artifact.samples import config
from tests.iirl_core.policy.tiny import tiny_policy

DIGEST = digest_bytes(b"artifact")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_policy("llama", tmp_path_factory.mktemp("written") / "clerk")


def audited(model: str, families: tuple[str, ...] = ("best_of_n",), **changes: Any) -> Config:
    probes = dict.fromkeys(families, 20)
    section = {"model": model, "answers": 4, "max_new_tokens": 6, **changes}
    return config("conversation", audit={"probes": probes, "language_model": section})


def written(store: DirectoryStore, asked: Config) -> Writing:
    made = writing_of(store, asked)
    assert made is not None
    return made


def test_a_scorer_opens_the_language_model_that_the_driver_found_once(folder: str, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    here = written(store, audited(folder))
    there: Writing = pickle.loads(pickle.dumps(here))  # noqa: S301 - our own
    assert (there.name, there.digest, there.section.answers) == ("clerk", here.digest, 4)
    sampler = there.opened()
    assert sampler is here.opened()
    ids = sampler.reader.prompt(conversation("Is it open?", ""), 6)
    assert len(sampler.answers([Prompted(ids, answer_key(0, "open", 0))])) == 1
    assert sampler is not written(store, audited(folder, temperature=0.5)).opened()


def test_a_policy_in_the_store_is_found_by_its_name(folder: str, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    initial = Initial("none", digest_bytes(b"none"))
    manifest = publish_policy(
        store, Path(folder), name="clerk-sft", initial=initial, corpora=(), config={}, environment={}, metrics={}
    )
    point_policy(store, manifest)
    made = written(store, audited("clerk-sft"))
    assert (made.name, made.digest) == ("clerk-sft", manifest.digest)
    assert made.opened().reader.ends


def test_another_language_model_than_was_found_is_not_opened(folder: str, tmp_path: Path) -> None:
    copy = tiny_policy("llama", tmp_path / "clerk")
    made = written(DirectoryStore(tmp_path / "store"), audited(copy))
    (Path(copy) / "config.json").write_text("{}")
    with pytest.raises(Tampered, match="another than when this began"):
        made.opened()


def test_a_plan_follows_from_the_language_model_and_how_it_writes(folder: str, tmp_path: Path) -> None:
    store, asked = DirectoryStore(tmp_path / "store"), audited(folder)
    here, other = written(store, asked), written(store, audited(folder, answers=5))
    moved = written(store, audited(tiny_policy("llama", tmp_path / "elsewhere"), batch=2))
    changed = replace(here, digest=DIGEST)
    chunks = tuple(chunks_of(asked, DIGEST, 1, former=0))
    material = Material((conversation("Is it open?", "Yes."),))
    plans = [plan_of(chunks, (), replace(material, writing=each), 16) for each in (here, moved, other, changed, None)]
    assert plans[0] == plans[1]
    assert len(set(plans)) == 4


def test_answers_of_a_language_model_are_asked_for_a_few_requests_at_a_time(folder: str) -> None:
    chunks = chunks_of(audited(folder, ("best_of_n", "tempted", "token_search")), DIGEST, 1, former=0)
    counts = [(chunk.seed.family, chunk.count) for chunk in chunks]
    few = [("best_of_n", 16), ("best_of_n", 4), ("tempted", 16), ("tempted", 4)]
    assert counts == [*few, *[("token_search", 4)] * 5]


def test_no_language_model_is_looked_for_where_nobody_asks_it(tmp_path: Path) -> None:
    assert writing_of(DirectoryStore(tmp_path / "store"), audited("nobody/nothing", ("empty",))) is None


def test_what_cannot_be_asked_is_refused_in_one_line(folder: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"tempted asks what a language model says; name it: audit\.language"):
        config("conversation", audit={"probes": {"tempted": 4}})
    with pytest.raises(ValidationError, match=r"audit\.language_model: it writes texts, and there are trajectories"):
        config(audit={"probes": {"far": 1}, "language_model": {"model": folder}})
    norm = {"id": "short", "kind": "ceiling", "threshold": 0.5, "families": ["best_of_n"], "rationale": "", "owner": ""}
    with pytest.raises(
        ConfigError, match="best_of_n asks about conversations; expected families that ask about a trajectory"
    ):
        check_families(config(audit={"probes": {"best_of_n": 1}}, norms=[norm]))
    pair = {**norm, "kind": "direction", "families": ["tempted"]}
    document = audited(folder, ("tempted",)).model_dump(exclude_unset=True)
    with pytest.raises(ConfigError, match="compares two inputs, and tempted asks one"):
        check_families(Config.model_validate({**document, "norms": [pair]}))
    with pytest.raises(ConfigError, match="there is no policy"):
        writing_of(DirectoryStore(tmp_path / "store"), audited("nobody/nothing"))


def test_one_that_does_not_fit_its_template_is_refused_before_any_scorer_starts(folder: str, tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    check_writing(store, audited(folder))
    asked = audited(folder, chat_template="{{ messages[0]['content'] }}")
    with pytest.raises(
        ConfigError, match=r"audit\.language_model\.model '.*clerk': the chat template drops the answer"
    ):
        check_writing(store, asked)
    check_writing(store, audited("nobody/nothing", ("empty",)))
