"""Everything that ``iirl verify`` asks about one digest, in the order that it prints."""

from __future__ import annotations

from collections.abc import Iterator

from iirl_core.artifact import load_from
from iirl_core.canonical import Digest
from iirl_core.log import verify_chain
from iirl_core.release import read_dossier
from iirl_core.signing import Trust
from iirl_core.store import Store
from jobs.lineage import manifest_of
from jobs.proof.artifact import files_of, forgotten_of, parents_of, seals_of
from jobs.proof.audits import audits_of
from jobs.proof.check import Check, ask
from jobs.proof.releases import releases_of
from jobs.proof.triage import triage_of


def prove(
    store: Store, digest: Digest, channel: tuple[str, str] | None, trust: Trust, *, trust_remote_code: bool = False
) -> Iterator[Check]:
    """Check everything about ``digest``; ``channel`` (name, channel) is how it was asked for, None for a digest.

    A check that fails stops only those that build on it.
    """
    named = ask(lambda: manifest_of(store, digest))
    manifest = named.found
    yield Check("manifest", f"its digest is {digest}", named.problem)
    if manifest:
        yield from files_of(store, digest, manifest)
        problem = ask(lambda: load_from(store, digest, trust_remote_code=trust_remote_code)).problem
        yield Check("golden Readings", f"{len(manifest.golden)} computed again match", problem)
    if manifest and manifest.forgotten:
        yield forgotten_of(store, manifest, manifest.forgotten)
    dossier = read_dossier(store, digest)
    yield from seals_of(dossier, manifest, trust)
    yield from audits_of(store, dossier, trust)
    yield from triage_of(store, digest, trust)
    yield from releases_of(store, digest, channel, dossier, trust)
    yield from parents_of(store, digest, trust)
    chain = ask(lambda: verify_chain(store))
    yield Check("log", f"{chain.found} entries, unbroken", chain.problem)
