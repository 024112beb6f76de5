from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.canonical import folder_of
from iirl_core.errors import ConfigError, Gated, NotFound, Tampered
from iirl_core.log import entries
from iirl_core.release import resolve
from iirl_core.signing import KeyRole, Trust
from jobs import release
from jobs.proof import prove
from tests.jobs.wheel import Wheel, quiet


def test_the_latest_artifact_goes_to_the_configured_channel(wheel: Wheel) -> None:
    outcome = release.run(wheel.session, wheel.config, quiet())
    assert outcome.passed
    assert f"sample@production is now {wheel.child[:19]}" in outcome.made
    assert Path(outcome.where).is_file()
    assert resolve(wheel.store, "sample@production") == wheel.child


def test_an_artifact_may_be_named(wheel: Wheel) -> None:
    with pytest.raises(Gated, match="round 1 did not pass"):
        release.run(wheel.session, wheel.config, quiet(), reference=wheel.root)
    wheel.audited(wheel.root, 3, passed=True)
    release.run(wheel.session, wheel.config, quiet(), reference=wheel.root[:20])
    assert resolve(wheel.store, "sample@production") == wheel.root


def test_an_artifact_whose_bytes_changed_is_not_released(wheel: Wheel) -> None:
    card = wheel.store.root / "artifacts" / folder_of(wheel.child) / "README.md"
    card.write_text(card.read_text() + "It is safe.")
    with pytest.raises(Tampered, match=r"README\.md"):
        release.run(wheel.session, wheel.config, quiet())
    assert not list(wheel.store.list("channels/"))


def test_the_name_of_the_configuration_is_the_only_one_that_is_released(wheel: Wheel) -> None:
    other = wheel.config.model_copy(update={"name": "other"})
    with pytest.raises(Gated, match="a version of sample, not of other"):
        release.run(wheel.session, other, quiet(), reference=wheel.child)


def test_without_the_approvers_key_nothing_is_released(wheel: Wheel) -> None:
    (wheel.keys / "approver.key").unlink()
    with pytest.raises(ConfigError, match="iirl key new approver"):
        release.run(wheel.session, wheel.config, quiet())


def test_keys_inside_the_store_are_refused(wheel: Wheel) -> None:
    inside = wheel.store.root / "keys"
    wheel.keys.rename(inside)
    with pytest.raises(ConfigError, match="inside the store"):
        release.run(wheel.session, wheel.config.model_copy(update={"keys": str(inside)}), quiet())


def test_rolling_back_and_releasing_again_are_both_in_the_log(wheel: Wheel) -> None:
    wheel.audited(wheel.root, 3, passed=True)
    release.run(wheel.session, wheel.config, quiet(), reference=wheel.root)
    release.run(wheel.session, wheel.config, quiet())
    outcome = release.rollback(wheel.session, wheel.config, quiet())
    assert f"is now {wheel.root[:19]} (release 3" in outcome.made
    assert resolve(wheel.store, "sample@production") == wheel.root
    with pytest.raises(Gated, match="no release came before it"):
        release.rollback(wheel.session, wheel.config, quiet())
    kinds = [entry.event.kind for entry in entries(wheel.store)]
    assert kinds[-3:] == ["release", "release", "rollback"]


def test_a_rollback_takes_no_artifact_and_needs_a_release(wheel: Wheel) -> None:
    with pytest.raises(ConfigError, match="the one before is meant"):
        release.rollback(wheel.session, wheel.config, quiet(), reference=wheel.root)
    with pytest.raises(NotFound, match="never released"):
        release.rollback(wheel.session, wheel.config, quiet())


def test_the_approver_is_who_signed(wheel: Wheel) -> None:
    outcome = release.run(wheel.session, wheel.config, quiet())
    assert f"approved by {wheel.key(KeyRole.APPROVER).id[:12]}" in outcome.made


def test_what_was_revoked_is_never_released_again(wheel: Wheel) -> None:
    release.run(wheel.session, wheel.config, quiet())
    outcome = release.revoke(wheel.session, wheel.config, quiet(), "sample@production", "it leaks")
    assert wheel.child[:19] in outcome.made
    assert [entry.event.kind for entry in entries(wheel.store)][-1] == "revocation"
    with pytest.raises(Gated, match="it leaks"):
        release.run(wheel.session, wheel.config, quiet())
    checks = prove(wheel.store, wheel.child, ("sample", "production"), Trust.from_folder(wheel.keys))
    assert any("it leaks" in check.problem for check in checks)


def test_a_revocation_names_its_artifact(wheel: Wheel) -> None:
    with pytest.raises(ConfigError, match="--artifact"):
        release.revoke(wheel.session, wheel.config, quiet(), None, "it leaks")
