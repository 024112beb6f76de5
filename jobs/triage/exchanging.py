"""``iirl triage export CONFIG --file PATH`` and ``… import CONFIG --file PATH``: Label Studio, out and back."""

from __future__ import annotations

import json
from pathlib import Path

from cluster.session import Session
from iirl_core.config import Config
from iirl_core.errors import ConfigError, InputError
from iirl_core.triage import news, placed
from iirl_core.triage.annotations import labels_back
from iirl_core.triage.label_studio import SHAPES, asked_of_people, labelling_config, shape_of, tasks_of
from jobs.outcome import Outcome
from jobs.triage.labelling import keep_labels, reviewer
from jobs.triage.opening import open_review


def export_tasks(session: Session, config: Config, reference: str | None = None, *, file: str) -> Outcome:
    """Write what people are still to look at as tasks, ``NAME-single.json`` and ``NAME-pair.json`` for a ``file``
    NAME.json, each with its labelling configuration beside it (``.xml``).

    Raises:
        ConfigError: the files cannot be written.
        NotFound, ConfigError, Tampered, Gated: as ``open_review``.
    """
    if Path(file).is_dir():
        raise ConfigError(f"{file} is a folder", "a file NAME.json to write NAME-single.json and NAME-pair.json beside")
    opened = open_review(session, config, reference)
    asked = asked_of_people(opened.review)
    written = []
    for shape in SHAPES:
        findings = [finding for finding in asked if shape_of(finding) == shape]
        if findings:
            path = Path(file).with_name(f"{Path(file).stem}-{shape}.json")
            tasks = tasks_of(opened.review, findings, opened.past.digest, opened.past.audit.round)
            _write(path, json.dumps(tasks, ensure_ascii=False, indent=1))
            _write(path.with_suffix(".xml"), labelling_config(shape))
            written.append(f"{len(tasks)} in {path}")
    if not written:
        return Outcome("nothing is left to look at", next="iirl patch CONFIG.yaml")
    return Outcome(
        f"wrote tasks for Label Studio: {', '.join(written)} (the labelling interface is the .xml beside it)",
        next="iirl triage import CONFIG.yaml --file EXPORT.json",
    )


def import_labels(
    session: Session, config: Config, reference: str | None = None, *, file: str, annotator: int | None = None
) -> Outcome:
    """Sign what you labelled in Label Studio. All of it or, where anything in it does not hold, nothing; an annotation
    that was imported before counts once.

    Raises:
        InputError: it is no export of Label Studio, is about another audit, or holds what a label cannot say.
        ConfigError: the file cannot be read, or the reviewer's key is missing.
        NotFound, Tampered, Gated: as ``open_review``.
    """
    key, opened = reviewer(session, config), open_review(session, config, reference)
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read ({error})", "an export of Label Studio, of the kind JSON") from error
    try:
        given = labels_back(text, opened.past.digest, opened.past.audit.round, annotator)
        labels = [placed(opened.review, label) for label in given]
    except InputError as error:
        raise InputError(f"{file}: {error.wrong}", error.expected, error.todo) from error
    new = news(opened.review, labels, key.id)
    return keep_labels(session, config, opened, key, new, known=len(labels) - len(new))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})") from error
