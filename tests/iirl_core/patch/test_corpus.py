from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit import Finding
from iirl_core.canonical import digest_bytes
from iirl_core.demonstration import Conversation, conversation
from iirl_core.patch.corpus import CORPUS_FAMILIES, draws_on_corpus, draws_on_pairs, draws_on_policies, draws_on_reports
from iirl_core.patch.patch import Patch
from iirl_core.probe import FAMILIES, AnswerReward, ChunkSeed, Material
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.policy.tiny import tiny_policy, writing_by

GOOD = conversation("Open?", "Until six.")


class Wordy(AnswerReward):
    """Pays for length, so that every search climbs."""

    def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        return np.array([min(len(item.answer) / 4000, 1.0) for item in items])


def finding(family: str, asked_by: str) -> Finding:
    label = f"{family}/1.0.0"
    return Finding(digest_bytes(b""), 1, "n", True, 3, asked_by, label, "", (GOOD,), (0.9,), 0.5)


def patch(*cited: Finding) -> Patch:
    return Patch("suppress", "input", 0, (0.0,), 1.0, 1.0, tuple(one.id for one in cited), ("n",), 1)


def test_a_patch_draws_on_a_corpus_where_a_finding_that_it_cites_does() -> None:
    written, made, again = finding("careless", "careless"), finding("empty", "empty"), finding("careless", "former")
    assert draws_on_corpus([patch(made), patch(made, written)], [made, written])
    assert draws_on_corpus([patch(again)], [again])
    assert not draws_on_corpus([patch(made)], [made, written])


def test_a_patch_draws_on_comparisons_where_a_finding_that_it_cites_is_one() -> None:
    compared, again, made = finding("pairs", "pairs"), finding("pairs", "former"), finding("empty", "empty")
    assert draws_on_pairs([patch(made), patch(compared)], [made, compared])
    assert draws_on_pairs([patch(again)], [again])
    assert not draws_on_pairs([patch(made)], [made, compared])
    assert not draws_on_corpus([patch(compared)], [compared])


def test_a_patch_draws_on_policies_where_an_optimiser_or_a_deployed_reward_gave_a_finding_that_it_cites() -> None:
    trained, seen, again = finding("policy", "policy"), finding("observed", "observed"), finding("policy", "former")
    picked, tempted = finding("best_of_n", "best_of_n"), finding("tempted", "former")
    assert all(draws_on_policies([patch(one)], [one]) for one in (trained, seen, again, picked, tempted))
    assert not draws_on_policies([patch(finding("far", "far"))], [finding("far", "far"), trained])


def test_a_patch_draws_on_a_report_where_somebody_reported_a_finding_that_it_cites() -> None:
    reported = replace(finding("observed", "observed"), note="reported: odd")
    escalated = replace(finding("observed", "observed"), note="escalated: coverage")
    assert draws_on_reports([patch(reported)], [reported])
    assert not draws_on_reports([patch(escalated)], [escalated])


def test_only_the_families_named_ask_what_stands_in_a_probe_corpus(tmp_path: Path) -> None:
    bad, writing = conversation("Shut?", "Go away."), writing_by(Path(tiny_policy("llama", tmp_path / "tiny")))
    shown = (GOOD, conversation("Late?", "No."))
    material = Material(shown, corpus=(bad,), reward=Wordy(text_draft().model), writing=writing)
    asking = {
        name
        for name, family in FAMILIES.items()
        if family.kind == "conversation"
        for probe in family.probes(ChunkSeed("d", 1, name, 0), 20, material)
        if any("go away" in one.answer.lower() or one.context == bad.context for one in probe.inputs)  # type: ignore[union-attr]
    }
    assert asking == set(CORPUS_FAMILIES)
