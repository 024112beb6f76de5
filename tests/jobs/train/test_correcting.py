"""What an artifact's repairs mended becomes what the next training learns from."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pydantic import ValidationError

from cluster.session import Session
from iirl_core.artifact import ArtifactDraft, CorpusEntry, Mode, Provenance, Supervision, load_from, seal, seal_child
from iirl_core.audit import Finding
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.corpus import identity_of, write_corpus
from iirl_core.demonstration import Demonstration
from iirl_core.errors import ConfigError
from iirl_core.patch.switching import switched
from iirl_core.release import resolve
from iirl_core.reward_model import RewardModel
from iirl_core.signing import Trust
from iirl_core.store import DirectoryStore
from iirl_core.unlearning import Forgotten
from jobs import patch
from jobs.history import history_of
from jobs.train.correcting import read_corrections
from jobs.train.dealing import Choice, tasks_of
from jobs.train.learnable import read_sources
from jobs.train.naming import run_name
from jobs.train.sources import Sources, parts_of
from tests.iirl_core.artifact.samples import patch_at
from tests.iirl_core.unlearning.test_forgotten import FORGOTTEN
from tests.jobs.audit.turning import wheel_config
from tests.jobs.patch.audited import audited_root
from tests.jobs.wheel import quiet


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``sample``: audited, triaged, patched."""
    folder = tmp_path_factory.mktemp("repaired")
    session, config, _ = audited_root(folder, 3000, patch={"kinds": ["kernels"], "max_width": 0.5})
    patch.run(session, config, quiet())
    return folder


