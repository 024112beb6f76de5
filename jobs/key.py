"""``iirl key``: make and list signing keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iirl_core.errors import ConfigError
from iirl_core.signing import KeyRole, Trust, generate_key
from iirl_core.store import DirectoryStore, Store
from jobs.outcome import Outcome

if TYPE_CHECKING:
    from jobs.console import Progress


def new_keys(folder: Path, role: KeyRole | None = None) -> Outcome:
    """Make the key of ``role``, or of every role that has none in ``folder`` yet.

    Raises:
        ConfigError: the role's key exists already, or the folder cannot be written.
    """
    wanted = [role] if role else [one for one in KeyRole if not (folder / f"{one}.key").exists()]
    made = [f"{one} {generate_key(folder, one).id[:12]}" for one in wanted]
    if not made:
        return Outcome("made no key: every role has one", str(folder), "iirl key list")
    return Outcome(f"made the keys of {', '.join(made)} (private: *.key, mode 0600; to give away: *.pub)", str(folder))


def list_keys(folder: Path, progress: Progress) -> Outcome:
    """Say whose keys lie in ``folder``, and which of them can sign.

    Raises:
        ConfigError: there is none, or a file is not a key.
    """
    trust = Trust.from_folder(folder)
    rows = []
    for key in trust.keys:
        private = Path(key.source).with_suffix(".key")
        rows.append([key.id, key.role.value, key.source, "yes" if private.exists() else "no"])
    progress.table("keys", ["id", "role", "public half", "can sign"], rows)
    return Outcome(f"{len(rows)} keys", str(folder))


def refuse_keys_inside(store: Store, folder: Path) -> None:
    """Private keys in a store would travel with it.

    Raises:
        ConfigError: ``folder`` lies inside a directory store.
    """
    if isinstance(store, DirectoryStore) and folder.resolve().is_relative_to(store.root.resolve()):
        raise ConfigError(f"the keys in {folder} lie inside the store {store.url}", "a folder outside of it")
