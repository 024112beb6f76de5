"""``iirl why CONFIG --on FINDING``: ask again what an audit asked, and tell what the answer is made of.

The finding's inputs are read again by the artifact that it is about, alone, and judged anew: it holds, or it does not.
Then by the newest artifact of the configuration, so that one sees whether it was repaired, and by which patches.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from iirl_core.artifact import Artifact, load_from
from iirl_core.audit import Finding, answers_of, shrunk
from iirl_core.config import Config
from iirl_core.demonstration import Conversation, Input
from iirl_core.errors import InputError
from iirl_core.norm import Norm, judge, norm_of, norms_of
from iirl_core.release import resolve
from iirl_core.signing import Trust
from iirl_core.store import Store
from jobs.audit.material import measured
from jobs.console import answering
from jobs.history import finding_of, history_of
from jobs.outcome import Outcome

SHOWN = 600
"""Characters of a text."""


def run(store: Store, config: Config, name: str, reference: str | None, *, console: Console | None = None) -> Outcome:
    """Ask about the finding ``name`` again; passed when it still holds for the artifact that it is about.

    Raises:
        InputError: no audit of this artifact or its ancestors has such a finding.
        NotFound: an artifact is gone, or was never audited.
        Tampered, Gated: an artifact, an audit or its findings do not hold.
    """
    console = console or answering()
    digest = resolve(store, reference or config.name)
    history = history_of(store, digest, Trust.from_folder(Path(config.keys)))
    finding = finding_of(history, name)
    if finding is None:
        raise InputError(f"there is no finding {name} about {digest[:19]}", "an id from iirl audit, triage or a report")
    then = load_from(store, finding.digest, trust_remote_code=config.trusts_remote_code)
    norms = measured(store, config, then, norms_of(config))
    norm = norm_of(norms, finding.norm)
    holds = _say(console, finding, then, norm)
    if holds and norm is not None:
        _say_smaller(console, finding, then, norm)
    if digest != finding.digest:
        _say(console, finding, load_from(store, digest, trust_remote_code=config.trusts_remote_code), norm)
    told = "holds" if holds else "does not hold any more"
    return Outcome(f"{name} {told} for {finding.digest[:19]}", finding.digest, passed=holds)


def _say(console: Console, finding: Finding, artifact: Artifact, norm: Norm | None) -> bool:
    """Whether it still breaks its norm; it does not where that is gone."""
    broken = norm and _broken(finding, finding.inputs, artifact, norm)
    excess = broken or "not broken"
    console.print(f"{artifact.manifest.name} {artifact.manifest.version} {artifact.digest[:19]}", markup=False)
    console.print(f"  {finding.norm}: {excess} (found by {finding.origin}: {finding.note})", markup=False)
    for item in finding.inputs:
        try:
            (reading,) = artifact.model.read([item])
        except InputError as error:
            console.print(f"  {_told(item)}\n    no reward: {error}", markup=False)
            continue
        evidence = reading.evidence
        reshaped = f" {'−' if evidence.reshaped < 0 else '+'} {abs(evidence.reshaped):.4f}" if evidence.reshaped else ""
        patches = f", by {', '.join(evidence.patches)}" if evidence.patches else ""
        console.print(f"  {_told(item)}", markup=False)
        console.print(
            f"    reward {reading.reward:.4f} = {evidence.unpatched_reward:.4f} − {evidence.suppressed:.4f} + "
            f"{evidence.boosted:.4f}{reshaped}{patches}; signal {reading.signal:.4g}; uncertainty "
            f"{reading.uncertainty:.2f}",
            markup=False,
        )
    return bool(broken)


def _broken(finding: Finding, inputs: tuple[Input, ...], artifact: Artifact, norm: Norm) -> str | None:
    """By how much ``inputs`` break the norm, and the rewards that say so; None where they do not."""
    answers = answers_of(artifact.model, inputs)
    judged = judge(norm, inputs, answers, finding.source)
    if not judged.broken:
        return None
    rewards = " → ".join(f"{reward:.4f}" for reward in judged.looked_at(answers))
    one_step = judged.whole or all(len(answer) == 1 for answer in answers)
    return f"broken by {judged.excess:.4f}: reward {rewards}{'' if one_step else f' at step {judged.step + 1}'}"


def _say_smaller(console: Console, finding: Finding, artifact: Artifact, norm: Norm) -> None:
    smaller = finding.smaller or shrunk(finding, artifact.model, norm)
    if smaller != finding.inputs:
        told = _broken(finding, smaller, artifact, norm) or "not broken any more"
        console.print(f"  so little breaks it as well ({told}):", markup=False)
        for item in smaller:
            console.print(f"    {_told(item)}", markup=False)


def _told(item: Input) -> str:
    if isinstance(item, Conversation):
        text = " ".join(item.answer.split())
        return f"“{text[:SHOWN]}{'…' if len(text) > SHOWN else ''}”"
    numbers = ", ".join(f"{value:.4g}" for value in item.observations[0].tolist())
    return f"{len(item)} {'step' if len(item) == 1 else 'steps'} from ({numbers})"
