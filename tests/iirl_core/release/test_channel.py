from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from iirl_core.canonical import Digest
from iirl_core.errors import Conflict, Gated, InputError, NotFound, Tampered
from iirl_core.log import entries, verify_chain
from iirl_core.release import Facts, Release, channel_key, read_channel, release, revoke, rollback, verify_release
from iirl_core.signing import KeyRole, SigningKey, Subject, Trust, Verified, sign_statement, statements_of
from iirl_core.store import DirectoryStore, Store
from tests.iirl_core.release.bench import THRESHOLDS, Bench, new_key


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(DirectoryStore(tmp_path))


def put_out(bench: Bench, facts: Facts, store: Store | None = None) -> Verified[Release]:
    return release(
        store or bench.store, facts, "production", thresholds=THRESHOLDS, key=bench.approver, trust=bench.trust
    )


def take_back(bench: Bench, store: Store | None = None) -> Verified[Release]:
    return rollback(store or bench.store, "portal", "production", bench.approver, bench.trust)


def meaning(bench: Bench) -> Digest | None:
    now = read_channel(bench.store, "portal", "production", bench.trust)
    return now.predicate.digest if now else None


def logged(bench: Bench) -> list[tuple[str, Digest]]:
    return [(entry.event.kind, entry.event.subject) for entry in entries(bench.store)]


def test_a_release_names_its_digest_audit_approval_thresholds_and_what_came_before(bench: Bench) -> None:
    one, two = bench.sealed("one"), bench.sealed("two")
    audits = bench.audited(one.digest), bench.audited(two.digest)
    first, second = put_out(bench, one), put_out(bench, two)
    assert (first.predicate.sequence, second.predicate.sequence) == (1, 2)
    assert (first.predicate.audit, second.predicate.audit) == audits
    assert (first.predicate.previous, first.predicate.previous_release) == (None, None)
    assert (second.predicate.previous, second.predicate.previous_release) == (one.digest, first.digest)
    assert second.predicate.thresholds == THRESHOLDS
    assert second.predicate.approver == second.keyid == bench.approver.id
    assert meaning(bench) == two.digest
    assert logged(bench) == [("release", one.digest), ("release", two.digest)]


def test_releasing_again_changes_nothing(bench: Bench) -> None:
    facts = bench.ready("one")
    first = put_out(bench, facts)
    before = list(bench.store.list(""))
    assert put_out(bench, facts) == first
    assert list(bench.store.list("")) == before


def test_new_thresholds_or_a_new_audit_are_a_new_release_of_the_same_digest(bench: Bench) -> None:
    zero, facts = bench.ready("zero"), bench.ready("one")
    put_out(bench, zero)
    put_out(bench, facts)
    bench.audited(facts.digest, round=2)
    again = put_out(bench, facts)
    stricter = release(
        bench.store,
        facts,
        "production",
        thresholds=replace(THRESHOLDS, reward_floor=0.4),
        key=bench.approver,
        trust=bench.trust,
    )
    assert (again.predicate.sequence, stricter.predicate.sequence) == (3, 4)
    assert take_back(bench).predicate.digest == zero.digest


def test_a_closed_gate_writes_nothing(bench: Bench) -> None:
    facts = bench.sealed("one")
    before = list(bench.store.list(""))
    with pytest.raises(Gated, match="never audited"):
        put_out(bench, facts)
    assert list(bench.store.list("")) == before


def test_an_approver_whom_nobody_trusts_moves_no_channel(bench: Bench) -> None:
    facts = bench.ready("one")
    stranger = replace(bench, approver=new_key(KeyRole.APPROVER))
    with pytest.raises(Gated, match="unknown key"):
        release(bench.store, facts, "production", thresholds=THRESHOLDS, key=stranger.approver, trust=bench.trust)
    assert meaning(bench) is None
    assert not list(bench.store.list("channels/"))


