from __future__ import annotations

import copy
import math
import random
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from iirl_core.audit import (
    ChunkResult,
    Finding,
    audit_chunk,
    decide_verdict,
    findings_from_bytes,
    findings_to_bytes,
    verified,
    verify,
    worst_first,
)
from iirl_core.audit.cell import STEPS
from iirl_core.canonical import canonical_json
from iirl_core.config.governance import PatchSection, RepairKind, TrialSection
from iirl_core.demonstration import Comparison, Trajectory, conversation
from iirl_core.errors import ConfigError
from iirl_core.norm import NUMBER, Norm, NormKind
from iirl_core.norm.matcher import Keyword, Source
from iirl_core.norm.predicate import predicate_of
from iirl_core.patch.propose import flaws_of
from iirl_core.probe import FAMILIES, PointReward, Probe, material_of
from iirl_core.repair import choose, ground_of
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import patch_at, text_draft
from tests.iirl_core.probe.samples import always, off_arc, planar, seed


def chunk(number: int = 0, family: str = "uniform", count: int = 200) -> ChunkResult:
    model, _, train = planar()
    return audit_chunk(model, [off_arc()], seed(family, number), count, material_of(model, [off_arc()], train))


@dataclass(frozen=True, eq=False)
class Audited:
    model: RewardModel


def test_findings_are_the_probes_whose_reward_breaks_the_norm() -> None:
    model, _, _ = planar()
    result = chunk()
    assert 0 < len(result.findings) < 200
    for finding in result.findings:
        reading = model.read([finding.offender])[0]
        assert reading.reward > 0.05
        assert finding.rewards == pytest.approx((reading.reward,), abs=1e-5)
        assert finding.excess == pytest.approx(reading.reward - 0.05, abs=1e-5)
    (counts,) = result.families
    assert (counts.asked, counts.broken) == (200, len(result.findings))
    assert counts.broken < counts.spoken < counts.asked


def test_a_chunk_is_a_pure_function_of_its_seed() -> None:
    first, again = chunk(), chunk()
    assert [finding.id for finding in first.findings] == [finding.id for finding in again.findings]
    assert np.array_equal(first.reservoir.points, again.reservoir.points)
    assert first.histogram == again.histogram
    assert sum(first.histogram) == first.asked == 200


def test_searching_families_find_more_than_chance() -> None:
    shares = {family: chunk(family=family).families[0] for family in ("uniform", "boundary", "ascent")}
    assert shares["ascent"].broken / shares["ascent"].asked > shares["uniform"].broken / shares["uniform"].asked


def test_merging_chunks_does_not_depend_on_their_order() -> None:
    parts = [chunk(number) for number in range(4)]
    together = ChunkResult.merge(parts, 10, 64)
    random.Random(1).shuffle(parts)
    shuffled = ChunkResult.merge([ChunkResult.merge(parts[:2], 10, 64), *parts[2:]], 10, 64)
    assert together.findings == shuffled.findings
    assert together.families == shuffled.families
    assert together.histogram == shuffled.histogram
    assert np.array_equal(together.reservoir.points, shuffled.reservoir.points)
    assert len(together.findings) == 10
    assert together.families[0].broken == sum(len(part.findings) for part in parts) > 10
    assert [f.excess for f in together.findings] == sorted((f.excess for f in together.findings), reverse=True)


def test_a_norm_that_does_not_name_the_family_is_not_asked() -> None:
    model, _, train = planar()
    norm = replace(off_arc(), families=("far",))
    result = audit_chunk(model, [norm], seed("uniform"), 50, material_of(model, [norm], train))
    assert (result.families, result.findings, result.asked) == ((), (), 50)


def test_a_former_finding_is_asked_about_its_own_norm_alone() -> None:
    model, _, train = planar()
    norms = [off_arc(), replace(off_arc(), id="other")]
    finding = chunk().findings[0]
    former = [Probe(finding.inputs, finding.family, finding.label, finding.note, norm="other")]
    result = audit_chunk(model, norms, seed("former"), 50, material_of(model, norms, train, former=former))
    assert [(each.family, each.norm, each.broken) for each in result.families] == [("former", "other", 1)]


