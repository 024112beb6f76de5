"""The tools beside the verbs: they work on a store, a file or the keys, without a Ray of their own."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from iirl_core.errors import ConfigError

if TYPE_CHECKING:
    from jobs.console import Progress
    from jobs.outcome import Outcome


def run_tool(options: Namespace, progress: Progress) -> Outcome:
    """Dispatch; each tool is imported only when it is asked for."""
    match options.command:
        case "key":
            return _key(options, progress)
        case "init":
            from jobs.init import run as init

            return init(Path(options.file), options.name, Path(options.out))
        case "submit":
            from jobs.commands import resolve_config
            from jobs.submit import run as submit

            config, wait = resolve_config(options), not options.no_wait
            return submit(options.verb, config, options.address, progress, options=options.options, wait=wait)
        case "log":
            from cluster.store import open_store
            from jobs.log import run as log

            return log(open_store(options.store), verify=options.verify)
        case "show" | "verify" | "why":
            return _look(options)
        case _:
            from cluster.store import open_store
            from jobs.score import run as score

            store, remote = open_store(options.store), options.trust_remote_code
            return score(store, options.artifact, Path(options.file), options.out, trust_remote_code=remote)


def _look(options: Namespace) -> Outcome:
    from cluster.store import open_store
    from jobs import show, verify

    if options.command == "why":
        from jobs.commands import resolve_config
        from jobs.why import run as why

        config = resolve_config(options)
        return why(open_store(config.store), config, options.on, options.artifact)
    store, keys = open_store(options.store), Path(options.keys)
    if options.command == "show":
        return show.run(store, options.artifact, keys)
    return verify.run(store, options.artifact, keys, trust_remote_code=options.trust_remote_code)


def _key(options: Namespace, progress: Progress) -> Outcome:
    from iirl_core.signing import KeyRole
    from jobs.key import list_keys, new_keys

    if options.action == "list":
        if options.role:
            raise ConfigError("iirl key list takes no role", "iirl key list")
        return list_keys(Path(options.keys), progress)
    return new_keys(Path(options.keys), KeyRole(options.role) if options.role else None)
