"""What the report says an artifact is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from iirl_core.artifact import load_from
from jobs.report.artifact import artifact_facts
from jobs.report.times import times_of
from tests.jobs.triage.audited import make_audited


def test_which_end_of_a_long_text_is_cut_is_on_the_page(tmp_path: Path) -> None:
    audited = make_audited(tmp_path / "audited")
    artifact, times = load_from(audited.store, audited.root), times_of(audited.store, audited.root)
    encoder = {"kind": "text", "max_tokens": 64, "truncation": "left", "pooling": "mean"}
    manifest = replace(artifact.manifest, encoder=encoder)
    facts = artifact_facts(audited.store, replace(artifact, manifest=manifest), times)
    assert facts.encoder.endswith("max_tokens 64, truncation left")


def test_how_an_ensemble_s_members_are_combined_is_on_the_page(tmp_path: Path) -> None:
    audited = make_audited(tmp_path / "audited")
    artifact, times = load_from(audited.store, audited.root), times_of(audited.store, audited.root)
    expertness = artifact.manifest.expertness
    for combine, told in (("min", "combine min"), ({"penalty": 0.5}, "combine penalty 0.5")):
        manifest = replace(artifact.manifest, expertness={**expertness, "combine": combine})
        facts = artifact_facts(audited.store, replace(artifact, manifest=manifest), times)
        assert facts.expertness.endswith(f"members 2, {told}")