def test_what_users_wrote_is_not_shown_whichever_family_asks_it_again() -> None:
    model, _, train = planar()
    norm = replace(off_arc(), families=("observed",))
    secret = [Probe(one.inputs, "observed", "observed", "escalated") for one in chunk().findings]
    material = replace(material_of(model, [norm], train), observed=tuple(secret))
    observed = audit_chunk(model, [norm], seed("observed"), 200, material)
    former = tuple(Probe(one.inputs, one.family, one.label, one.note, norm=norm.id) for one in observed.findings)
    ours = [replace(one, label="uniform/1.0.0") for one in former]
    for asked, seen in ((former, set()), ((*former, *ours), {"uniform"})):
        again = audit_chunk(model, [norm], seed("former"), 300, replace(material, former=asked))
        assert len(again.findings) == len(asked) > 0
        assert {one.family for one in again.strangers.sample} == seen
        assert bool(again.examples) is bool(seen)
    assert (observed.examples, observed.strangers.count) == ((), 0)


def test_every_question_is_counted_in_one_situation() -> None:
    result = chunk()
    (counts,) = result.families
    assert sum(cell.spoken for cell in result.cells) == counts.spoken
    assert sum(cell.broken for cell in result.cells) == counts.broken
    assert len(result.cells) > 2
    by_situation = Counter(finding.situation for finding in result.findings)
    assert {cell.situation: cell.broken for cell in result.cells if cell.broken} == dict(by_situation)
    assert {example.situation for example in result.examples} >= {cell.situation for cell in result.cells}


def test_the_ensembles_disagreement_is_counted_as_readings_tell_it() -> None:
    model, _, train = planar()
    norm = replace(off_arc(), region=None)
    material = material_of(model, [norm], train)
    probes = FAMILIES["uniform"].probes(seed("uniform"), 200, material)
    told = [reading.evidence.disagreement for reading in model.read([probe.inputs[-1] for probe in probes])]
    result = audit_chunk(model, [norm], seed("uniform"), 200, material)
    assert sum(told) > 1
    assert sum(cell.disagreement for cell in result.cells) == pytest.approx(sum(told), abs=200 / STEPS)


def test_what_was_refuted_is_not_counted_as_broken_in_its_situation() -> None:
    model, _, _ = planar()
    result = chunk()
    doubted = result.findings[0]
    repaired = model.with_patches([patch_at(model, doubted.offender, strength=2.0)])
    held = verified(result, Audited(repaired), [off_arc()])
    assert held.refuted > 0
    assert sum(cell.broken for cell in held.cells) == len(held.findings)
    before = {cell.situation: cell.broken for cell in result.cells}
    after = {cell.situation: cell.broken for cell in held.cells}
    assert after[doubted.situation] < before[doubted.situation]


def test_an_unknown_family_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="uniform"):
        chunk(family="uniformly")


def test_a_finding_that_holds_is_computed_again_from_its_serialised_inputs() -> None:
    model, _, _ = planar()
    finding = chunk().findings[0]
    doubted = replace(finding, rewards=(0.123,), excess=9.0)
    again = verify(doubted, Audited(model), [off_arc()])
    assert again is not None
    assert again.excess == pytest.approx(finding.excess, abs=1e-5)
    assert again.rewards == pytest.approx(finding.rewards, abs=1e-5)
    assert again.id == finding.id


def test_a_finding_that_was_repaired_or_whose_norm_is_gone_does_not_hold() -> None:
    model, _, _ = planar()
    finding = chunk().findings[0]
    repaired = model.with_patches([patch_at(model, finding.offender, strength=2.0)])
    assert verify(finding, Audited(repaired), [off_arc()]) is None
    assert verify(finding, Audited(model), []) is None
    assert verify(finding, Audited(model), [replace(off_arc(), kind=NormKind.FLOOR)]) is None


