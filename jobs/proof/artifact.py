"""What holds of an artifact itself: its files, what it forgot, who sealed it, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from iirl_core.artifact import Manifest
from iirl_core.canonical import Digest, folder_of
from iirl_core.corpus import check_left, forgot, read_corpus
from iirl_core.errors import NotFound, Tampered
from iirl_core.release import Dossier, believed
from iirl_core.signing import SealPredicate, Trust, statements_of
from iirl_core.store import Store
from iirl_core.unlearning import Forgotten
from jobs.lineage import lineage
from jobs.proof.check import Check, ask, signature_of, signed_by
from jobs.proof.stored import digest_of_stored


def files_of(store: Store, digest: Digest, manifest: Manifest) -> Iterator[Check]:
    """Each file has the digest that the manifest names, and no other lies beside them."""
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


def forgotten_of(store: Store, manifest: Manifest, said: Forgotten) -> Check:
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

    told = ask(records)
    note = f"{told.found} records of {', '.join(name for name, _ in said.corpora)}"
    how = f", by what is said: with them {', '.join(gone)} is gone" if gone else ", row by row"
    return Check("forgotten", note + how, told.problem)


def seals_of(dossier: Dossier, manifest: Manifest | None, trust: Trust) -> Iterator[Check]:
    """Each builder's signature, and whether what was sealed is what the manifest names."""
    if not dossier.seals:
        yield Check("builder's signature", problem="no builder has sealed it.")
    for data in dossier.seals:
        seal = signature_of(data, trust, SealPredicate, dossier.digest)
        yield Check("builder's signature", signed_by(seal.found), seal.problem)
        if seal.found and manifest:
            told = SealPredicate(manifest.name, manifest.version, manifest.parent)
            same = seal.found.predicate == told
            problem = "" if same else "it names another name, version or parent than the manifest."
            yield Check("what the builder sealed", f"{told.name} {told.version}", problem)


def parents_of(store: Store, digest: Digest, trust: Trust) -> Iterator[Check]:
    """Each ancestor's manifest has its digest and a builder's seal, up to the root."""
    line = lineage(store, digest)
    depth = -1
    while True:
        step = ask(lambda: next(line, None))
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