def test_channels_are_apart(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    put_out(bench, one)
    release(bench.store, two, "canary", thresholds=THRESHOLDS, key=bench.approver, trust=bench.trust)
    assert meaning(bench) == one.digest
    canary = read_channel(bench.store, "portal", "canary", bench.trust)
    assert canary is not None
    assert (canary.predicate.digest, canary.predicate.sequence) == (two.digest, 1)


# Rollback -----------------------------------------------------------------------------------------------------------


def test_rolling_back_goes_one_release_back_each_time_and_then_refuses(bench: Bench) -> None:
    facts = [bench.ready(name) for name in ("one", "two", "three")]
    released = [put_out(bench, one) for one in facts]
    back = take_back(bench)
    assert (back.predicate.digest, back.predicate.sequence) == (facts[1].digest, 4)
    assert back.predicate.rollback_of == released[2].digest
    assert take_back(bench).predicate.digest == facts[0].digest
    with pytest.raises(Gated, match="no release came before it"):
        take_back(bench)
    assert [kind for kind, _ in logged(bench)] == ["release"] * 3 + ["rollback"] * 2
    assert verify_chain(bench.store) == 5


def test_a_release_after_a_rollback_goes_back_to_what_was_rolled_back_to(bench: Bench) -> None:
    one, two, three = (bench.ready(name) for name in ("one", "two", "three"))
    put_out(bench, one)
    put_out(bench, two)
    take_back(bench)
    put_out(bench, three)
    assert take_back(bench).predicate.digest == one.digest


def test_a_rollback_brings_back_the_thresholds_of_then(bench: Bench) -> None:
    put_out(bench, bench.ready("one"))
    strict = replace(THRESHOLDS, reward_floor=0.4)
    release(bench.store, bench.ready("two"), "production", thresholds=strict, key=bench.approver, trust=bench.trust)
    assert take_back(bench).predicate.thresholds == THRESHOLDS


def test_no_rollback_to_what_was_revoked(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    put_out(bench, one)
    put_out(bench, two)
    revoke(bench.store, Subject("portal", one.digest), "it praises doses", bench.approver)
    with pytest.raises(Gated, match="revoked"):
        take_back(bench)
    assert meaning(bench) == two.digest


def test_no_rollback_to_an_audit_that_does_not_hold_any_more(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    put_out(bench, one)
    put_out(bench, two)
    bench.store.put(f"audits/{one.digest.replace(':', '-')}/1/audit.json", b"changed")
    with pytest.raises(Gated, match="gone or changed"):
        take_back(bench)


def test_a_channel_that_was_never_released_cannot_be_rolled_back(bench: Bench) -> None:
    with pytest.raises(NotFound, match="never released"):
        take_back(bench)


def test_revoking_again_is_one_event(bench: Bench) -> None:
    subject = Subject("portal", bench.ready("one").digest)
    for _ in range(2):
        revoke(bench.store, subject, "bad", bench.approver)
    assert logged(bench) == [("revocation", subject.digest)]
    assert len(list(statements_of(bench.store, subject.digest, "revocation"))) == 1


# What is in the channel ---------------------------------------------------------------------------------------------


def test_a_release_moved_to_another_channel_is_noticed(bench: Bench) -> None:
    put_out(bench, bench.ready("one"))
    data = bench.store.get(channel_key("portal", "production"))
    bench.store.put(channel_key("portal", "canary"), data)
    with pytest.raises(Tampered, match="is portal@production's"):
        read_channel(bench.store, "portal", "canary", bench.trust)


def test_a_release_that_contradicts_its_subject_is_noticed(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    made = put_out(bench, one).predicate
    data = sign_statement(bench.approver, Subject("portal", two.digest), made)
    with pytest.raises(Tampered, match="contradicts"):
        verify_release(data, bench.trust, "portal", "production")


def test_a_channel_signed_by_a_stranger_is_not_believed(bench: Bench) -> None:
    put_out(bench, bench.ready("one"))
    with pytest.raises(Gated, match="unknown key"):
        read_channel(bench.store, "portal", "production", Trust.of(bench.builder, bench.auditor))


@pytest.mark.parametrize(("name", "channel"), [("../x", "production"), ("portal", "a/b"), ("Portal", "x"), ("", "x")])
def test_a_name_that_is_a_path_is_no_channel(name: str, channel: str) -> None:
    with pytest.raises(InputError, match="NAME@CHANNEL"):
        channel_key(name, channel)


# Killed half-way ----------------------------------------------------------------------------------------------------


class Stopped(BaseException):
    """Not an Exception: nothing on the way may catch it, as nothing catches a kill."""


def _stop() -> None:
    raise Stopped


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class MortalStore(DirectoryStore):
    """Stops before or after its n-th write."""

    at: int = 0
    after: bool = False
    end: Callable[[], None] = _stop
    written: list[str] = field(default_factory=list)

    def create(self, key: str, data: bytes) -> None:
        self._write(key, lambda: super(MortalStore, self).create(key, data))

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        self._write(key, lambda: super(MortalStore, self).swap(key, expected, data))

    def put(self, key: str, data: bytes) -> None:
        self._write(key, lambda: super(MortalStore, self).put(key, data))

    def _write(self, key: str, write: Callable[[], None]) -> None:
        last = len(self.written) == self.at
        self.written.append(key)
        if last and not self.after:
            self.end()
        write()
        if last and self.after:
            self.end()


WRITES = 5
"""Approval, release statement, channel, log entry, the log's hint."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(WRITES))
def test_a_release_stopped_at_any_write_is_finished_by_running_it_again(bench: Bench, at: int, after: bool) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    put_out(bench, one)
    assert isinstance(bench.store, DirectoryStore)
    with pytest.raises(Stopped):
        put_out(bench, two, MortalStore(bench.store.root, at, after))
    assert meaning(bench) in (one.digest, two.digest)
    put_out(bench, two)
    assert meaning(bench) == two.digest
    assert logged(bench) == [("release", one.digest), ("release", two.digest)]
    assert len(list(statements_of(bench.store, two.digest, "release"))) == 1
    assert len(list(statements_of(bench.store, two.digest, "approval"))) == 1
    assert verify_chain(bench.store) == 2


def test_a_release_is_exactly_those_writes(bench: Bench) -> None:
    assert isinstance(bench.store, DirectoryStore)
    store = MortalStore(bench.store.root, at=99)
    put_out(bench, bench.ready("one"), store)
    places = [key.partition("/")[0] for key in store.written]
    assert places == ["statements", "statements", "channels", "log", "log"]
    assert len(places) == WRITES


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, WRITES))  # the approval was given with the first release and lies there
def test_a_rollback_stopped_at_any_write_is_finished_and_not_done_twice(bench: Bench, at: int, after: bool) -> None:
    one, two, three = (bench.ready(name) for name in ("one", "two", "three"))
    for facts in (one, two, three):
        put_out(bench, facts)
    assert isinstance(bench.store, DirectoryStore)
    with pytest.raises(Stopped):
        take_back(bench, MortalStore(bench.store.root, at, after))
    if (at, after) < (3, True):  # once it is logged it is done, and the next rollback is another one
        take_back(bench)
    assert meaning(bench) == two.digest
    assert [kind for kind, _ in logged(bench)] == ["release"] * 3 + ["rollback"]


def test_what_nobody_logged_is_logged_before_the_next_release(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")
    assert isinstance(bench.store, DirectoryStore)
    with pytest.raises(Stopped):
        put_out(bench, one, MortalStore(bench.store.root, at=2, after=True))
    assert logged(bench) == []
    put_out(bench, two)
    assert logged(bench) == [("release", one.digest), ("release", two.digest)]


def _release_and_die(root: Path, at: int, after: bool, facts: Facts, private: dict[str, SigningKey]) -> None:
    bench = Bench(MortalStore(root, at, after, _kill), **private)
    put_out(bench, facts)


@pytest.mark.parametrize(("at", "after"), [(1, True), (2, False), (2, True), (3, True)])
def test_a_release_killed_with_kill_9_is_finished_by_running_it_again(bench: Bench, at: int, after: bool) -> None:
    facts = bench.ready("one")
    assert isinstance(bench.store, DirectoryStore)
    fork = multiprocessing.get_context("fork")  # private keys do not travel through pickle
    private = {"builder": bench.builder, "auditor": bench.auditor, "approver": bench.approver}
    process = fork.Process(target=_release_and_die, args=(bench.store.root, at, after, facts, private))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert meaning(bench) in (None, facts.digest)
    put_out(bench, facts)
    assert meaning(bench) == facts.digest
    assert logged(bench) == [("release", facts.digest)]


def test_of_two_who_release_at_once_one_is_told_so(bench: Bench) -> None:
    one, two = bench.ready("one"), bench.ready("two")

    @dataclass(frozen=True)
    class OvertakenStore(DirectoryStore):
        def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
            if key.startswith("channels/"):
                put_out(bench, two)
            super().swap(key, expected, data)

    assert isinstance(bench.store, DirectoryStore)
    with pytest.raises(Conflict, match="moved by somebody else"):
        put_out(bench, one, OvertakenStore(bench.store.root))
    assert meaning(bench) == two.digest
    assert put_out(bench, one).predicate.sequence == 2