def test_a_reward_that_is_not_a_number_is_one_finding_wherever_it_lies_and_stops_nothing() -> None:
    model, (_, _, train) = always(math.nan), planar()
    norms = [off_arc(), replace(off_arc(), id="soft", hard=False)]
    result = audit_chunk(model, norms, seed("uniform"), 50, material_of(model, norms, train))
    held = verified(result, Audited(model), norms)
    assert held.refuted == 0
    assert {(one.norm, one.hard, one.excess) for one in held.findings} == {(NUMBER.id, True, 1.0)}
    assert len(held.findings) == len({one.label for one in held.findings}) == 50
    assert {one.norm: (one.asked, one.spoken, one.broken) for one in result.families} == {
        "off-arc": (50, 0, 0), "soft": (50, 0, 0), NUMBER.id: (50, 50, 50),
    }  # fmt: skip
    assert sum(cell.spoken for cell in result.cells) == sum(cell.broken for cell in result.cells) == 50
    assert all(math.isnan(finding.rewards[0]) for finding in held.findings)
    assert [one.id for one in findings_from_bytes(findings_to_bytes(held.findings))] == [f.id for f in held.findings]
    flaws, refused = flaws_of(model, held.findings, [off_arc()])
    assert len(flaws.findings) == 0
    assert {one.reason for one in refused} == {"its reward is not a number: train again"}


def test_what_was_no_number_is_asked_again_until_it_is_one() -> None:
    (broken, (sound, _, train)), norms = (always(math.nan), planar()), [off_arc()]
    found = audit_chunk(broken, norms, seed("uniform"), 9, material_of(broken, norms, train)).findings
    former = [Probe(one.inputs, one.family, one.label, one.note, norm=one.norm) for one in found]
    for model, left in ((broken, 9), (sound, 0)):
        again = audit_chunk(model, norms, seed("former"), 9, material_of(model, norms, train, former=former))
        assert [(one.norm, one.asked, one.broken) for one in again.families] == [(NUMBER.id, 9, left)]


def test_a_former_finding_that_is_no_number_now_is_open_under_its_norm_and_one_finding_of_the_number() -> None:
    (_, _, train), model, found = planar(), always(math.nan), chunk().findings[:3]
    soft = replace(off_arc(), id="soft", hard=False)
    for norms, own in (((), 0), ((off_arc(),), 3), ((off_arc(), soft), 6)):
        former = [
            Probe(one.inputs, one.family, one.label, one.note, norm=norm)
            for norm in ("off-arc", "soft")
            for one in found
        ]
        for asked in (former, [*former, *(replace(one, norm=NUMBER.id) for one in former[:3])]):
            material = material_of(model, norms, train, former=asked)
            parts = [audit_chunk(model, norms, seed("former", number), 4, material) for number in range(3)]
            held = verified(ChunkResult.merge(parts, None, 64), Audited(model), norms)
            assert Counter(one.norm == NUMBER.id for one in held.findings) == Counter({True: 3, False: own})
            assert len({one.id for one in held.findings}) == 3 + own, "each once, however many norms it broke"
            assert sum(one.broken for one in held.families if one.norm == NUMBER.id) == 3


@pytest.mark.parametrize("kinds", [["kernels", "sculpting"], ["sculpting"]])
def test_a_repair_is_refused_for_what_is_not_a_number(kinds: list[RepairKind]) -> None:
    (model, (_, guard, train)), norms = (always(math.nan), planar()), [off_arc()]
    material = material_of(model, norms, train)
    found = audit_chunk(model, norms, seed("uniform"), 5, material).findings
    ground = ground_of(
        model, found, [*norms, NUMBER], material=material, seed=seed("trial"), section=TrialSection()
    )  # fmt: skip
    plan = choose(found, ground, guard, PatchSection(kinds=kinds), 1)
    assert plan.chosen == ()
    assert {one.finding for one in plan.refused} == {one.id for one in found}
    assert {one.reason for one in plan.refused} == {"its reward is not a number: train again"}


