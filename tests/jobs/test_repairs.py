"""A repair taken back, one patch at a time: a new child, signed and logged, with the patch on record."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from cluster.session import Session
from iirl_core.artifact import load_from, seal_child
from iirl_core.canonical import Digest
from iirl_core.errors import ConfigError, InputError
from iirl_core.log import entries
from iirl_core.patch import Repairs
from iirl_core.release import resolve
from iirl_core.signing import SealPredicate, Trust, statements_of, verify_envelope
from iirl_core.store.pointer import move_pointer
from jobs import repairs
from jobs.__main__ import main
from jobs.cli import parser
from jobs.commands import module_of
from jobs.console import Progress
from tests.iirl_core.artifact.samples import patch_at, walks
from tests.iirl_core.artifact.test_repair_files import slight
from tests.jobs.audit.turning import make_root, wheel_config
from tests.jobs.wheel import quiet


@pytest.fixture
def patched(tmp_path: Path) -> tuple[Session, Digest]:
    """A root with two small patches."""
    session, root = make_root(tmp_path)
    parent = load_from(session.store, root)
    patches = [patch_at(parent.model, item, strength=0.01) for item in walks(2, seed=9)]
    child = seal_child(session.store, parent, patches)
    move_pointer(session.store, "runs/sample/latest", child)
    return session, child


def test_a_reverted_patch_has_no_effect_and_stays_on_record(patched: tuple[Session, Digest], tmp_path: Path) -> None:
    session, child = patched
    config, before = wheel_config(tmp_path), load_from(session.store, child)
    first, second = (patch.id for patch in before.model.patches)
    outcome = repairs.switch(session, config, quiet(), revert=[first])
    assert outcome.next == "iirl audit CONFIG.yaml"
    assert outcome.made.endswith(f"{child[:19]} with 1 repair reverted")
    latest = resolve(session.store, "sample")
    after = load_from(session.store, latest)
    assert after.manifest.parent == child
    assert [(patch.id, patch.enabled) for patch in after.model.patches] == [(first, False), (second, True)]
    assert (before.manifest.patches, after.manifest.patches) == (2, 1)
    (data,) = statements_of(session.store, latest, SealPredicate.kind)
    said = verify_envelope(data, Trust.from_folder(tmp_path / "keys"), SealPredicate, latest).predicate
    assert said.version == after.manifest.version
    *_, entry = entries(session.store)
    assert (entry.event.kind, entry.event.subject, entry.event.detail("reverted")) == ("revert", latest, first)

    repairs.switch(session, config, quiet(), enable=[first])
    again = load_from(session.store, resolve(session.store, "sample"))
    item = walks(2, seed=9)[0]
    rewards = [artifact.read([item])[0].reward for artifact in (before, after, again)]
    assert rewards[0] == pytest.approx(rewards[2], abs=1e-6)
    assert rewards[1] >= rewards[0]


def test_a_patch_that_is_not_there_makes_no_child(patched: tuple[Session, Digest], tmp_path: Path) -> None:
    session, child = patched
    with pytest.raises(InputError, match="there is no repair p-123"):
        repairs.switch(session, wheel_config(tmp_path), quiet(), revert=["p-123"])
    assert resolve(session.store, "sample") == child


def test_an_edit_of_the_weights_is_listed_taken_back_and_put_back(
    patched: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = patched
    config, before = wheel_config(tmp_path), load_from(session.store, child)
    edit = slight(before.model)
    sealed = seal_child(session.store, before, before.model.repairs.joined(Repairs(edits=(edit,))))
    move_pointer(session.store, "runs/sample/latest", sealed)
    told = io.StringIO()
    repairs.listing(session, config, Progress(Console(file=told, width=200)))
    (line,) = [line for line in told.getvalue().splitlines() if edit.id in line]
    for word in ("edit", "1 matrices of the head, rank 1", "2 findings of n", "enabled"):
        assert word in line
    repairs.switch(session, config, quiet(), revert=[edit.id])
    items = walks(2, seed=9)
    rewards = [[one.reward for one in load_from(session.store, each).read(items)] for each in (child, sealed)]
    assert [one.reward for one in load_from(session.store, resolve(session.store, "sample")).read(items)] == rewards[0]
    repairs.switch(session, config, quiet(), enable=[edit.id])
    assert [one.reward for one in load_from(session.store, resolve(session.store, "sample")).read(items)] == rewards[1]


def test_patches_act_in_another_order_in_a_child_that_the_log_tells_of(
    patched: tuple[Session, Digest], tmp_path: Path
) -> None:
    session, child = patched
    first, second = (patch.id for patch in load_from(session.store, child).model.patches)
    repairs.reorder(session, wheel_config(tmp_path), quiet(), order=[second, first])
    latest = resolve(session.store, "sample")
    after = load_from(session.store, latest)
    assert after.manifest.parent == child
    assert [patch.id for patch in after.model.patches] == [second, first]
    *_, entry = entries(session.store)
    assert (entry.event.kind, entry.event.subject) == ("reorder", latest)
    assert entry.event.detail("order") == f"{second} {first}"
    with pytest.raises(InputError, match="in that order already"):
        repairs.reorder(session, wheel_config(tmp_path), quiet(), order=[second, first])


def test_every_patch_is_listed(patched: tuple[Session, Digest], tmp_path: Path) -> None:
    session, child = patched
    told = io.StringIO()
    outcome = repairs.listing(session, wheel_config(tmp_path), Progress(Console(file=told, width=200)))
    assert outcome.made == "2 of 2 repairs are enabled"
    for patch in load_from(session.store, child).model.patches:
        assert patch.id in told.getvalue()


def test_the_command_line_knows_the_four_from_patching() -> None:
    for words, module, act in (
        (["--list"], "repairs", "listing"),
        (["--revert", "p-1", "--revert", "p-2"], "repairs", "switch"),
        (["--enable", "p-1"], "repairs", "switch"),
        (["--reorder", "p-2", "p-1"], "repairs", "reorder"),
        ([], "patch", "run"),
    ):
        options = parser().parse_args(["patch", "config.yaml", *words])
        assert (module_of(options), getattr(options, "act", "run")) == (module, act)
    assert main(["patch", "nowhere.yaml", "--revert", "p-1"]) == 2
    with pytest.raises(ConfigError, match="--list together with"):
        module_of(parser().parse_args(["patch", "config.yaml", "--list", "--enable", "p-1"]))
