"""``iirl verify``: prove an artifact, its statements, its releases and the log, line by line."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from iirl_core.release import resolve
from iirl_core.signing import Trust
from iirl_core.store import Store
from jobs.console import answering
from jobs.outcome import Outcome
from jobs.proof import Check, prove


def run(
    store: Store, reference: str, keys: Path, *, trust_remote_code: bool = False, console: Console | None = None
) -> Outcome:
    """Print one line per check; not passed where one does not hold. ``keys`` says whom to believe.

    Raises:
        NotFound: the reference means nothing here.
        InputError: it is no reference.
        ConfigError: there are no public keys in ``keys``.
    """
    console = console or answering()
    trust = Trust.from_folder(keys)
    digest = resolve(store, reference)
    name, at, channel = reference.partition("@")
    checks = []
    for check in prove(store, digest, (name, channel) if at else None, trust, trust_remote_code=trust_remote_code):
        console.print(line_of(check))
        checks.append(check)
    failed = [check for check in checks if check.problem]
    if failed:
        made = f"{len(failed)} of {len(checks)} checks of {reference} failed: {', '.join(one.name for one in failed)}"
        return Outcome(made, digest, "Do not serve it", passed=False)
    return Outcome(f"all {len(checks)} checks of {reference} hold", digest, f"iirl show {reference}")


def line_of(check: Check) -> Text:
    """``ok`` or ``FAILED``, what was checked, and what was found."""
    word = Text("FAILED  ", "bold red") if check.problem else Text("ok      ", "green")
    return word.append(f"{check.name}: {check.problem or check.note}", "default")