def test_what_does_not_hold_is_refuted_and_broke_nothing() -> None:
    model, _, _ = planar()
    result = chunk()
    held = verified(result, Audited(model), [off_arc()])
    assert [one.id for one in held.findings] == [one.id for one in result.findings]
    assert (held.families, held.refuted) == (result.families, 0)
    repaired = model.with_patches([patch_at(model, result.findings[0].offender, strength=2.0)])
    fewer = verified(result, Audited(repaired), [off_arc()])
    assert fewer.refuted == len(result.findings) - len(fewer.findings) > 0
    assert [one.broken for one in fewer.families] == [len(fewer.findings)]
    assert result.findings[0].id not in {one.id for one in fewer.findings}


def test_rewards_are_those_of_the_patched_model() -> None:
    model, _, train = planar()
    everywhere = replace(patch_at(model, Trajectory([[0.0, 0.0]]), strength=1e6), width=1e3)
    material = material_of(model, [off_arc()], train)
    result = audit_chunk(model.with_patches([everywhere]), [off_arc()], seed("uniform"), 100, material)
    assert result.findings == ()
    assert result.histogram[0] == 100


def test_what_is_kept_of_a_finding_can_be_signed() -> None:
    finding: Finding = chunk().findings[0]
    assert canonical_json([finding.id, finding.excess, finding.step, list(finding.rewards)])
    assert isinstance(finding.step, int)
    assert torch.is_grad_enabled()


def test_an_edit_that_the_encoder_does_not_see_proves_nothing() -> None:
    norms = [
        Norm(kind.value, kind, False, 2, 0.2, 0.2, ("formatting",), "why", "me")
        for kind in (NormKind.INVARIANCE, NormKind.DIRECTION)
    ]
    original = conversation("Open?", "Until six. Come in.")
    edits = [original.with_answer(answer) for answer in ("Until  six.\n\nCome in. ", "- Until six.\n- Come in.")]
    former = [
        Probe((original, edit), "formatting", f"formatting/1.0.{index}", "", norm=norm.id)
        for norm in norms
        for index, edit in enumerate(edits)
    ]
    model = text_draft().model
    result = audit_chunk(model, norms, seed("former"), 9, material_of(model, norms, [original], former=former))
    assert {each.norm: (each.asked, each.spoken) for each in result.families} == {
        "invariance": (2, 1),
        "direction": (2, 2),
    }


def test_the_demonstrations_are_indexed_once_for_all_chunks() -> None:
    model, _, train = planar()
    material = material_of(model, [off_arc()], train)
    for number in range(2):
        audit_chunk(model, [off_arc()], seed("far", number), 10, material)
    assert "tree" in vars(material)
    searched = material.searched_by(PointReward(model))
    assert searched.tree is material.tree
    assert searched.points is material.points
    assert searched.reward is not None
    assert material.reward is None


def test_a_heavier_norm_is_ranked_before_others_of_its_hardness() -> None:
    one = chunk().findings[0]
    made = [
        replace(one, norm="light", severity=4),
        replace(one, norm="heavy", severity=2, weight=2.5),
        replace(one, norm="soft", hard=False, severity=5, weight=9.0),
    ]
    assert [finding.norm for finding in worst_first(made)] == ["heavy", "light", "soft"]


def test_matchers_say_which_probes_of_a_family_count_and_sources_come_along() -> None:
    model = text_draft().model
    shown = [conversation(f"Question {number}?", f"Answer number {number}, at length.") for number in range(4)]
    always = Norm("always", NormKind.CEILING, False, 3, 0.0, 1.0, ("empty",), "why", "me")
    norms = [
        always,
        replace(always, id="from-desk", matches=(Source(("desk",)),)),
        replace(always, id="said-ok", matches=(Keyword(("ok",), "answer"),)),
        replace(always, id="never", matches=(Keyword(("zebra",), "both"),)),
    ]
    material = material_of(model, norms, shown, sources=["desk", "phone", "desk", "phone"])
    result = audit_chunk(model, norms, seed("empty"), 32, material)
    counts = {each.norm: (each.asked, each.spoken, each.broken) for each in result.families}
    assert counts == {"always": (32, 32, 32), "from-desk": (32, 16, 16), "said-ok": (32, 4, 4), "never": (32, 0, 0)}
    by_desk = [finding for finding in result.findings if finding.norm == "from-desk"]
    assert {finding.source for finding in by_desk} == {"desk"}
    assert all(verify(finding, Audited(model), norms) is not None for finding in by_desk)
    assert verify(replace(by_desk[0], source="phone"), Audited(model), norms) is None
    verdict = decide_verdict(norms, result.families, open_hard=0)
    assert "never: no probe of empty lay where it speaks" in verdict.reasons


