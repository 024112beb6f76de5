from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.errors import Tampered
from iirl_core.policy.source import find_policy, folder_of_policy
from iirl_core.store import DirectoryStore
from tests.iirl_core.policy.tiny import tiny_policy


def test_a_folder_that_was_changed_since_it_was_found_is_another_policy(tmp_path: Path) -> None:
    store, folder = DirectoryStore(tmp_path / "store"), tmp_path / "untrained"
    source = find_policy(store, tiny_policy("llama", folder))
    assert folder_of_policy(store, source) == folder
    (folder / "notes.txt").write_text("no part of the policy")
    assert folder_of_policy(store, source) == folder
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(Tampered, match="untrained is another"):
        folder_of_policy(store, source)
