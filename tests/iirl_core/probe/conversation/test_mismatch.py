from __future__ import annotations

from iirl_core.probe import FAMILIES, Material
from tests.iirl_core.probe.conversation.samples import GOOD, SOURCES, material, seed, texts

SOURCE_OF = {item.answer: source for item, source in zip(GOOD, SOURCES, strict=True)}


def test_a_demonstrations_request_with_an_answer_of_another_source() -> None:
    probes = FAMILIES["mismatch"].probes(seed("mismatch"), 60, material())
    assert len(probes) > 55
    for probe in probes:
        original, edited = texts(probe)
        assert SOURCE_OF[original] != SOURCE_OF[edited]
        assert probe.inputs[0].context == probe.inputs[1].context  # type: ignore[union-attr]
        assert probe.note == f"answer of {SOURCE_OF[edited]}"


def test_with_one_source_or_none_named_another_answer_will_do() -> None:
    for sources in ((), ("all",) * len(GOOD)):
        probes = FAMILIES["mismatch"].probes(seed("mismatch"), 30, Material(GOOD, sources=sources))
        assert len(probes) > 25
        assert all(texts(probe)[0] != texts(probe)[1] for probe in probes)


def test_one_demonstration_has_no_other_answer() -> None:
    assert FAMILIES["mismatch"].probes(seed("mismatch"), 5, Material(GOOD[:1])) == []
