"""``iirl submit``: a verb on a cluster, through Ray Jobs, with its configuration and its data files.

The cluster brings the dependencies (the image of ``Dockerfile``); our packages, the configuration and small data
travel.
Keys and tokens never do: they are the cluster's own (a mounted secret), named by paths that hold there.
"""

from __future__ import annotations

import glob
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from iirl_core.config import Config
from iirl_core.config.norms import GeometrySection
from iirl_core.errors import BUG, ClusterError, ConfigError
from jobs.outcome import Outcome

if TYPE_CHECKING:
    from cluster.submission import JobEnd
    from jobs.console import Progress

MOST_BYTES = 100 * 2**20
"""What is shipped passes through the head's memory: more belongs in an object store."""


@dataclass(frozen=True)
class Bundle:
    """What travels: the configuration, its paths rewritten to ``files``' relative targets, and those files."""

    config: Config
    files: tuple[tuple[Path, str], ...]


def bundle_of(config: Config) -> Bundle:
    """Decide what travels.

    Raises:
        ConfigError: the store is a folder of this machine alone, a file is missing, or there is too much.
    """
    if "://" not in config.store and not Path(config.store).is_absolute():
        raise ConfigError(
            f"store {config.store} is a folder of this machine",
            "s3://bucket/prefix, or an absolute path that every node of the cluster sees",
            "Give one with: --store",
        )
    files: list[tuple[Path, str]] = []

    def ship(path: str, folder: str) -> list[str]:
        if "://" in path:
            return [path]
        found = [Path(name) for name in sorted(glob.glob(path, recursive=True))]
        if not found:
            raise ConfigError(f"no file at {path}")
        targets = [f"{folder}/{len(files) + number}-{one.name}" for number, one in enumerate(found)]
        files.extend(zip(found, targets, strict=True))
        return targets

    corpora = [
        corpus.model_copy(
            update={"files": [target for path in corpus.files for target in ship(path, f"data/{corpus.name}")]}
        )
        for corpus in config.corpora
    ]
    norms = [
        norm.model_copy(
            update={
                "files": [target for path in norm.files for target in ship(path, "data/norms")],
                "region": norm.region.model_copy(update={"geometry": ship(norm.region.geometry, "data/norms")[0]})
                if isinstance(norm.region, GeometrySection)
                else norm.region,
            }
        )
        for norm in config.norms
    ]
    size = sum(path.stat().st_size for path, _ in files)
    if size > MOST_BYTES:
        raise ConfigError(
            f"the data files hold {size / 2**20:.0f} MiB",
            f"at most {MOST_BYTES / 2**20:.0f} MiB to ship with a job",
            "Copy them to s3:// and name that in corpora[].files",
        )
    return Bundle(config.model_copy(update={"corpora": corpora, "norms": norms}), tuple(files))


def shipped_options(options: Sequence[str]) -> tuple[list[str], list[tuple[Path, str]]]:
    """A verb's ``options`` as the job says them, and the files that they name, which travel.

    Raises:
        ConfigError: a file is missing, or one would be written that stays behind on the cluster.
    """
    words, files = list(options), list[tuple[Path, str]]()
    for place, word in enumerate(words):
        name, _, joined = word.partition("=")
        if name == "--file":
            raise ConfigError(
                "--file is of this machine, and a job runs on another", todo="Run the verb without submit"
            )
        if name == "--ids":
            path = Path(joined or words[place + 1])
            if not path.is_file():
                raise ConfigError(f"no file at {path}")
            files.append((path, "ids.txt"))
            words[place : place + (1 if joined else 2)] = ["--ids=ids.txt"] if joined else ["--ids", "ids.txt"]
    return words, files


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Lay the bundle out in ``folder``: ``config.yaml`` and the files."""
    document = bundle.config.model_dump(mode="json")
    (folder / "config.yaml").write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")
    for source, target in bundle.files:
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / target)


def run(
    verb: str, config: Config, address: str, progress: Progress, *, options: Sequence[str] = (), wait: bool = True
) -> Outcome:
    """Submit ``verb`` with ``options`` of its own; with ``wait``, follow its log to the end.

    Returns:
        What was started; not passed when the verb's answer was no (exit code 1).

    Raises:
        ConfigError: see ``bundle_of`` and ``shipped_options``; or the address is not an http(s) URL.
        ClusterError: nobody answers, the token is wrong, or the job failed.
    """
    from cluster.submission import JobsClient  # after the cheap checks

    bundle, (words, files) = bundle_of(config), shipped_options(options)
    bundle = replace(bundle, files=(*bundle.files, *files))
    client = JobsClient(address)
    entrypoint = shlex.join(["python", "-m", "jobs", verb, "config.yaml", "--address", "auto", *words])
    with tempfile.TemporaryDirectory(prefix="iirl-submit-") as folder:
        write_bundle(bundle, Path(folder))
        job = client.submit(entrypoint, Path(folder))
    progress.say(f"job {job} at {client.address}: {entrypoint}")
    if not wait:
        return Outcome(f"started {verb} as job {job}", client.address, f"ray job logs --follow {job}")
    end = client.follow(job, lambda text: print(text, end="", file=sys.stderr, flush=True))
    return outcome_of(verb, job, client.address, end)


def outcome_of(verb: str, job: str, address: str, end: JobEnd) -> Outcome:
    """What the end of a followed job means: its verb ran, and its answer was yes (exit code 0) or no (1).

    Raises:
        ClusterError: it did not run to its end; or a bug of ours ended it (70).
    """
    if end.exit_code in (0, 1):
        return Outcome(f"{verb} ran as job {job}", address, passed=end.exit_code == 0)
    reason = end.message.split("\n")[0]
    how = (
        f"crashed: its last line names a bug ({reason})"
        if end.exit_code == BUG
        else f"ended as {end.status} ({reason})"
    )
    raise ClusterError(f"job {job} {how}", todo=f"ray job logs {job} shows all of it")
