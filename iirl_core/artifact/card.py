"""The model card, ``README.md``: what a reader needs to know before using the rewards, all of it from the manifest."""

from __future__ import annotations

from iirl_core.artifact.manifest import Manifest
from iirl_core.artifact.provenance import Mode, Supervision
from iirl_core.canonical import JsonValue
from iirl_core.patch.repairs import counted

_MODES = {
    Mode.STRICT: "Fixed data only: no environment was run, no policy was sampled or updated.",
    Mode.FROZEN_POLICY: "Answers were sampled once from fixed policies; none was updated.",
    Mode.POLICY_ADAPTIVE: "Samples of a moving policy were used.",
}
_SUPERVISION = {
    Supervision.DEMONSTRATIONS_ONLY: "Demonstrations only: no comparison, no labelled negative, no choice of models.",
    Supervision.WEAK: "Weak: labelled or chosen negatives told bad from good.",
    Supervision.PREFERENCE: "Preference: it was trained on comparisons.",
}

_ALIVE = {
    (False, "ignored"): "Rewards are ≥ 0, so staying alive pays.",
    (True, "ignored"): "An episode's reward does not depend on when it ends; the sum of its steps' rewards does.",
    (True, "absorbing"): "An episode that ends by itself is charged for the steps it lacks, so staying alive pays.",
}
"""By whether whole episodes are scored, and the treatment of terminal states."""


def card_of(manifest: Manifest) -> str:
    """Markdown. It names no digest of its own, being part of what the digest covers."""
    scored = "the assistant's last turn" if manifest.kind == "conversation" else "every step of a trajectory"
    if manifest.whole_episodes:
        scored = "a trajectory as a whole (a step's reward is its credit for that)"
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        f"A reward model for {manifest.kind} data: it scores {scored}, in [0, 1].",
        "",
        f"- **Learnt**: mode *{manifest.mode}*. {_MODES[manifest.mode]}",
        f"- **Supervision**: *{manifest.supervision}*. {_SUPERVISION[manifest.supervision]}"
        + (" A person labelled findings that became repairs." if manifest.human else ""),
        f"- **Parent**: {manifest.parent or 'none, a root'}.",
        f"- **Repairs**: {_repairs(manifest)} enabled; what the weights alone give is the *unpatched* reward.",
        f"- **Guard set**: {manifest.guard.rows} held-out rows whose reward repairs must keep.",
        f"- **Expertness**: {manifest.expertness.get('family')}{_combined(manifest)};"
        f" **map**: {manifest.calibration.mapping['kind']}.",
    ]
    if manifest.forgotten is not None:
        lines.append(f"- **Forgotten**: {manifest.forgotten}.")
    if manifest.classifier is not None:
        lines.append(_classifier(manifest, manifest.classifier))
    if manifest.terminal is not None:
        lines.append(
            f"- **Terminal states**: {manifest.terminal}. {_ALIVE[manifest.whole_episodes, manifest.terminal]}"
        )
    lines += ["", "## Corpora", "", "| name | role | digest |", "| --- | --- | --- |"]
    lines += [f"| {corpus.name} | {corpus.role} | `{corpus.digest}` |" for corpus in manifest.corpora]
    if manifest.metrics:
        lines += ["", "## Metrics", "", "| metric | value |", "| --- | --- |"]
        lines += [f"| {name} | {value:.6g} |" for name, value in sorted(manifest.metrics.items())]
    lines += [
        "",
        "## Use",
        "",
        "```python",
        "from iirl_core import load",
        'load("this folder").read([…])',
        "```",
        "",
        "Rewards are what was learnt from these demonstrations, corrected where an audit found flaws. They say",
        "nothing of inputs far from both: look at the uncertainty, and serve only under a release.",
        "",
    ]
    return "\n".join(lines)


def _combined(manifest: Manifest) -> str:
    """What the members' signals come to, where that is not their mean."""
    match manifest.expertness.get("combine", "mean"):
        case "mean":
            return ""
        case {"penalty": penalty}:
            return f", its members combined by their mean less {penalty} times their variance"
        case way:
            return f", its members combined by their {way}"


def _repairs(manifest: Manifest) -> str:
    return counted(manifest.repairs) or "none"


def _classifier(manifest: Manifest, said: dict[str, JsonValue]) -> str:
    if not manifest.has_classifier:
        return f"- **Classifier**: none: {said.get('why')}."
    repaired = any(manifest.repairs.values())
    alike = manifest.encoder.get("truncation") == "left"  # what is too long is cut as the tokenizer cuts it
    kept = "" if alike else " Beyond that iirl keeps the start of an answer that is too long."
    patched = f"none of the artifact's repairs ({_repairs(manifest)}) is in it" if repaired else "there are no repairs"
    return (
        f"- **Classifier**: `{said['folder']}/` for `AutoModelForSequenceClassification` of transformers. It gives the"
        f" *unpatched signal*: a number without bounds, not the reward; {patched}. Render with"
        " `apply_chat_template(messages, tokenize=False)`, which keeps messages from forging turns, then tokenise the"
        f" text with `truncation=True`.{kept}"
    )
