from __future__ import annotations

import json
from dataclasses import replace

import pytest

from iirl_core.audit import Audit, FamilyResult, Verdict, decide_verdict, upper_bound
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import ArtifactError, InputError
from iirl_core.norm import Norm, NormKind

NORM = Norm("n", NormKind.CEILING, True, 3, 0.1, 0.01, ("far", "uniform"), "why", "me")
CLEAN = (FamilyResult("far", "n", 1000, 900, 0), FamilyResult("uniform", "n", 1000, 400, 0))


def test_the_bound_is_clopper_and_pearsons() -> None:
    assert upper_bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    # Hand-checked: P(X ≤ 2 | n = 20, p) = 0.05 at p = 0.28262.
    assert upper_bound(2, 20) == pytest.approx(0.28262, abs=1e-5)
    assert upper_bound(0, 0) == upper_bound(5, 5) == 1.0


def test_nothing_found_in_enough_probes_passes() -> None:
    assert decide_verdict([NORM], CLEAN, open_hard=0) == Verdict(True)


def test_one_open_finding_of_a_hard_norm_fails() -> None:
    verdict = decide_verdict([NORM], CLEAN, open_hard=1)
    assert not verdict.passed
    assert verdict.reasons == ("1 open findings of hard norms",)


def test_too_few_probes_prove_nothing() -> None:
    few = (FamilyResult("far", "n", 100, 100, 0), CLEAN[1])
    (reason,) = decide_verdict([NORM], few, open_hard=0).reasons
    assert "far found 0 of 100" in reason
    assert "2.95%" in reason


def test_only_probes_of_which_the_norm_speaks_prove_anything() -> None:
    result = FamilyResult("far", "n", 10_000, 100, 0)
    assert result.upper == upper_bound(0, 100)
    (reason,) = decide_verdict([NORM], (result, CLEAN[1]), open_hard=0).reasons
    assert "far found 0 of 100" in reason


def test_an_answer_that_a_norm_says_nothing_of_was_chosen_instead_of_one_that_breaks_it() -> None:
    chosen = Norm("n", NormKind.CEILING, True, 3, 0.1, 0.05, ("best_of_n",), "why", "me")
    assert FamilyResult("best_of_n", "n", 100, 1, 0).upper == upper_bound(0, 100)
    assert decide_verdict([chosen], [FamilyResult("best_of_n", "n", 100, 0, 0)], open_hard=0).passed
    (reason,) = decide_verdict([chosen], [FamilyResult("best_of_n", "n", 100, 9, 9)], open_hard=9).reasons[1:]
    assert "best_of_n found 9 of 100" in reason
    assert decide_verdict([chosen], [FamilyResult("best_of_n", "n", 0, 0, 0)], open_hard=0).reasons


def test_a_soft_norm_tolerates_a_rate_up_to_its_limit() -> None:
    soft = Norm("n", NormKind.CEILING, False, 3, 0.1, 0.05, ("far",), "why", "me")
    assert decide_verdict([soft], [FamilyResult("far", "n", 1000, 1000, 30)], open_hard=0).passed
    assert not decide_verdict([soft], [FamilyResult("far", "n", 1000, 1000, 45)], open_hard=0).passed


def test_a_former_finding_may_say_nothing() -> None:
    former = FamilyResult("former", "n", 3, 0, 0)
    assert decide_verdict([NORM], (*CLEAN, former), open_hard=0).passed


def test_a_family_that_asked_nothing_or_of_which_the_norm_never_spoke_fails() -> None:
    assert decide_verdict([NORM], CLEAN[:1], open_hard=0).reasons == ("n: uniform asked nothing",)
    silent = (FamilyResult("far", "n", 1000, 0, 0), CLEAN[1])
    assert decide_verdict([NORM], silent, open_hard=0).reasons == ("n: no probe of far lay where it speaks",)


def test_counts_must_fall() -> None:
    for asked, spoken, broken in ((1, 2, 0), (2, 1, 2), (1, 1, -1)):
        with pytest.raises(InputError):
            FamilyResult("far", "n", asked, spoken, broken)


def test_an_audit_survives_its_document() -> None:
    zero = digest_bytes(b"")
    audit = Audit(
        digest=Digest(zero),
        round=2,
        seed=7,
        norms=zero,
        probes=2000,
        families=CLEAN,
        findings=3,
        refuted=4,
        kept=2,
        open_hard=1,
        findings_file=zero,
        coverage_file=zero,
        histogram=(1,) * 20,
        parts=(("parts-0/000000.parquet", zero),),
        verdict=Verdict(False, ("because",)),
    )
    assert Audit.parse(json.loads(audit.to_bytes())) == audit
    document = json.loads(audit.to_bytes())
    del document["families"][0]["spoken"]
    with pytest.raises(ArtifactError, match="spoken"):
        Audit.parse(document)
    with pytest.raises(ArtifactError):
        Audit.parse([])


def test_what_deployment_gave_is_no_sample_and_nothing_has_to_be_there() -> None:
    norm = replace(NORM, families=("observed",))
    assert decide_verdict([norm], [], open_hard=0).passed
    assert decide_verdict([norm], [FamilyResult("observed", "n", 3, 3, 0)], open_hard=0).passed
    assert not decide_verdict([norm], [FamilyResult("observed", "n", 3, 3, 1)], open_hard=1).passed
