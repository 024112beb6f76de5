"""``iirl forget`` on a real local Ray: what is exact equals what training without the records would have made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from iirl_core.artifact import Artifact, load_from, seal_child
from iirl_core.canonical import folder_of
from iirl_core.corpus import forgot, read_corpus
from iirl_core.encoder import fit_encoder
from iirl_core.log import entries
from iirl_core.patch import Projection, Repairs, check_budget
from iirl_core.patch.budget import BUDGET
from iirl_core.release import resolve
from iirl_core.reward_model import RewardModel, assemble
from iirl_core.signing import Trust
from iirl_core.unlearning import Way
from jobs.forget import run
from jobs.proof import prove
from jobs.train import run as train
from jobs.train.learnable import read_sources
from tests.iirl_core.artifact.samples import patch_at
from tests.jobs.forget.made import ALL, OCCUPANCY, OURS, THEIRS, held, items, learnt, made, quiet, rows, values
from tests.jobs.train.made import walks

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900), pytest.mark.usefixtures("ray_session")]


def places(model: RewardModel) -> list[torch.Tensor]:
    """All that is measured on demonstrations beside weights."""
    spaces, support = model.spaces, model.support
    return [
        *(model.encoder.mean, model.encoder.scale),  # type: ignore[attr-defined]
        *(spaces.bottleneck.mean, spaces.bottleneck.matrix, spaces.whole.mean, spaces.whole.matrix),
        *(spaces.latent, spaces.residual, spaces.input, support.points, torch.tensor(support.scale)),
    ]


def same(one: RewardModel, other: RewardModel) -> bool:
    return one.mapping == other.mapping and all(
        torch.equal(a, b) for a, b in zip(places(one), places(other), strict=True)
    )


def test_a_forgotten_source_is_gone_from_all_that_is_exact_and_the_head_is_refitted(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL)
    store, root = session.store, learnt(session, config)
    kernel = patch_at(root.model, walks(1, 0.2, seed=9, aside=0.8)[0])
    parent = load_from(store, seal_child(store, root, [kernel]))
    progress, printed = quiet()
    outcome = run(session, config, progress, reference=parent.digest, sources=["theirs"])
    child = load_from(store, resolve(store, "walks"))

    # The corpus is what never held them, and the name means it from now on.
    left = read_corpus(store, "walks").manifest
    assert child.manifest.corpora[0].digest == left.digest
    assert forgot(left) == (parent.manifest.corpora[0].digest, 60)
    assert [one.id for one in read_corpus(store, "walks").demonstrations()] == [one.id for one in OURS]

    # Assembled anew around the child's head, from a store that never held them.
    never, _ = made(tmp_path / "never", OURS)
    sources = read_sources(never.store, config)
    encoder = fit_encoder(config.encoder, (one.input for one in sources.train_demonstrations()))
    z = rows(sources, config, encoder)
    again = assemble(
        config.mapping,
        encoder,
        child.model.expertness,
        z_train=z["train"],
        z_guard=z["guard"],
        z_contrast=z["contrast"],
    )
    assert same(child.model, again)
    assert torch.equal(child.guard.z, z["guard"])
    assert torch.equal(child.guard.known_good, z["train"])
    assert len(root.guard.z) == 2 * len(child.guard.z)
    assert torch.equal(child.guard.root_rewards, again.rewards(z["guard"]))

    # No row of theirs is left, and the head moved on from the parent's weights.
    kept = torch.cat([child.guard.z, child.guard.known_good, child.model.spaces.bottleneck.mean[None]])
    assert not any(held(kept, one, encoder) for one in THEIRS)
    assert any(held(kept, one, encoder) for one in OURS)
    before, after = (one.model.expertness.state_dict() for one in (parent, child))
    assert all(torch.allclose(before[name], after[name], atol=0.5) for name in after)
    assert not all(torch.equal(before[name], after[name]) for name in after)

    # It is said what remains, in every place.
    said = child.manifest.forgotten
    assert said is not None
    assert (said.records, said.way, said.epochs, said.dropped) == (60, Way.REFITTED, config.forget.epochs, 1)
    assert said.remains is not None
    assert (said.remains.forgotten, said.remains.never) == (40, 10)
    assert child.model.patches == ()
    assert str(said.remains.after) in printed.getvalue()
    assert str(said.remains.after) in outcome.made
    assert str(said) in (child.folder / "README.md").read_text(encoding="utf-8")
    assert child.manifest.parent == parent.digest
    checks = {one.name: one for one in prove(store, child.digest, None, Trust.from_folder(Path(config.keys)))}
    assert checks["forgotten"].note == "60 records of walks, row by row"
    assert not checks["forgotten"].problem
    shutil.rmtree(tmp_path / "store" / "corpora" / "walks" / folder_of(parent.manifest.corpora[0].digest))
    checks = {one.name: one for one in prove(store, child.digest, None, Trust.from_folder(Path(config.keys)))}
    assert checks["forgotten"].note == "60 records of walks, by what is said: with them walks is gone"
    assert not checks["forgotten"].problem
    (event,) = [entry.event for entry in entries(store) if entry.event.kind == "forget"]
    assert (event.subject, event.detail("records")) == (child.digest, "60")
    assert not any(one.id in json.dumps(dict(event.details)) for one in THEIRS)


def test_what_was_never_trained_on_leaves_the_weights_and_repairs_as_they_are(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL)
    store, root = session.store, learnt(session, config)
    kernel = patch_at(root.model, walks(1, 0.2, seed=9, aside=0.8)[0])
    direction = Projection(((1.0, 0.0, 0.0),), (0.0, 0.0, 0.0), ("f-1",), ("n",), 1, enabled=False)
    parent = load_from(store, seal_child(store, root, Repairs((kernel,), (direction,))))
    gone = [one for one in THEIRS if one.split != "train"]
    listed = tmp_path / "ids.txt"
    listed.write_text("\n".join(one.id for one in gone), encoding="utf-8")
    run(session, config, quiet()[0], reference=parent.digest, listed=str(listed))
    child = load_from(store, resolve(store, "walks"))
    said = child.manifest.forgotten
    assert said is not None
    assert (said.records, said.way, said.dropped, said.remains) == (len(gone), Way.KEPT, 0, None)
    assert child.model.repairs == parent.model.repairs
    for name, tensor in parent.model.expertness.state_dict().items():
        assert torch.equal(child.model.expertness.state_dict()[name], tensor)
    assert all(torch.equal(a, b) for a, b in zip(places(child.model)[:-1], places(parent.model)[:-1], strict=True))
    assert child.model.support.scale != parent.model.support.scale
    assert child.model.mapping != parent.model.mapping
    kept = torch.cat([child.guard.z, child.guard.known_good])
    assert not any(held(kept, one, child.model.encoder) for one in gone)
    assert any(held(kept, one, child.model.encoder) for one in THEIRS)


@pytest.mark.slow
def test_forgetting_again_is_charged_by_what_the_root_gave(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL)
    config = config.model_copy(update={"forget": config.forget.model_copy(update={"lost": 1.0})})
    store, root = session.store, learnt(session, config)
    for source in (THEIRS[:30], THEIRS[30:]):
        run(session, config, quiet()[0], ids=[one.id for one in source])
    child = load_from(store, resolve(store, "walks"))
    said = child.manifest.forgotten
    assert said is not None
    assert (child.manifest.parent != root.digest, said.against) == (True, root.digest)
    left = items(OURS, "guard")
    given, now = (one.model.rewards(one.model.encoder.encode(left).z).detach() for one in (root, child))
    by_hand = check_budget(given, now, BUDGET)
    assert (said.guarded, said.overdrawn) == (by_hand.guarded, by_hand.overdrawn)
    assert said.keeps == pytest.approx(by_hand.least, abs=1e-3)


@pytest.mark.slow
def test_a_closed_form_is_that_of_training_without_them_to_the_last_number(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL, expertness=OCCUPANCY)
    train(session, config, quiet()[0])
    run(session, config, quiet()[0], sources=["theirs"])
    child = load_from(session.store, resolve(session.store, "walks"))
    never, config = made(tmp_path / "never", OURS, expertness=OCCUPANCY)
    train(never, config, quiet()[0])
    fresh = load_from(never.store, resolve(never.store, "walks"))
    assert child.manifest.forgotten is not None
    assert child.manifest.forgotten.way is Way.COMPUTED
    assert equal(child, fresh)
    assert child.manifest.golden == fresh.manifest.golden


def equal(one: Artifact, other: Artifact) -> bool:
    """In all but names and numbers about training."""
    weights = [artifact.model.expertness.state_dict() for artifact in (one, other)]
    return (
        same(one.model, other.model)
        and all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
        and torch.equal(one.guard.z, other.guard.z)
        and torch.equal(one.guard.root_rewards, other.guard.root_rewards)
        and torch.equal(one.guard.known_good, other.guard.known_good)
    )


@pytest.mark.slow
def test_from_scratch_is_training_without_them_and_tells_how_far_a_refit_is_from_it(tmp_path: Path) -> None:
    session, config = made(tmp_path, ALL)
    store, root = session.store, learnt(session, config)
    run(session, config, quiet()[0], sources=["theirs"])
    refitted = load_from(store, resolve(store, "walks"))
    progress, printed = quiet()
    run(session, config, progress, reference=root.digest, sources=["theirs"], from_scratch=True)
    scratch = load_from(store, resolve(store, "walks"))
    train(session, config, quiet()[0])
    fresh = load_from(store, resolve(store, "walks"))
    assert fresh.manifest.parent is None
    assert equal(scratch, fresh)
    assert not equal(refitted, fresh)
    assert f"rewards differ from those of {refitted.digest[:19]}" in printed.getvalue()
    (kept,) = [key for key in store.list("runs/walks/") if key.endswith(f"forgotten-{scratch.digest[7:19]}.json")]
    told = json.loads(store.get(kept))
    asked = [one for one in THEIRS if one.split == "train"]
    gap = abs(values(scratch, asked) - values(refitted, asked)).mean()
    assert told["distance"]["other"] == refitted.digest
    assert told["distance"]["forgotten"] == pytest.approx(gap, rel=1e-4)
