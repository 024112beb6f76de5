"""The command line, without the weight: parsing loads neither torch nor ray.

    iirl VERB CONFIG.yaml [--set key.path=value]… [--store URL] [--address RAY] [--dry-run] [--debug]

Verbs work on one configuration; tools work on a store, a file or the keys.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NoReturn

VERBS = {
    "ingest": "files → validated, sharded corpora",
    "imitate": "demonstrations → a policy that answers as they do (π_SFT)",
    "sample": "a policy and prompts → a corpus of its answers",
    "train": "corpora → a sealed, signed artifact",
    "evaluate": "artifact + frozen data → numbers with confidence intervals",
    "audit": "artifact → findings, coverage and a verdict (exit 1 when it does not pass)",
    "triage": "findings → flaw, not a flaw, unsure; by the written policy, or by people (triage list CONFIG, and show, "
    "label, undo, export, import)",
    "patch": "flaws → a repaired child artifact",
    "forget": "an artifact and named records → its child, which has forgotten them, and what remains",
    "release": "an audited artifact → a channel (release rollback CONFIG: back to the one before; release revoke "
    "CONFIG --artifact REF --reason TEXT: never again)",
    "serve": "a channel → scores over HTTP",
    "flywheel": "audit → triage → patch until the verdict passes or the rounds are spent",
}
TOOLS = {
    "submit": "run a verb on a cluster through Ray Jobs",
    "init": "a configuration for your own JSONL, Parquet, NPZ or HDF5",
    "score": "rewards of a file's records, offline",
    "show": "lineage, repairs, audits and statements of an artifact",
    "why": "ask about one finding of an audit again, and tell what its reward is made of",
    "verify": "prove digests, signatures, verdict and log (exit 1 when one does not hold)",
    "log": "the hash-chained log",
    "key": "make and list signing keys",
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The words of a command; in ``submit`` those behind ``--`` are its verb's own options, as ``options``, and have to
    make sense to it.
    """
    words = list(arguments)
    ends = words.index("--") if words[:1] == ["submit"] and "--" in words else len(words)
    options = parser().parse_args(words[:ends])
    if options.command == "submit":
        options.options = words[ends + 1 :]
        parser().parse_args([options.verb, options.config, *options.options])
    return options


