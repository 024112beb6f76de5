"""Every check that ``iirl verify`` prints: what holds of an artifact, its statements, its releases and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from iirl_core.artifact import Manifest, load_from
from iirl_core.canonical import Digest, digest_bytes, digest_chunks, folder_of
from iirl_core.corpus import check_left, forgot, read_corpus
from iirl_core.errors import ClusterError, IirlError, NotFound, Tampered
from iirl_core.log import entries, verify_chain
from iirl_core.release import (
    Dossier,
    Release,
    audit_file,
    believed,
    channel_key,
    decide_admission,
    logged_release,
    read_channel,
    read_dossier,
)
from iirl_core.signing import (
    AuditPredicate,
    LabelPredicate,
    Predicate,
    RepairPredicate,
    SealPredicate,
    TriagePredicate,
    Trust,
    UndoPredicate,
    Verified,
    parse_statement,
    statement_named,
    statements_of,
    verify_envelope,
)
from iirl_core.store import Store
from iirl_core.unlearning import Forgotten
from jobs.lineage import audit_of, lineage, manifest_of

P = TypeVar("P", bound=Predicate)
T = TypeVar("T")
CHUNK = 2**20


ByPerson = LabelPredicate | UndoPredicate | RepairPredicate
"""What people say, each with a key of its own."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked; ``problem`` is empty where it holds, and ``note`` says what was found."""

    name: str
    note: str = ""
    problem: str = ""


def prove(
    store: Store, digest: Digest, channel: tuple[str, str] | None, trust: Trust, *, trust_remote_code: bool = False
) -> Iterator[Check]:
    """Check everything about ``digest``; ``channel`` (name, channel) is how it was asked for, None for a digest.

    A check that fails stops only those that build on it.
    """
    named = _try(lambda: manifest_of(store, digest))
    manifest = named.found
    yield Check("manifest", f"its digest is {digest}", named.problem)
    if manifest:
        yield from _files(store, digest, manifest)
        problem = _try(lambda: load_from(store, digest, trust_remote_code=trust_remote_code)).problem
        yield Check("golden Readings", f"{len(manifest.golden)} computed again match", problem)
    if manifest and manifest.forgotten:
        yield _forgotten(store, manifest, manifest.forgotten)
    dossier = read_dossier(store, digest)
    yield from _seal(dossier, manifest, trust)
    yield from _audits(store, dossier, trust)
    yield from _triage(store, digest, trust)
    yield from _releases(store, digest, channel, dossier, trust)
    yield from _parents(store, digest, trust)
    chain = _try(lambda: verify_chain(store))
    yield Check("log", f"{chain.found} entries, unbroken", chain.problem)


@dataclass(frozen=True)
class _Try(Generic[T]):
    """What was found, or the one line that says why not."""

    found: T | None
    problem: str = ""


def _try(ask: Callable[[], T]) -> _Try[T]:
    try:
        return _Try(ask())
    except IirlError as error:
        return _Try(None, str(error))


def _files(store: Store, digest: Digest, manifest: Manifest) -> Iterator[Check]:
    folder = f"artifacts/{folder_of(digest)}/"
    for entry in manifest.files:
        name = f"file {entry.path}"
        found = digest_of_stored(store, folder + entry.path)
        if found == entry.digest:
            yield Check(name, found[:19])
        else:
            yield Check(name, problem=f"it {f'has digest {found[:19]}' if found else 'is missing'}, not {entry.digest}")
    listed = {"manifest.json", *(entry.path for entry in manifest.files)}
    for key in store.list(folder):
        if key.removeprefix(folder) not in listed:
            yield Check(f"file {key.removeprefix(folder)}", problem="manifest.json does not list it")


def _forgotten(store: Store, manifest: Manifest, said: Forgotten) -> Check:
    """The corpora that it learnt from are those of its statement less what they say was forgotten: row by row, where
    the corpus with the records is still there, else by what the manifests say.
    """
    learnt = {entry.name: entry.digest for entry in manifest.corpora}
    gone: list[str] = []

    def records() -> int:
        total = 0
        for name, origin in said.corpora:
            if name not in learnt:
                raise Tampered(f"the manifest names no corpus {name}")
            corpus = read_corpus(store, name, learnt[name])
            left = forgot(corpus.manifest)
            if left is None or left[0] != origin:
                raise Tampered(f"corpus {name} {learnt[name][:19]} is not what was left of {origin[:19]}")
            try:
                whole = read_corpus(store, name, origin)
            except NotFound:
                gone.append(name)
            else:
                check_left(corpus, whole)
            total += left[1]
        if total != said.records:
            raise Tampered(f"the corpora say that {total} records were forgotten", f"{said.records}")
        return total

    told = _try(records)
    note = f"{told.found} records of {', '.join(name for name, _ in said.corpora)}"
    how = f", by what is said: with them {', '.join(gone)} is gone" if gone else ", row by row"
    return Check("forgotten", note + how, told.problem)


