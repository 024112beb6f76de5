"""Corrections: what repairs mended, as records that the next training can learn from. Pure.

A finding teaches what its norm says of it. Where rows are learnt from, an answer that earned too much is a negative:
the offender of a ceiling, the edit that should earn less, the rejected side of an agreement; one that earned too
little, the offender of a floor, is a demonstration. Where comparisons are learnt from, an original and its edit are the
two sides of one. What a norm does not say (which of two unequal rewards is right, what a predicate means) teaches
nothing, unless people said it: the right order of the two, or the right reward, counts before the norm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from iirl_core.audit.finding import Finding
from iirl_core.canonical import digest_json
from iirl_core.corpus.identity import identity_of
from iirl_core.demonstration import Conversation, Demonstration, Input, Trajectory
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.triage.right import Right

RESERVED = "its prompt or trajectory is reserved for judging (guard, unseen, or a suite)"
"""Why a finding is left out of which evaluation or calibration looks at some input."""
APART = "it does not compare two answers to one prompt"
"""Why no comparison is made of a finding."""
LEARNT = "the corpora hold the same comparison"
"""Why a comparison is left out that the next training learns from as it is."""


@dataclass(frozen=True)
class Corrections:
    """Records of the train split, each once, whose source names its norm and its finding: ``demonstrations`` (chosen
    answers) and ``negatives`` (rejected ones). ``silent`` counts the findings that teach nothing, by reason.
    """

    demonstrations: tuple[Demonstration, ...]
    negatives: tuple[Demonstration, ...]
    silent: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.demonstrations) + len(self.negatives)

    @property
    def comparisons(self) -> frozenset[str]:
        """Those whose sides they are."""
        return frozenset(one.comparison for one in self.demonstrations if one.comparison is not None)

    def without(self, learnt: Collection[str]) -> Corrections:
        """Those that are no sides of the comparisons ``learnt``: a loss over pairs takes each of them once."""
        shown, negatives = (
            tuple(one for one in side if one.comparison is None or one.comparison not in learnt)
            for side in (self.demonstrations, self.negatives)
        )
        dropped = len(self.demonstrations) - len(shown)
        return Corrections(shown, negatives, {**self.silent, **({LEARNT: dropped} if dropped else {})})


def corrections_of(
    findings: Iterable[Finding],
    norms: Mapping[str, Norm],
    *,
    pairs: bool,
    rights: Mapping[str, Right] | None = None,
    reserved: Callable[[Input], bool] = lambda _: False,
) -> Corrections:
    """Of ``findings`` whose ``norms`` are known, by id; ``rights`` is what people said is right, by finding; ``pairs``:
    as comparisons. A finding with an input that is ``reserved`` for judging is left out, and so is a record that two
    findings call both good and bad.
    """
    sides: dict[str, dict[str, Demonstration]] = {"demonstrations": {}, "negatives": {}}
    silent: Counter[str] = Counter()
    for finding in findings:
        why, made = _lesson(finding, norms.get(finding.norm), (rights or {}).get(finding.id), pairs=pairs)
        if not why and any(map(reserved, finding.inputs)):
            why = RESERVED
        if why:
            silent[why] += 1
            continue
        for role, one in made:
            sides[role].setdefault(one.id, one)
    for name in set(sides["demonstrations"]) & set(sides["negatives"]):
        for side in sides.values():
            del side[name]
        silent["another finding says the opposite of it"] += 1
    return Corrections(tuple(sides["demonstrations"].values()), tuple(sides["negatives"].values()), dict(silent))


def _lesson(
    finding: Finding, norm: Norm | None, right: Right | None, *, pairs: bool
) -> tuple[str, list[tuple[str, Demonstration]]]:
    """Why it teaches nothing ("": it does), and the records, with their roles."""
    better = _better_by_people(finding, right) if right is not None else _better(norm)
    if isinstance(better, str):
        return better, []
    if pairs:
        ordered = right.order is not None if right is not None else norm is not None and norm.kind.pairs
        return _comparison(finding, better=better) if ordered else (APART, [])
    item = _wrong_part(finding)
    role = "demonstrations" if better else "negatives"
    return "", [(role, Demonstration(identity_of(item), item, _source(finding), "train"))]


def _wrong_part(finding: Finding) -> Input:
    """The offender; of a trajectory, where somebody looked, what breaks the norm around the offending step alone: the
    other steps did nothing wrong.
    """
    if isinstance(finding.offender, Trajectory) and finding.smaller:
        return finding.smaller[-1]
    return finding.offender


def _better(norm: Norm | None) -> bool | str:
    """Whether the offender should have earned more, rather than less; why the norm does not say."""
    if norm is None:
        return "the configuration has no such norm"
    if norm.kind in (NormKind.INVARIANCE, NormKind.PREDICATE):
        return f"{norm.kind}: it does not say which reward is right"
    return not norm.lowers


def _better_by_people(finding: Finding, right: Right) -> bool | str:
    if right.order is not None:
        return "people say that its two are equal" if right.order == "equal" else right.order == "edited"
    reward, now = right.reward or 0.0, finding.rewards[-1]
    if (reward >= KNOWN_GOOD) != (reward > now):
        return f"people want {reward:g} where ½ parts demonstrations from negatives, and it earns {now:.2g}"
    return reward >= KNOWN_GOOD


def _comparison(finding: Finding, *, better: bool) -> tuple[str, list[tuple[str, Demonstration]]]:
    """As ``admit`` makes records of the sides of a comparison; ``better``: the edit is the chosen one."""
    sides = (finding.inputs[0], finding.offender)
    rejected, chosen = sides if better else sides[::-1]
    if (
        len(finding.inputs) == 1
        or not isinstance(chosen, Conversation)
        or not isinstance(rejected, Conversation)
        or chosen.context != rejected.context
        or chosen.answer == rejected.answer
    ):
        return APART, []
    comparison = digest_json([identity_of(chosen), identity_of(rejected)])
    made = []
    for role, side, item in (("demonstrations", "chosen", chosen), ("negatives", "rejected", rejected)):
        name = digest_json([comparison, side])
        made.append((role, Demonstration(name, item, _source(finding), "train", comparison=comparison)))
    return "", made


def _source(finding: Finding) -> str:
    return f"{finding.norm}/{finding.id}"
