"""An Audit: all that was found about one digest in one round, and the verdict. A document that an auditor signs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from iirl_core.audit.cell import Cell, cell_document, cell_from
from iirl_core.audit.example import Example
from iirl_core.audit.family_result import FamilyResult
from iirl_core.audit.steering import Choice, choice_document, choice_from
from iirl_core.audit.tampering import Movement
from iirl_core.audit.unshown import Unshown
from iirl_core.audit.verdict import Verdict
from iirl_core.canonical import Digest, JsonValue, canonical_json
from iirl_core.errors import ArtifactError


@dataclass(frozen=True)
class Audit:
    """``norms`` is the digest of the rules that were checked; ``probes`` were asked, ``findings`` verified and
    ``refuted`` not; all findings are in ``parts`` (files and their digests), the worst, ``kept``, in ``findings_file``
    as well; ``open_hard`` of them are open findings of hard norms; ``histogram [20]`` counts the probes' rewards in
    equal bins of [0, 1]; ``cells`` is the technique × situation matrix, and ``examples`` show what the situations are;
    ``movements`` are those of the reward with what cannot matter; ``choices`` are where the blue team sent probes.
    ``unshown`` are kinds of situation that were asked about and no demonstration shows; families that are ``held_out``
    find nothing that is repaired. ``unplaced`` rows of what was asked are not numbers, and cover nothing.
    Where ``moving`` probes are samples of moving policies, the audit is *policy-adaptive*, whatever the artifact is.
    """

    digest: Digest
    round: int
    seed: int
    norms: Digest
    probes: int
    families: tuple[FamilyResult, ...]
    findings: int
    refuted: int
    kept: int
    open_hard: int
    findings_file: Digest
    coverage_file: Digest
    histogram: tuple[int, ...]
    parts: tuple[tuple[str, Digest], ...]
    verdict: Verdict
    cells: tuple[Cell, ...] = ()
    examples: tuple[Example, ...] = ()
    movements: tuple[Movement, ...] = ()
    choices: tuple[Choice, ...] = ()
    moving: int = 0
    unshown: tuple[Unshown, ...] = ()
    held_out: tuple[str, ...] = ()
    unplaced: int = 0

    def broken_by(self, families: Collection[str]) -> tuple[int, int]:
        """How many questions of these families broke a norm, and how many count."""
        told = [result for result in self.families if result.family in families and not result.steered]
        return sum(result.broken for result in told), sum(result.judged for result in told)

    def document(self) -> dict[str, JsonValue]:
        """As JSON; ``parse`` is its inverse. Upper bounds are written along, for readers."""
        return {
            "digest": self.digest,
            "round": self.round,
            "seed": self.seed,
            "norms": self.norms,
            "probes": self.probes,
            "moving": self.moving,
            "unplaced": self.unplaced,
            "families": [
                {
                    "family": result.family,
                    "norm": result.norm,
                    "asked": result.asked,
                    "spoken": result.spoken,
                    "broken": result.broken,
                    "steered": result.steered,
                    "upper": result.upper,
                }
                for result in self.families
            ],
            "cells": [cell_document(one) for one in self.cells],
            "examples": [[one.situation, one.apart, one.text] for one in self.examples],
            "movements": [[one.check, one.asked, one.moved] for one in self.movements],
            "choices": [choice_document(one) for one in self.choices],
            "unshown": [[one.questions, list(one.families), one.text] for one in self.unshown],
            "held_out": list(self.held_out),
            "findings": self.findings,
            "refuted": self.refuted,
            "kept": self.kept,
            "open_hard": self.open_hard,
            "findings_file": self.findings_file,
            "coverage_file": self.coverage_file,
            "histogram": list(self.histogram),
            "parts": dict(self.parts),
            "passed": self.verdict.passed,
            "reasons": list(self.verdict.reasons),
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal audits have equal bytes."""
        return canonical_json(self.document())

    @classmethod
    def parse(cls, document: object) -> Audit:
        """From what ``document`` gave, decoded from JSON.

        Raises:
            ArtifactError: a field is missing or of another type.
        """
        if not isinstance(document, Mapping):
            raise ArtifactError(f"an audit of type {type(document).__name__}", "a JSON object")
        try:
            return cls(
                digest=Digest(str(document["digest"])),
                round=int(document["round"]),
                seed=int(document["seed"]),
                norms=Digest(str(document["norms"])),
                probes=int(document["probes"]),
                families=tuple(_family_result(result) for result in document["families"]),
                findings=int(document["findings"]),
                refuted=int(document["refuted"]),
                kept=int(document["kept"]),
                open_hard=int(document["open_hard"]),
                findings_file=Digest(str(document["findings_file"])),
                coverage_file=Digest(str(document["coverage_file"])),
                histogram=tuple(int(bar) for bar in document["histogram"]),
                parts=tuple((str(name), Digest(str(digest))) for name, digest in sorted(document["parts"].items())),
                cells=tuple(map(cell_from, document.get("cells", ()))),
                examples=tuple(Example(int(s), float(d), str(t)) for s, d, t in document.get("examples", ())),
                movements=tuple(Movement(str(c), int(n), float(m)) for c, n, m in document.get("movements", ())),
                choices=tuple(map(choice_from, document.get("choices", ()))),
                moving=int(document.get("moving", 0)),
                unplaced=int(document.get("unplaced", 0)),
                unshown=tuple(
                    Unshown(int(n), tuple(map(str, families)), str(text))
                    for n, families, text in document.get("unshown", ())
                ),
                held_out=tuple(map(str, document.get("held_out", ()))),
                verdict=Verdict(bool(document["passed"]), tuple(str(reason) for reason in document["reasons"])),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"an audit that cannot be read ({type(error).__name__}: {error})") from error


def _family_result(document: Mapping[str, JsonValue]) -> FamilyResult:
    asked, spoken, broken = (int(str(document[key])) for key in ("asked", "spoken", "broken"))
    steered = bool(document.get("steered", False))
    return FamilyResult(str(document["family"]), str(document["norm"]), asked, spoken, broken, steered)
