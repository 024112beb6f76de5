from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from iirl_core.audit import audit_chunk
from iirl_core.audit.part import part_from_bytes, part_to_bytes
from iirl_core.audit.unshown import KINDS, SAMPLE, Stranger, Strangers, kinds_of
from iirl_core.demonstration import conversation
from iirl_core.probe import Probe, material_of
from tests.iirl_core.probe.samples import off_arc, planar, seed


def strangers(count: int, family: str, place: float, text: str) -> Strangers:
    rng = np.random.default_rng(len(family))
    probes = [Probe((conversation(f"{text} {n}", "?"),), family, f"{family}/1.0.{n}", "") for n in range(count)]
    points = rng.normal(place, 0.1, (count, 3)).astype(np.float32)
    return Strangers(count, tuple(Stranger.of(probe, point) for probe, point in zip(probes, points, strict=True)))


def test_what_no_demonstration_shows_falls_into_kinds_the_largest_first_with_one_that_is_like_them() -> None:
    children = strangers(60, "careless", 5.0, "My child swallowed")
    parking = strangers(20, "mismatch", -5.0, "Where may I park")
    kinds = kinds_of(Strangers.merge([children, parking]))
    assert len(kinds) <= KINDS
    assert sum(kind.questions for kind in kinds) == 80
    assert {kind.text.rsplit(" ", 1)[0] for kind in kinds if kind.families == ("careless",)} == {"My child swallowed"}
    assert {kind.text.rsplit(" ", 1)[0] for kind in kinds if kind.families == ("mismatch",)} == {"Where may I park"}
    assert [kind.questions for kind in kinds] == sorted((kind.questions for kind in kinds), reverse=True)
    assert "(about" in str(kinds[0])
    assert kinds_of(Strangers()) == ()


def test_what_lies_very_far_from_the_rest_is_a_kind_of_its_own_and_costs_no_others() -> None:
    points = [[1e6], [5.0], [5.001], [5.002], [5.003], [5.004]]
    sample = tuple(Stranger(n / 6, "far", tuple(point), f"state {n}") for n, point in enumerate(points))
    kinds = kinds_of(Strangers(6, sample))
    assert sum(kind.questions for kind in kinds) == 6
    assert [kind.questions for kind in kinds if kind.text == "state 0"] == [1]


def test_fewer_places_than_kinds_are_a_kind_each() -> None:
    sample = tuple(Stranger(n / 9, "far", (float(n % 2),), f"state {n % 2}") for n in range(9))
    assert [(kind.questions, kind.text) for kind in kinds_of(Strangers(9, sample))] == [(5, "state 0"), (4, "state 1")]


def test_the_sample_is_bounded_and_the_same_in_whatever_order_chunks_arrive() -> None:
    parts = [strangers(90, family, 1.0, "Hello") for family in ("a", "bb", "ccc", "dddd")]
    merged = Strangers.merge(parts)
    assert (merged.count, len(merged.sample)) == (360, SAMPLE)
    random.Random(0).shuffle(parts)
    assert Strangers.merge([Strangers.merge(parts[:2]), Strangers.merge(parts[2:])]) == merged
    assert abs(sum(kind.questions for kind in kinds_of(merged)) - 360) <= KINDS


def test_an_audit_of_states_tells_where_nobody_walked() -> None:
    model, _, train = planar()
    material = material_of(model, [off_arc()], train)
    far = audit_chunk(model, [off_arc()], seed("uniform"), 200, material)
    assert 0 < far.strangers.count < 200
    assert all(kind.text.startswith("state (") for kind in kinds_of(far.strangers))
    near = audit_chunk(model, [replace(off_arc(), families=("perturbed",))], seed("perturbed"), 200, material)
    assert near.strangers.count < far.strangers.count, "noise around walks leads less far"
    assert part_from_bytes(part_to_bytes(far)).strangers == far.strangers