def digest_of_stored(store: Store, key: str) -> Digest | None:
    """The digest of a stored file, read in constant memory; None where it is missing.

    Raises:
        ClusterError: the store cannot be read.
    """
    filesystem, root = store.filesystem()
    try:
        with filesystem.open_input_stream(f"{root}/{key}", compression=None) as stream:
            return digest_chunks(iter(lambda: stream.read(CHUNK), b""))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ClusterError(f"{key} in {store.url} cannot be read ({error})") from error


def _signed(data: bytes, trust: Trust, kind: type[P], digest: Digest) -> _Try[Verified[P]]:
    return _try(lambda: verify_envelope(data, trust, kind, digest))


def _signer(verified: Verified[P] | None) -> str:
    return f"signed by {verified.predicate.signer} {verified.keyid[:12]}" if verified else ""


def _seal(dossier: Dossier, manifest: Manifest | None, trust: Trust) -> Iterator[Check]:
    if not dossier.seals:
        yield Check("builder's signature", problem="no builder has sealed it.")
    for data in dossier.seals:
        seal = _signed(data, trust, SealPredicate, dossier.digest)
        yield Check("builder's signature", _signer(seal.found), seal.problem)
        if seal.found and manifest:
            told = SealPredicate(manifest.name, manifest.version, manifest.parent)
            same = seal.found.predicate == told
            problem = "" if same else "it names another name, version or parent than the manifest."
            yield Check("what the builder sealed", f"{told.name} {told.version}", problem)


def _triage(store: Store, digest: Digest, trust: Trust) -> Iterator[Check]:
    """What the policy, and what people said of findings: each by keys of that role; and what the policy's last word on
    a round was about.
    """
    last: dict[int, TriagePredicate] = {}
    for data in statements_of(store, digest, TriagePredicate.kind):
        triage = _signed(data, trust, TriagePredicate, digest)
        yield Check("triage", _signer(triage.found), triage.problem)
        if triage.found:
            said = triage.found.predicate
            last[said.round] = max(said, last.get(said.round, said), key=lambda one: one.sequence)
    for said in last.values():
        for name, told in said.files:
            found = digest_of_stored(store, audit_file(digest, said.round, name))
            problem = "" if found == told else f"it {f'has digest {found[:19]}' if found else 'is missing'}, not {told}"
            yield Check(f"file {name} of triage round {said.round}", told[:19], problem)
    said_by_people: tuple[tuple[type[ByPerson], str], ...] = (
        (LabelPredicate, "labels of a person"),
        (UndoPredicate, "labels taken back"),
        (RepairPredicate, "decision about a repair"),
    )
    for kind, name in said_by_people:
        for data in statements_of(store, digest, kind.kind):
            yield Check(name, *_by(data, trust, kind, digest))
    yield from _unsaid(store, digest)


def _unsaid(store: Store, digest: Digest) -> Iterator[Check]:
    """What a person said by the log, and no statement says any more: a label that is deleted counts no longer. A log
    that cannot be read is told of by itself.
    """
    for event in _try(lambda: [entry.event for entry in entries(store)]).found or []:
        kind, named = event.kind, event.detail("statement")
        if event.subject == digest and kind in (LabelPredicate.kind, UndoPredicate.kind) and named:
            problem = _try(partial(statement_named, store, digest, kind, Digest(named))).problem
            if problem:
                todo = "It was deleted or changed, or saying it was interrupted: say it again with iirl triage"
                yield Check(f"{kind} in the log", problem=f"{problem} {todo}.")


def _by(data: bytes, trust: Trust, kind: type[ByPerson], digest: Digest) -> tuple[str, str]:
    """Who signed, and the problem."""
    signed = _signed(data, trust, kind, digest)
    return _signer(signed.found), signed.problem


