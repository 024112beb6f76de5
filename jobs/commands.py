"""From parsed options to the verb that does the work; each verb is imported only when it is asked for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import yaml

from iirl_core.config import Config, load_config
from iirl_core.errors import ConfigError
from jobs.cli import TRIAGE_ACTS, VERBS

if TYPE_CHECKING:  # torch-free and ray-free start-up
    from cluster.session import Session
    from jobs.console import Progress
    from jobs.outcome import Outcome


EXTRAS = {
    "artifact": "reference",
    "reason": "reason",
    "resume": "resume",
    "revert": "revert",
    "enable": "enable",
    "reorder": "order",
    "reject": "reason",
    "suggestion": "suggestion",
    "source": "sources",
    "id": "ids",
    "ids": "listed",
    "from_scratch": "from_scratch",
}
"""Options that only some verbs have, and what their ``run`` calls them."""


def run_command(options: Namespace) -> int:
    """Dispatch. Returns the exit code."""
    if options.command in VERBS:
        return _run_verb(options)
    from jobs.console import Progress
    from jobs.tools import run_tool

    progress = Progress()
    return _finish(progress, run_tool(options, progress))


def resolve_config(options: Namespace) -> Config:
    """The configuration with ``--set`` and ``--store`` applied.

    Raises:
        ConfigError: as ``load_config``.
    """
    return load_config(Path(options.config), options.set, plain={"store": options.store} if options.store else None)


def _run_verb(options: Namespace) -> int:
    if options.command == "release":
        options.act = _act(options, ("rollback", "revoke"))
        if (options.reason is None) == (options.act == "revoke"):
            raise ConfigError("iirl release", "--reason with revoke, and only there")
    if options.command == "triage":
        options.act = _act(options, tuple(TRIAGE_ACTS))
        options.asked = _asked(options)
    if getattr(options, "budget", None) is not None:
        options.set.append(f"audit.budget={options.budget}")
    config = resolve_config(options)
    if options.dry_run:
        print(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True), end="")
        if options.command == "train":
            from jobs.train.planning import plan_lines

            print("\n".join(f"# {line}".rstrip() for line in plan_lines(config)))  # comments: it stays YAML
        return 0
    from cluster import open_session
    from jobs.console import Progress

    progress = Progress()
    with open_session(config, options.address) as session:
        outcome = _call(options, import_module(f"jobs.{module_of(options)}"), session, config, progress)
    return _finish(progress, outcome)


def module_of(options: Namespace) -> str:
    """Where the verb's work is done."""
    if options.command != "patch":
        return str(options.command)
    asked = [act for act, given in _patch_acts(options).items() if given]
    if len(asked) > 1:
        raise ConfigError(f"iirl patch --{' together with --'.join(asked)}", "one of them")
    if options.suggestion and asked not in (["accept"], ["reject"]):
        raise ConfigError("iirl patch --suggestion", "--accept or --reject with it")
    if not asked:
        return "patch"
    options.act = {"list": "listing", "revert or --enable": "switch"}.get(asked[0], asked[0])
    return "patch.deciding" if options.act in ("accept", "reject") else "repairs"


def _patch_acts(options: Namespace) -> dict[str, bool]:
    """What is asked of patch beside repairing, by option."""
    if options.reject is not None and not options.reject.strip():
        raise ConfigError("iirl patch --reject without a reason", '--reject "why"')
    return {
        "list": options.list,
        "revert or --enable": bool(options.revert or options.enable),
        "reorder": bool(options.reorder),
        "accept": options.accept,
        "reject": options.reject is not None,
    }


def _act(options: Namespace, acts: tuple[str, ...]) -> str:
    """What stands before CONFIG, "run" where nothing does."""
    *before, options.config = options.words
    if before not in ([], *([act] for act in acts)):
        raise ConfigError(
            f"iirl {options.command} {' '.join(options.words)}",
            f"iirl {options.command} CONFIG, or {', '.join(acts[:-1])} or {acts[-1]} before CONFIG",
        )
    return before[0] if before else "run"


def _asked(options: Namespace) -> dict[str, object]:
    """The options of an act of people in triage, by name.

    Raises:
        ConfigError: one is missing, or belongs to another act.
    """
    mine = TRIAGE_ACTS.get(options.act, {})
    flags = {name: "--as" if name == "word" else f"--{name}" for act in TRIAGE_ACTS.values() for name in act}
    given = {name: value for name in flags if (value := getattr(options, name)) is not None and value is not False}
    what = "iirl triage" if options.act == "run" else f"iirl triage {options.act}"
    if strange := [flags[name] for name in given if name not in mine]:
        raise ConfigError(f"{what} {strange[0]}", f"{', '.join(flags[name] for name in mine) or 'no such option'}")
    if missing := [flags[name] for name, needed in mine.items() if needed and name not in given]:
        raise ConfigError(what, f"{' and '.join(missing)} with it")
    return given


def _call(options: Namespace, module: ModuleType, session: Session, config: Config, progress: Progress) -> Outcome:
    """A verb's ``run``, with the options that only some verbs have."""
    if options.command == "triage" and options.act != "run":
        act: Callable[..., Outcome] = module.ACTS[options.act]
        return act(session, config, options.artifact, **options.asked)
    run: Callable[..., Outcome] = getattr(module, getattr(options, "act", "run"))
    given = {name: value for option, name in EXTRAS.items() if (value := getattr(options, option, None))}
    return run(session, config, progress, **given)


def _finish(progress: Progress, outcome: Outcome) -> int:
    progress.outcome(outcome)
    return 0 if outcome.passed else 1