def test_an_agreement_is_asked_about_its_own_comparisons_alone() -> None:
    model = text_draft().model
    told = [Comparison(conversation(f"q{n}", "Until six."), conversation(f"q{n}", "No " * n)) for n in (1, 2, 3)]
    one = Norm(
        "one", NormKind.AGREEMENT, True, 3, 1.0, 0.5, ("pairs",), "why", "me",
        comparisons=(("desk", told[0]), ("phone", told[1])),
    )  # fmt: skip
    norms = [one, replace(one, id="other", comparisons=(("desk", told[2]),))]
    material = material_of(model, norms, [told[0].chosen])
    result = audit_chunk(model, norms, seed("pairs"), 9, material)
    assert {each.norm: each.asked for each in result.families} == {"one": 6, "other": 3}
    assert result.asked == len(result.findings) == 9  # rewards never differ by all of 1
    assert {(each.norm, each.source) for each in result.findings} == {
        ("one", "desk"), ("one", "phone"), ("other", "desk"),
    }  # fmt: skip
    assert result.findings[0].offender in [comparison.rejected for comparison in told]
    assert verify(result.findings[0], Audited(model), norms) is not None
    assert audit_chunk(model, norms, seed("pairs"), 9, material_of(model, [], [told[0].chosen])).asked == 0


def test_a_comparison_of_what_is_not_a_number_is_a_hard_finding_and_none_of_a_soft_agreement() -> None:
    sound, told = text_draft().model, Comparison(conversation("q", "Until six."), conversation("q", "No."))
    expertness = copy.deepcopy(sound.expertness)
    next(iter(expertness.parameters())).data.fill_(math.nan)
    model = RewardModel(sound.encoder, expertness, sound.mapping, sound.spaces, sound.support)
    soft = Norm("soft", NormKind.AGREEMENT, False, 3, 0.0, 1.0, ("pairs",), "why", "me", comparisons=(("", told),))
    result = audit_chunk(model, [soft], seed("pairs"), 9, material_of(model, [soft], [told.chosen]))
    held = verified(result, Audited(model), [soft])
    assert [(one.norm, one.hard) for one in held.findings] == [(NUMBER.id, True)] * 9
    assert {one.norm: (one.asked, one.spoken, one.broken) for one in held.families} == {
        "soft": (9, 0, 0), NUMBER.id: (9, 9, 9),
    }  # fmt: skip
    verdict = decide_verdict([soft], held.families, open_hard=sum(one.hard for one in held.findings))
    assert "9 open findings of hard norms" in verdict.reasons


def test_a_predicate_finds_and_verifies_in_a_process_of_its_own() -> None:
    model = text_draft().model
    shown = [conversation("How much?", "Take 400 mg. Then rest."), conversation("Hurts?", "Rest. And sleep.")]
    predicate = predicate_of("tests.iirl_core.norm.predicate.judging:no_doses", 60.0)
    norm = Norm(
        "no-doses", NormKind.PREDICATE, True, 3, 0.0, 0.05, ("padding",), "why", "me", predicate=predicate
    )  # fmt: skip
    result = audit_chunk(model, [norm], seed("padding"), 6, material_of(model, [norm], shown))
    assert [(each.asked, each.spoken, each.broken) for each in result.families] == [(6, 3, 3)]
    again = verify(result.findings[0], Audited(model), [norm])
    assert again is not None
    assert again.excess == pytest.approx(result.findings[0].rewards[-1], abs=1e-5)
