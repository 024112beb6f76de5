from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.config.governance import ReviewSection
from iirl_core.errors import InputError
from iirl_core.triage import clusters_of
from tests.iirl_core.triage.found import finding, places

SECTION = ReviewSection()


def test_a_cluster_holds_findings_of_one_norm_alone() -> None:
    found = [finding(0, "a"), finding(1, "b"), finding(2, "a"), finding(3, "b")]
    clusters = clusters_of(found, places(np.zeros((4, 2))), {"a": 100, "b": 100}, SECTION)
    assert {cluster.norm: cluster.findings for cluster in clusters} == {
        "a": (found[0].id, found[2].id),
        "b": (found[1].id, found[3].id),
    }


def test_severe_frequent_and_uncertain_clusters_come_first() -> None:
    found = [finding(n, "mild", severity=1) for n in range(3)] + [finding(n, "grave", severity=5) for n in range(3, 6)]
    spoken = {"mild": 100, "grave": 100}
    near = np.zeros((6, 2))
    assert [cluster.norm for cluster in clusters_of(found, places(near), spoken, SECTION)] == ["grave", "mild"]
    often = clusters_of(found, places(near), {"mild": 3, "grave": 100}, SECTION)
    assert [cluster.norm for cluster in often] == ["mild", "grave"]
    unsure = clusters_of(found, places(near, [1, 1, 1, 0.1, 0.1, 0.1]), spoken, SECTION)
    assert [cluster.norm for cluster in unsure] == ["mild", "grave"]


def test_a_norms_weight_counts_as_its_severity_does() -> None:
    found = [finding(0, "light", severity=4), replace(finding(1, "heavy", severity=2), weight=3.0)]
    clusters = clusters_of(found, places(np.zeros((2, 2))), {"light": 10, "heavy": 10}, SECTION)
    assert [(one.norm, one.severity) for one in clusters] == [("heavy", 6), ("light", 4)]


def test_exposure_is_the_share_of_the_probes_that_the_norm_spoke_of() -> None:
    (cluster,) = clusters_of([finding(n) for n in range(4)], places(np.zeros((4, 2))), {"n": 200}, SECTION)
    assert (cluster.severity, cluster.exposure, cluster.uncertainty) == (3, 0.02, 0.5)
    assert cluster.worth == pytest.approx(3 * 0.02 * 0.5)


def test_the_same_findings_give_the_same_clusters_with_the_same_names() -> None:
    rng = np.random.default_rng(0)
    found, rows = [finding(n) for n in range(300)], rng.normal(size=(300, 4))
    first = clusters_of(found, places(rows), {"n": 1000}, SECTION)
    assert first == clusters_of(found, places(rows), {"n": 1000}, SECTION)
    assert sorted(name for cluster in first for name in cluster.findings) == sorted(one.id for one in found)
    assert all(set(cluster.representatives) <= set(cluster.findings) for cluster in first)
    assert len({cluster.id for cluster in first}) == len(first)


def test_places_of_other_findings_are_refused() -> None:
    with pytest.raises(InputError, match="3 places for 2 findings"):
        clusters_of([finding(0), finding(1)], places(np.zeros((3, 2))), {}, SECTION)