@pytest.fixture
def repaired(once: Path, tmp_path: Path) -> tuple[Session, Digest]:
    """A copy of it for each test."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    session = Session(DirectoryStore(tmp_path / "store"))
    child = resolve(session.store, "sample")
    assert len(load_from(session.store, child).model.patches) > 1
    return session, child


def again(folder: Path, reference: str = "sample", **changes: object) -> Config:
    """The next training."""
    return wheel_config(folder, **{"name": "again", "train": {"corrections": reference}, **changes})


def corrected(session: Session, config: Config) -> Sources:
    sources = read_sources(session.store, config)
    return dataclasses.replace(sources, corrected=read_corrections(session.store, config, sources, quiet()))


def cited(session: Session, digest: Digest, folder: Path) -> dict[str, Finding]:
    model = load_from(session.store, digest).model
    names = {name for one in model.repairs if one.enabled for name in one.findings}
    past = history_of(session.store, digest, Trust.from_folder(folder / "keys"))
    return {one.id: one for each in past for one in each.findings() if one.id in names}


def records(sources: Sources) -> list[Demonstration]:
    assert sources.corrected is not None
    return [one for corpus in sources.corrected.corpora for one in corpus.demonstrations()]


def named(sources: Sources) -> set[str]:
    """The findings that records go back to."""
    return {one.source.partition("/")[2] for one in records(sources)}


def test_all_that_repairs_cite_is_learnt_from_as_a_corpus_one_can_look_at(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = repaired
    findings = cited(session, child, tmp_path)
    sources = corrected(session, again(tmp_path))
    assert sources.corrected is not None
    assert sources.corrected.demonstrations == ()
    (corpus,) = sources.corrected.negatives
    assert corpus.manifest.name == "_corrections.again.negatives"
    assert {split: count for split, count in corpus.manifest.splits.items() if count} == {"train": len(findings)}
    assert named(sources) == set(findings)
    for one in records(sources):
        finding = findings[one.source.partition("/")[2]]
        assert one.source == f"far-is-low/{finding.id}"
        assert identity_of(one.input) == identity_of(finding.offender)
    entry = CorpusEntry(corpus.manifest.name, "corrections", corpus.manifest.digest)
    assert sources.entries()[-1] == entry
    assert corrected(session, again(tmp_path)).entries()[-1] == entry, "done again, it is the same"
    config = again(tmp_path)
    assert run_name(config, sources) != run_name(config, read_sources(session.store, config))


def test_records_are_trained_on_or_anchor_the_map_as_the_family_wants(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, _ = repaired
    mixture = again(tmp_path)
    discriminator = again(
        tmp_path,
        expertness={"family": "discriminator", "corrupted": {"permuted": 0.5}},
        mapping={"kind": "sigmoid"},
        encoder={"kind": "trajectory", "rows": "transitions"},
    )
    for config, part in ((mixture, "contrast"), (discriminator, "train")):
        sources = corrected(session, config)
        (mine,) = [one for one in sources.shards() if "_corrections" in one.paths[0]]
        assert (mine.role, mine.splits) == ("negatives", sources.shards()[0].splits)
        filesystem, _ = session.store.filesystem()
        table = pq.read_table(mine.paths[0], filesystem=filesystem)
        table = table.append_column("role", pa.array([mine.role] * len(table)))
        tasks = tasks_of(table, parts_of(sources, config), (), Choice())
        assert {task.part for task in tasks} == {part}
        assert {task.expert for task in tasks} == {0.0}


def test_what_is_claimed_of_the_chain_is_claimed_of_what_learns_from_it(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = repaired
    parent = load_from(session.store, child)
    sources = corrected(session, again(tmp_path))
    assert sources.provenance(again(tmp_path)) == Provenance(Mode.STRICT, Supervision.WEAK)
    assert sources.corrected is not None
    assert not sources.corrected.human
    more = parent.model.repairs.with_patches(
        (*parent.model.patches, patch_at(parent.model, records(sources)[0].input, strength=0.001))
    )
    moving = Provenance(Mode.POLICY_ADAPTIVE, Supervision.PREFERENCE)
    other = seal_child(session.store, parent, more, learnt=moving, human=True)
    after = corrected(session, again(tmp_path, other))
    assert after.provenance(again(tmp_path)) == moving
    assert after.corrected is not None
    assert after.corrected.human


def test_a_repair_that_was_taken_back_teaches_nothing(repaired: tuple[Session, Digest], tmp_path: Path) -> None:
    session, child = repaired
    parent = load_from(session.store, child)
    every = [one.id for one in parent.model.repairs]
    off = seal_child(session.store, parent, switched(parent.model.repairs, every[:1]))
    left = named(corrected(session, again(tmp_path, off)))
    assert left == set(cited(session, off, tmp_path)) < set(cited(session, child, tmp_path))
    none = seal_child(session.store, parent, switched(parent.model.repairs, every))
    with pytest.raises(ConfigError, match=r"no enabled repair of sha256.* mends what autoencoder_mixture can learn"):
        corrected(session, again(tmp_path, none))


def refitted(session: Session, digest: Digest, *learnt: CorpusEntry, forgotten: Forgotten | None = None) -> Digest:
    """A child with other weights, and without repairs, as training from a parent makes it."""
    parent = load_from(session.store, digest)
    head = copy.deepcopy(parent.model.expertness)
    with torch.no_grad():
        head.get_parameter("decode_bias_2").add_(1e-5)
    before = parent.model
    model = RewardModel(before.encoder, head, before.mapping, before.spaces, before.support)
    config = wheel_config(Path("/nowhere"))
    draft = ArtifactDraft(
        model=model,
        guard=parent.guard,
        config=config,
        corpora=(*parent.manifest.corpora, *learnt),
        metrics={},
        provenance=Provenance(),
        parent=parent,
        forgotten=forgotten,
    )
    return seal(session.store, draft)


def test_repairs_from_before_the_last_training_are_of_the_chain_too(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = repaired
    later = refitted(session, child)
    assert load_from(session.store, later).model.repairs != load_from(session.store, child).model.repairs
    assert named(corrected(session, again(tmp_path, later))) == set(cited(session, child, tmp_path))


def test_a_chain_that_forgot_records_has_no_corrections_to_give(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = repaired
    later = refitted(session, refitted(session, child, forgotten=FORGOTTEN))
    with pytest.raises(ConfigError, match=r"the chain of sha256.* forgot records, and findings may be edits of them"):
        corrected(session, again(tmp_path, later))


def test_what_the_chain_learnt_as_corrections_stays_learnt(repaired: tuple[Session, Digest], tmp_path: Path) -> None:
    session, child = repaired
    before = corrected(session, again(tmp_path))
    parent = load_from(session.store, child)
    none = seal_child(session.store, parent, switched(parent.model.repairs, [one.id for one in parent.model.repairs]))
    later = refitted(session, none, before.entries()[-1])
    after = corrected(session, again(tmp_path, later))
    assert {one.id for one in records(after)} == {one.id for one in records(before)}


def test_what_is_held_out_anywhere_is_not_learnt_from(repaired: tuple[Session, Digest], tmp_path: Path) -> None:
    session, child = repaired
    findings = list(cited(session, child, tmp_path).values())
    held = [findings[0].offender, findings[1].offender]
    splits = ("unseen", "guard")
    rows = [
        Demonstration(identity_of(item), item, "asked", split)  # type: ignore[arg-type]
        for item, split in zip(held, splits, strict=True)
    ]
    write_corpus(session.store, "asked", rows)
    asked = {"name": "asked", "role": "probes", "files": ["asked.npz"]}
    config = again(tmp_path, corpora=[{"name": "walks", "files": ["walks.npz"]}, asked])
    sources = corrected(session, config)
    assert named(sources) == {one.id for one in findings[2:]}
    assert sources.corrected is not None
    recorded = sources.corrected.negatives[0].manifest.config
    assert isinstance(recorded, dict)
    assert recorded["corrections"] == {
        "of": child,
        "silent": {"its prompt or trajectory is reserved for judging (guard, unseen, or a suite)": 2},
    }


def test_what_another_parents_chain_was_judged_on_is_not_learnt_from_under_any_corpus(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = repaired
    findings = list(cited(session, child, tmp_path).values())
    held = findings[0].offender
    manifest = write_corpus(session.store, "older", [Demonstration(identity_of(held), held, "older", "guard")])
    entry = CorpusEntry("older", "demonstrations", manifest.digest)
    root = load_from(session.store, child).manifest.parent
    assert root is not None
    parent = refitted(session, root, entry)
    config = again(tmp_path, train={"corrections": child, "parent": parent})
    assert named(corrected(session, config)) == {one.id for one in findings[1:]}
    assert named(corrected(session, again(tmp_path, child))) == {one.id for one in findings}


def test_corrections_of_other_inputs_or_for_families_without_weights_are_refused(
    repaired: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, _ = repaired
    with pytest.raises(ValidationError, match=r"train\.corrections: again is what this run seals"):
        again(tmp_path, "again")
    with pytest.raises(ValidationError, match=r"train\.corrections: occupancy has no weights"):
        again(tmp_path, expertness={"family": "occupancy"})
    assert read_corrections(session.store, wheel_config(tmp_path), corrected(session, again(tmp_path)), quiet()) is None
    speech = again(
        tmp_path, encoder={"kind": "text"}, norms=[], mapping={"kind": "exponential"}, audit={"probes": {"empty": 10}}
    )
    with pytest.raises(ConfigError, match="sample reads a trajectory; expected one that reads a conversation"):
        read_corrections(session.store, speech, corrected(session, again(tmp_path)), quiet())