def _audits(store: Store, dossier: Dossier, trust: Trust) -> Iterator[Check]:
    held: list[AuditPredicate] = []
    for data in sorted(dossier.audits, key=_round):
        signed = _signed(data, trust, AuditPredicate, dossier.digest)
        yield Check(_audit_name(data), _signer(signed.found), signed.problem)
        if signed.found:
            held.append(signed.found.predicate)
            told = _try(partial(_audit_told, store, dossier, held[-1]))
            yield Check(f"files of audit round {held[-1].round}", told.found or "", told.problem)
    if not held:
        yield Check("verdict", problem="no audit of it holds. Run: iirl audit CONFIG.yaml.")
        return
    last = max(held, key=lambda audit: (audit.round, not audit.passed))
    problem = "" if last.passed else f"round {last.round} did not pass ({'; '.join(last.reasons)})."
    yield Check("verdict", f"passed in round {last.round}", problem)


def _audit_told(store: Store, dossier: Dossier, said: AuditPredicate) -> str:
    """What the audit found, if its files are those that were signed and say what the statement says."""
    if broken := dossier.broken_files(said):
        raise Tampered(f"gone or changed: {', '.join(broken)}")
    audit = audit_of(store, dossier.digest, said)
    if (audit.digest, audit.round, audit.verdict.passed) != (dossier.digest, said.round, said.passed):
        raise Tampered("audit.json says something else than the signed statement")
    for name, digest in audit.parts:
        data = store.get(audit_file(audit.digest, audit.round, name))
        if digest_bytes(data) != digest:
            raise Tampered(f"{name} was changed")
    return f"{len(said.files) + len(audit.parts)} files; {audit.findings} findings over {audit.probes} probes"


def _audit_name(data: bytes) -> str:
    round_ = _round(data)
    return f"audit round {round_}" if round_ else "audit"


def _round(data: bytes) -> int:
    """Which round an audit's statement says it is of; 0 where it cannot be read."""
    try:
        return parse_statement(data).fields.integer("round")
    except Tampered:
        return 0


def _releases(
    store: Store, digest: Digest, asked: tuple[str, str] | None, dossier: Dossier, trust: Trust
) -> Iterator[Check]:
    channels = [asked] if asked else list(channels_of(store, digest))
    if not channels:
        yield Check("release", "no channel means this digest")
    for name, channel in channels:
        label = f"release {name}@{channel}"
        release = _try(partial(_released, store, name, channel, digest, trust))
        yield Check(label, _release_note(release.found) if release.found else "", release.problem)
        if release.found:
            reasons = "; ".join(decide_admission(release.found.predicate, dossier, trust))
            yield Check(f"{label} rests on what holds", "seal, audit, approval, no revocation", reasons)
            logged = _try(partial(logged_release, store, release.found))
            yield Check(f"{label} in the log", f"entry {logged.found}", logged.problem)


def channels_of(store: Store, digest: Digest) -> Iterator[tuple[str, str]]:
    """(name, channel) of every channel whose statement is about ``digest``; none is verified."""
    for key in store.list("channels/"):
        try:
            subjects = parse_statement(store.get(key)).subjects
        except Tampered:
            continue  # it is about nothing that could be named
        if digest in {subject.digest for subject in subjects}:
            _, name, channel = key.split("/")
            yield name, channel


def _released(store: Store, name: str, channel: str, digest: Digest, trust: Trust) -> Verified[Release]:
    release = read_channel(store, name, channel, trust)
    if release is None:
        raise NotFound(f"nothing is stored at {channel_key(name, channel)}")
    if release.predicate.digest != digest:
        raise Tampered(f"the channel means {release.predicate.digest[:19]}", digest[:19])
    return release


def _release_note(verified: Verified[Release]) -> str:
    release = verified.predicate
    return f"number {release.sequence}, signed by approver {verified.keyid[:12]} because of audit {release.audit[:19]}"


def _parents(store: Store, digest: Digest, trust: Trust) -> Iterator[Check]:
    """Each ancestor's manifest has its digest and a builder's seal, up to the root."""
    line = lineage(store, digest)
    depth = -1
    while True:
        step = _try(lambda: next(line, None))
        if step.problem:
            yield Check("parent chain", problem=step.problem)
            return
        if step.found is None:
            yield Check("parent chain", f"{depth} to the root")
            return
        depth += 1
        if depth:
            here = step.found
            problem = _unsealed(store, here.digest, trust)
            yield Check(f"parent {depth}", f"{here.manifest.version} {here.digest[:19]}, sealed", problem)


def _unsealed(store: Store, digest: Digest, trust: Trust) -> str:
    """Why no seal of ``digest`` holds; empty where one does."""
    seals, why = believed(statements_of(store, digest, SealPredicate.kind), trust, SealPredicate, digest)
    return "" if seals else why or "no builder has sealed it"