class _OneLine(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error is said; its usage is a word away."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"iirl: {message}. See {self.prog} --help.\n")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root: argparse.ArgumentParser = _OneLine(
        prog="iirl", description="Learn rewards from demonstrations as signed, audited, patchable artifacts."
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for verb, text in VERBS.items():
        command = commands.add_parser(verb, help=text, description=text)
        if verb == "release":
            command.add_argument("words", nargs="+", metavar="[rollback|revoke] CONFIG")
            command.add_argument("--reason", metavar="TEXT", help="why an artifact is revoked")
        elif verb == "triage":
            _add_triage(command)
        else:
            command.add_argument("config", help="the YAML configuration")
        if verb == "audit":
            command.add_argument("--budget", type=_count, metavar="PROBES", help="in all (1e6), as audit.budget")
            command.add_argument("--resume", action="store_true", help="go on with an interrupted audit, or refuse")
        if verb == "patch":
            command.add_argument("--list", action="store_true", help="show every repair of the artifact, and stop")
            for option, does in (("--revert", "take a repair out of effect"), ("--enable", "put it back")):
                command.add_argument(option, action="append", default=[], metavar="ID", help=f"{does}, in a new child")
            command.add_argument(
                "--reorder", nargs="+", default=[], metavar="ID", help="let these act in this order, in a new child"
            )
            command.add_argument("--accept", action="store_true", help="seal the repair that waits, as a person")
            command.add_argument("--reject", metavar="REASON", help="say no to the repair that waits, as a person")
            command.add_argument(
                "--suggestion", metavar="ID", help="which one is accepted or rejected, where several wait"
            )
        if verb == "forget":
            command.add_argument(
                "--source", action="append", default=[], metavar="NAME", help="all records of a source"
            )
            command.add_argument("--id", action="append", default=[], metavar="ID", help="one record, sha256:…")
            command.add_argument("--ids", metavar="FILE", help="the records whose ids are in a file, one a line")
            command.add_argument(
                "--from-scratch", action="store_true", help="train fresh weights on what is left: exact, at its price"
            )
        _add_config_options(command)
        if verb in ("evaluate", "audit", "triage", "patch", "forget", "release"):
            command.add_argument(
                "--artifact", metavar="REF", help="NAME, NAME@CHANNEL or sha256:… (default: the latest)"
            )
    _add_tools(commands)
    return root


TRIAGE_ACTS: dict[str, dict[str, bool]] = {
    "list": {},
    "show": {"on": True},
    "label": {"on": True, "word": True} | dict.fromkeys(("reward", "order", "threshold", "because", "alone"), False),
    "undo": {"on": True, "because": False},
    "export": {"file": True},
    "import": {"file": True, "annotator": False},
}
"""What people do in triage; the options of each, and whether it needs them."""


def _add_triage(command: argparse.ArgumentParser) -> None:
    command.add_argument("words", nargs="+", metavar=f"[{'|'.join(TRIAGE_ACTS)}] CONFIG")
    command.add_argument("--on", action="append", metavar="ID", help="a finding f-…, a cluster c-…, a label l-…")
    command.add_argument("--as", dest="word", choices=("flaw", "not-a-flaw", "unsure"), help="label: what it is")
    command.add_argument("--reward", type=float, metavar="R", help="label: the right reward of a flaw")
    command.add_argument("--order", choices=("original", "edited", "equal"), help="label: which should earn more")
    command.add_argument("--threshold", type=float, metavar="T", help="label: what the norm should have instead")
    command.add_argument("--because", metavar="TEXT", help="label, undo: why")
    command.add_argument("--alone", action="store_true", help="label: do not spread to findings nearby")
    command.add_argument("--file", metavar="PATH", help="export, import: tasks of Label Studio, JSON")
    command.add_argument("--annotator", type=int, metavar="ID", help="import: your number in Label Studio")


def _count(text: str) -> int:
    """``1e6`` as well as ``1000000``."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not number.is_integer() or number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of probes: 1000000, or 1e6")
    return int(number)


def _add_config_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="override one value")
    command.add_argument("--store", metavar="URL", help="a folder or s3://bucket/prefix (default: the configuration's)")
    command.add_argument("--address", metavar="RAY", help="a Ray cluster (default: an embedded local Ray)")
    command.add_argument(
        "--dry-run", action="store_true", help="print the resolved configuration, and what train would take, and stop"
    )
    command.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _add_tools(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    submit = commands.add_parser("submit", help=TOOLS["submit"], description=TOOLS["submit"])
    submit.add_argument("verb", choices=sorted(VERBS))
    submit.add_argument("config", help="the YAML configuration")
    submit.add_argument("--address", required=True, metavar="HTTP", help="the head's dashboard, http://head:8265")
    submit.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="override one value")
    submit.add_argument("--store", metavar="URL", help="a folder that every node sees, or s3://bucket/prefix")
    submit.add_argument("--no-wait", action="store_true", help="do not follow the job's log")
    submit.usage = "iirl submit VERB CONFIG --address HTTP [--set …] [--store URL] [--no-wait] [-- OPTIONS OF THE VERB]"

    init = commands.add_parser("init", help=TOOLS["init"], description=TOOLS["init"])
    init.add_argument("file", help="your demonstrations")
    init.add_argument("--name", help="the reward model's name (default: from the file)")
    init.add_argument("--out", default="config.yaml", help="where to write (default: config.yaml)")

    score = commands.add_parser("score", help=TOOLS["score"], description=TOOLS["score"])
    score.add_argument("artifact", metavar="REF", help="NAME, NAME@CHANNEL, sha256:… or an artifact's folder")
    score.add_argument("file", help="records: JSONL, JSON, Parquet, NPZ, HDF5")
    score.add_argument("--out", help="JSONL or Parquet to write (default: JSONL on standard output)")

    why = commands.add_parser("why", help=TOOLS["why"], description=TOOLS["why"])
    why.add_argument("config", help="the YAML configuration")
    why.add_argument("--on", required=True, metavar="ID", help="a finding, f-…")
    why.add_argument("--artifact", metavar="REF", help="NAME, NAME@CHANNEL or sha256:… (default: the latest)")
    why.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="override one value")
    why.add_argument("--store", metavar="URL", help="a folder or s3://bucket/prefix (default: the configuration's)")

    for name in ("show", "verify"):
        tool = commands.add_parser(name, help=TOOLS[name], description=TOOLS[name])
        tool.add_argument("artifact", metavar="REF", help="NAME, NAME@CHANNEL or sha256:…")

    log = commands.add_parser("log", help=TOOLS["log"], description=TOOLS["log"])
    log.add_argument("--verify", action="store_true", help="check the hash chain (exit 1 when it is broken)")

    key = commands.add_parser("key", help=TOOLS["key"], description=TOOLS["key"])
    key.add_argument("action", choices=("new", "list"))
    key.add_argument("role", nargs="?", choices=("builder", "auditor", "reviewer", "approver"))

    for tool in (score, commands.choices["verify"]):
        tool.add_argument("--trust-remote-code", action="store_true", help="run code that the text encoder came with")

    for name, command in commands.choices.items():
        if name in ("score", "show", "verify", "log"):
            command.add_argument("--store", default=".iirl", metavar="URL", help="default: .iirl")
        if name in ("verify", "key", "show"):
            command.add_argument("--keys", default=".iirl-keys", metavar="FOLDER", help="default: .iirl-keys")
        if name in TOOLS:
            command.add_argument("--debug", action="store_true", help="show the traceback of an error")
