"""What would be imitated and judged on at once is refused before anything is loaded."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.config import Config
from iirl_core.corpus import read_corpus, write_corpus
from iirl_core.demonstration import Split, conversation
from iirl_core.errors import ConfigError
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.imitate import run
from jobs.imitate.leakage import check_imitated
from tests.jobs.imitate.test_job import Unstarted
from tests.jobs.train.made import demonstration
from tests.jobs.wheel import quiet


def _config(folder: Path, *others: dict[str, object], suites: tuple[dict[str, object], ...] = ()) -> Config:
    (folder / "init").mkdir(exist_ok=True)  # a policy of which nothing can be loaded
    return Config.model_validate(
        {
            "name": "desk",
            "store": str(folder / "store"),
            "corpora": [{"name": "shown", "files": ["shown.jsonl"]}, *others],
            "encoder": {"kind": "text"},
            "imitate": {"model": str(folder / "init")},
            "evaluate": {"suites": list(suites)},
            "audit": {"probes": {"empty": 10}},
        }
    )


def _write(store: DirectoryStore, name: str, share: float | None, *records: tuple[str, Split]) -> None:
    rows = [demonstration(conversation(prompt, name), part) for prompt, part in records]
    write_corpus(store, name, rows, config=None if share is None else {"split": {"train": share}})


def _check(store: DirectoryStore, config: Config) -> str:
    """Nothing is refused; what was said."""
    heard = io.StringIO()
    check_imitated(config, [read_corpus(store, "shown")], Progress(Console(file=heard, width=200)))
    return heard.getvalue()


RUDE: dict[str, object] = {"name": "rude", "role": "negatives", "files": ["rude.jsonl"]}


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    store = DirectoryStore(tmp_path / "store")
    _write(store, "shown", 0.8, ("a", "train"), ("b", "guard"), ("c", "train"), ("d", "unseen"))
    return store


@pytest.mark.parametrize("part", ["guard", "unseen"])
def test_a_prompt_that_is_imitated_and_held_out_in_another_corpus_is_refused(
    store: DirectoryStore, tmp_path: Path, part: Split
) -> None:
    _write(store, "rude", 0.5, ("e", "train"), ("A ", part), ("c", part))
    said = f"2 in the {part} split of corpus rude are also in the train split of shown"
    with pytest.raises(ConfigError, match=said):
        run(Unstarted(store), _config(tmp_path, RUDE), quiet())
    assert not list(store.list("runs/"))


def test_what_others_train_on_may_be_held_out_here(store: DirectoryStore, tmp_path: Path) -> None:
    """Only what is imitated is learnt from: that ``rude`` trains on what is unseen here is refused by training."""
    _write(store, "rude", 0.5, ("d", "train"), ("b", "train"), ("e", "unseen"))
    assert _check(store, _config(tmp_path, RUDE)) == ""


def test_where_train_fractions_are_the_same_nothing_is_read(store: DirectoryStore, tmp_path: Path) -> None:
    """Splits follow from the prompt there, so records like these cannot come from ingest."""
    _write(store, "rude", 0.8, ("a", "unseen"))
    assert _check(store, _config(tmp_path, RUDE)) == ""
    _write(store, "rude", None, ("a", "unseen"))
    with pytest.raises(ConfigError, match="1 in the unseen split of corpus rude"):
        _check(store, _config(tmp_path, RUDE))


@pytest.mark.parametrize("role", ["probes", "samples"])
def test_probes_samples_and_corpora_that_are_not_there_yet_hold_nothing_back(
    store: DirectoryStore, tmp_path: Path, role: str
) -> None:
    assert _check(store, _config(tmp_path, RUDE)) == ""
    _write(store, "asked", 0.5, ("a", "unseen"))
    assert _check(store, _config(tmp_path, {"name": "asked", "role": role, "files": ["asked.jsonl"]})) == ""


def test_a_suite_that_asks_what_is_imitated_is_refused(store: DirectoryStore, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    config = _config(tmp_path, suites=({"kind": "pairs", "name": "manners-test", "files": [str(pairs)]},))
    rows = [{"prompt": prompt, "chosen": "yes", "rejected": "no"} for prompt in ("d", "e")]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert _check(store, config) == ""
    rows.append({"prompt": " C", "chosen": "yes", "rejected": "no"})
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    said = r"1 of the 3 prompts of the suite manners-test are in the train split of corpus shown.*decontaminate"
    with pytest.raises(ConfigError, match=said):
        _check(store, config)


def test_a_suite_of_answers_that_are_still_to_be_made_is_not_looked_at_and_that_is_said(
    store: DirectoryStore, tmp_path: Path
) -> None:
    later = str(tmp_path / "choice.jsonl")
    picks = {"kind": "best_of_n", "name": "picks", "files": [later], "golden": {"kind": "column", "column": "golden"}}
    said = _check(store, _config(tmp_path, suites=(picks,)))
    assert said == f"suite picks: no file at {later} to look for prompts in that are imitated\n"


def test_what_is_there_of_a_suite_is_looked_at_though_the_rest_is_not(store: DirectoryStore, tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text(json.dumps({"prompt": "a", "chosen": "yes", "rejected": "no"}) + "\n", encoding="utf-8")
    files = [str(there), str(tmp_path / "later.jsonl")]
    with pytest.raises(ConfigError, match="1 of the 1 prompts of the suite manners-test"):
        _check(store, _config(tmp_path, suites=({"kind": "pairs", "name": "manners-test", "files": files},)))


def test_a_suites_file_of_no_known_format_is_an_error(store: DirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "pairs.docx").write_text("", encoding="utf-8")
    suite = {"kind": "pairs", "name": "manners-test", "files": [str(tmp_path / "pairs.docx")]}
    with pytest.raises(ConfigError, match="docx"):
        _check(store, _config(tmp_path, suites=(suite,)))
