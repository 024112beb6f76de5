from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.errors import ConfigError
from iirl_core.signing import KeyRole
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.key import list_keys, new_keys, refuse_keys_inside


def test_without_a_role_every_missing_key_is_made_and_none_is_touched(tmp_path: Path) -> None:
    new_keys(tmp_path, KeyRole.AUDITOR)
    before = (tmp_path / "auditor.key").read_bytes()
    assert "auditor" not in new_keys(tmp_path).made
    assert (tmp_path / "auditor.key").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{role}.{half}" for role in KeyRole for half in ("key", "pub")
    )
    assert "every role has one" in new_keys(tmp_path).made


def test_a_role_that_has_a_key_gets_no_second(tmp_path: Path) -> None:
    new_keys(tmp_path, KeyRole.AUDITOR)
    with pytest.raises(ConfigError, match="exists already"):
        new_keys(tmp_path, KeyRole.AUDITOR)


def test_the_list_says_whose_keys_they_are_and_which_can_sign(tmp_path: Path) -> None:
    new_keys(tmp_path)
    (tmp_path / "builder.key").unlink()
    printed = io.StringIO()
    outcome = list_keys(tmp_path, Progress(Console(file=printed, width=400)))
    assert outcome.made == "4 keys"
    rows = {line.split()[3]: line for line in printed.getvalue().splitlines() if ".pub" in line}
    assert set(rows) == set(KeyRole)
    assert rows["builder"].split()[-2] == "no"
    assert rows["auditor"].split()[-2] == "yes"


def test_keys_may_lie_beside_the_store_and_not_inside_it(tmp_path: Path) -> None:
    refuse_keys_inside(DirectoryStore(tmp_path / ".iirl"), tmp_path / ".iirl-keys")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / ".iirl")
    for inside in (tmp_path / ".iirl" / "keys", tmp_path / ".iirl", link / "keys"):
        with pytest.raises(ConfigError, match="inside the store"):
            refuse_keys_inside(DirectoryStore(tmp_path / ".iirl"), inside)
