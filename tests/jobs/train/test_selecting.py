"""Which samples a round of a re-fit compares with: a part of its own of one corpus, or a corpus of its own."""

from __future__ import annotations

from pathlib import Path

from cluster.session import Session
from iirl_core.config.training import SelectSection
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import conversation
from iirl_core.store import DirectoryStore
from jobs.train.selecting import Selecting, samples_of
from tests.jobs.train.made import demonstration

IDS = [f"sample {number}" for number in range(300)]


def rounds_of(section: SelectSection, session: Session) -> list[tuple[list[str], set[str]]]:
    """For each round the corpora that it reads, and which of the samples in them it takes."""
    found = []
    for round_ in range(section.rounds):
        samples = samples_of(session, section, round_)
        dealing = Selecting("refit", 0, section, (), (), samples, round_).dealing
        found.append(([one.manifest.name for one in samples], {one for one in IDS if dealing.takes(one, 1.0)}))
    return found


def made(folder: Path, *names: str) -> Session:
    store = DirectoryStore(folder / "store")
    for name in names:
        write_corpus(store, name, [demonstration(conversation("How is it?", f"I am {name}."), "train")])
    return Session(store)


def test_rounds_share_one_corpus_out_among_them(tmp_path: Path) -> None:
    session = made(tmp_path, "answers")
    found = rounds_of(SelectSection(near="answers", keep=5, rounds=3), session)
    assert [names for names, _ in found] == [["answers"]] * 3
    parts = [taken for _, taken in found]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(IDS), "each sample is one round's"
    assert min(map(len, parts)) > len(IDS) / 5
    assert rounds_of(SelectSection(near=["answers"], keep=5, rounds=3), session) == found


def test_each_round_takes_the_whole_of_its_own_corpus_where_each_has_one(tmp_path: Path) -> None:
    session = made(tmp_path, "first", "second")
    found = rounds_of(SelectSection(near=["second", "first"], keep=5, rounds=2), session)
    assert found == [(["second"], set(IDS)), (["first"], set(IDS))]


def test_a_single_round_takes_all(tmp_path: Path) -> None:
    found = rounds_of(SelectSection(near="answers", keep=5), made(tmp_path, "answers"))
    assert found == [(["answers"], set(IDS))]
