"""Releases: what each channel that means an artifact rests on, and whether the log tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from iirl_core.canonical import Digest
from iirl_core.errors import NotFound, Tampered
from iirl_core.release import Dossier, Release, channel_key, decide_admission, logged_release, read_channel
from iirl_core.signing import Trust, Verified, parse_statement
from iirl_core.store import Store
from jobs.proof.check import Check, ask


def releases_of(
    store: Store, digest: Digest, asked: tuple[str, str] | None, dossier: Dossier, trust: Trust
) -> Iterator[Check]:
    """``asked`` (name, channel) alone, or every channel that means ``digest``."""
    channels = [asked] if asked else list(channels_of(store, digest))
    if not channels:
        yield Check("release", "no channel means this digest")
    for name, channel in channels:
        label = f"release {name}@{channel}"
        release = ask(partial(_released, store, name, channel, digest, trust))
        yield Check(label, _release_note(release.found) if release.found else "", release.problem)
        if release.found:
            reasons = "; ".join(decide_admission(release.found.predicate, dossier, trust))
            yield Check(f"{label} rests on what holds", "seal, audit, approval, no revocation", reasons)
            logged = ask(partial(logged_release, store, release.found))
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
