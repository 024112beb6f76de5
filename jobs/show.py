"""``iirl show``: what an artifact is, where it comes from, what was corrected and found, who signed what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from iirl_core.artifact.repair_files import stored_repairs
from iirl_core.canonical import Digest
from iirl_core.errors import ArtifactError, NotFound
from iirl_core.patch import Patch, Repair, Sculpt, WeightEdit
from iirl_core.patch.repairs import counted, enabled
from iirl_core.release import Release, resolve
from iirl_core.signing import AuditPredicate, Statement, Trust, parse_statement, statements_of
from iirl_core.store import Store
from jobs.console import answering
from jobs.lineage import Ancestor, audit_of, lineage
from jobs.outcome import Outcome
from jobs.proof import channels_of

REPAIRS_SHOWN = 12


def run(store: Store, reference: str, keys: Path, *, console: Console | None = None) -> Outcome:
    """Print lineage, repairs, audits, statements and channels. Nothing is proved here: that is ``iirl verify``'s.

    ``keys`` gives signers their roles' names where it holds public keys; a signature is not checked by that.

    Raises:
        NotFound: the reference, or an ancestor, is not in the store.
        InputError: it is no reference.
    """
    console = console or answering()
    trust = Trust.from_folder(keys) if any(keys.glob("*.pub")) else Trust(())
    digest = resolve(store, reference)
    line = list(lineage(store, digest))
    for text in (
        *_facts(line[0]),
        *_lineage(store, line),
        *_repairs(store, line[0]),
        *_statements(store, digest, trust),
        *_channels(store, digest),
    ):
        console.print(text, markup=False)
    return Outcome(f"{line[0].manifest.name} {line[0].manifest.version}", digest, f"iirl verify {reference}")


def _facts(here: Ancestor) -> Iterator[str]:
    manifest = here.manifest
    supervision = manifest.supervision.value + (" and human" if manifest.human else "")
    yield f"{manifest.name} {manifest.version}  {here.digest}"
    yield f"  reads a {manifest.kind}; mode {manifest.mode.value}; supervision {supervision}"
    yield f"  guard set: {manifest.guard.rows} known-good rows {manifest.guard.digest[:19]}"
    for corpus in manifest.corpora:
        yield f"  corpus {corpus.name} ({corpus.role}) {corpus.digest[:19]}"
    if manifest.forgotten is not None:
        yield f"  forgot {manifest.forgotten}"
    for name, value in sorted(manifest.metrics.items()):
        yield f"  {name} {value:g}"


def _lineage(store: Store, line: list[Ancestor]) -> Iterator[str]:
    yield "lineage"
    for here, parent in zip(line, [*line[1:], None], strict=True):
        manifest, before = here.manifest, None if parent is None else parent.manifest.forgotten
        # A repaired child's manifest still tells what its parent forgot.
        forgets = None if manifest.forgotten == before else manifest.forgotten
        forgot = "" if forgets is None else f", forgot {forgets.records} records"
        root = "" if manifest.parent else ", the root"
        yield f"  {manifest.version}  {here.digest[:19]}  {_counted(store, here)}{forgot}{root}"
        audits = [AuditPredicate.from_fields(one.fields) for one in _parsed(store, here.digest, AuditPredicate.kind)]
        for said in sorted(audits, key=lambda one: one.round):
            yield f"    {_audit_line(store, here.digest, said)}"


def _counted(store: Store, here: Ancestor) -> str:
    """Of an ancestor of which the manifest alone was kept, or whose repairs cannot be read, what that says."""
    none, said = "no repairs", counted(here.manifest.repairs)
    try:
        repairs = stored_repairs(store, here.digest)
    except NotFound:
        return f"{said or none} (its files are gone)"
    except ArtifactError as error:
        return f"{said or none} ({error})"
    off = len(repairs) - enabled(tuple(repairs))
    return (str(repairs) if len(repairs) else none) + (f" ({off} of them disabled)" if off else "")


def _audit_line(store: Store, digest: Digest, said: AuditPredicate) -> str:
    try:
        audit = audit_of(store, digest, said)
        found = f"{audit.findings} findings ({audit.open_hard} open of hard norms) over {audit.probes} probes"
    except ArtifactError as error:
        found = str(error)
    verdict = "passed" if said.passed else f"not passed: {'; '.join(said.reasons)}"
    return f"audit round {said.round}: {found}; {verdict}"


def _repairs(store: Store, here: Ancestor) -> Iterator[str]:
    repairs = tuple(stored_repairs(store, here.digest))
    active = enabled(repairs)
    yield f"repairs: {active} enabled, {len(repairs) - active} disabled"
    rounds = Counter(one.round for one in repairs)
    for number, count in sorted(rounds.items()):
        findings = {finding for one in repairs if one.round == number for finding in one.findings}
        yield f"  round {number}: {count} repairs for {len(findings)} findings"
    for one in repairs[-REPAIRS_SHOWN:]:
        yield f"  {_repair_line(one)}"
    if len(repairs) > REPAIRS_SHOWN:
        yield f"  and {len(repairs) - REPAIRS_SHOWN} before them"


def _repair_line(one: Repair) -> str:
    does = f"{one.side}s {one.where}" if isinstance(one, Sculpt) else f"removes {one.where}"
    if isinstance(one, WeightEdit):
        does = f"edits {one.where}"
    if isinstance(one, Patch):
        does = f"{one.effect} in {one.where}, strength {one.strength:.3g}, width {one.width:.3g}"
    why = f"{len(one.findings)} findings of {', '.join(one.norms)}"
    return f"{one.id}  {does}, for {why}{'' if one.enabled else ' (disabled)'}"


def _statements(store: Store, digest: Digest, trust: Trust) -> Iterator[str]:
    yield "statements"
    for statement in _parsed(store, digest):
        yield f"  {statement.kind:<10}  {statement.digest[:19]}  by {_signers(statement, trust)}"


def _signers(statement: Statement, trust: Trust) -> str:
    named = []
    for keyid in statement.keyids:
        roles = sorted({key.role.value for key in trust.find(keyid)})
        named.append(f"{' and '.join(roles) or 'a key that is not in the folder of keys,'} {keyid[:12]}")
    return ", ".join(named) or "nobody"


def _channels(store: Store, digest: Digest) -> Iterator[str]:
    yield "channels"
    found = False
    for name, channel in channels_of(store, digest):
        found = True
        statement = parse_statement(store.get(f"channels/{name}/{channel}"))
        release = Release.from_fields(statement.fields)
        what = "rolled back to" if release.rollback_of else "released"
        yield f"  {name}@{channel}  {what} as number {release.sequence} because of audit {release.audit[:19]}"
    if not found:
        yield "  none means it"


def _parsed(store: Store, digest: Digest, kind: str = "") -> Iterator[Statement]:
    return (parse_statement(data) for data in statements_of(store, digest, kind))
