"""An Evaluation: all figures of one artifact, as JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from iirl_core.canonical import Digest, JsonValue, canonical_json
from iirl_core.errors import Tampered
from iirl_core.evaluation.estimate import Estimate

SCHEMA = "iirl.evaluation/3"
FORMER = "iirl.evaluation/2"
"""Read, too: it says nothing of what was left out, for nothing was."""


@dataclass(frozen=True)
class SuiteFacts:
    """What a suite of files held: ``files`` by name, with their digests; ``rows`` that were used, their ``answers`` and
    different ``prompts``; ``quarantined`` rows, with the first ``reasons``; ``equal`` rows in which a wrong answer is
    the same text as a right one; ``contaminated`` prompts that were in a train split of the artifact's corpora (None:
    such a corpus is gone, so nobody knows); ``golden`` says where golden scores came from.
    """

    kind: str
    name: str
    files: Mapping[str, Digest]
    rows: int
    answers: int
    prompts: int
    quarantined: int
    reasons: tuple[str, ...]
    equal: int
    contaminated: int | None
    golden: str = ""


@dataclass(frozen=True)
class Evaluation:
    """``digest`` and ``root`` are the artifact's and that of the last training behind it; ``corpora`` the digests of
    what was read, by name; ``counts`` the records per corpus, as scored and as there are in its unseen split;
    ``suites`` what files were asked about beside them. ``left_out`` says how many records of each corpus were read and
    not scored, because their prompt, case and white space aside, was in a train split of the artifact's corpora (None:
    by a version that did not look); ``corpora_gone``: one of these is not in the store, so that there may be more.
    """

    digest: Digest
    root: Digest
    corpora: Mapping[str, Digest]
    counts: Mapping[str, tuple[int, int]]
    bootstrap: int
    estimates: tuple[Estimate, ...]
    suites: tuple[SuiteFacts, ...] = ()
    left_out: Mapping[str, int] | None = field(default_factory=dict)
    corpora_gone: bool = False

    def left_out_of(self) -> tuple[tuple[str, int, int], ...]:
        """Each corpus, how many records of it were left out, and of how many that were read."""
        counts = self.left_out or {}
        return tuple((name, count, self.counts[name][0] + count) for name, count in counts.items())

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {
            "schema": SCHEMA,
            "digest": self.digest,
            "root": self.root,
            "corpora": dict(self.corpora),
            "counts": {name: [read, there] for name, (read, there) in self.counts.items()},
            "bootstrap": self.bootstrap,
            "estimates": [asdict(estimate) for estimate in self.estimates],
            "suites": [asdict(suite) for suite in self.suites],
            "left_out": None if self.left_out is None else dict(self.left_out),
            "corpora_gone": self.corpora_gone,
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON: the same artifact and data give the same bytes."""
        return canonical_json(self.document()) + b"\n"

    def estimate(self, name: str) -> Estimate | None:
        """One figure, None where the data did not allow it."""
        return next((estimate for estimate in self.estimates if estimate.name == name), None)


def parse_evaluation(data: bytes) -> Evaluation:
    """The inverse of ``to_bytes``, also of the schema before, which left nothing out and did not look.

    Raises:
        Tampered: it is something else.
    """
    try:
        document = json.loads(data)
        schema = document.pop("schema")
        if schema == FORMER:
            document |= {"left_out": None, "corpora_gone": False}
        if schema not in (SCHEMA, FORMER) or set(document) != {each.name for each in fields(Evaluation)}:
            raise ValueError(f"neither an {SCHEMA} nor an {FORMER}")
        counts = {name: (int(read), int(there)) for name, (read, there) in document.pop("counts").items()}
        estimates = tuple(Estimate(**each) for each in document.pop("estimates"))
        suites = tuple(SuiteFacts(reasons=tuple(each.pop("reasons")), **each) for each in document.pop("suites"))
        return Evaluation(counts=counts, estimates=estimates, suites=suites, **document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Tampered(f"an evaluation that cannot be read ({error})", todo="Run: iirl evaluate CONFIG.yaml") from error
