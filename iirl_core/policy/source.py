"""Where a policy lies that is called by a name, and which bytes it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iirl_core.artifact.files import digest_file
from iirl_core.canonical import Digest, digest_json
from iirl_core.errors import ConfigError, Tampered, one_line
from iirl_core.policy.storing import load_policy, resolve_policy
from iirl_core.store.protocol import Store

FILES = ("*.safetensors", "*.json", "*.jinja", "*.model")
"""What a transformers folder needs of a hub's; nothing pickled, no code."""


@dataclass(frozen=True)
class PolicySource:
    """``digest`` is the policy's in the store, or that of the folder's files; ``name`` what it is called (a hub name, a
    folder's last name, a policy's name); ``place`` where any node finds it: a folder, a hub name, or a digest.
    """

    digest: Digest
    name: str
    place: str
    revision: str | None = None


def find_policy(store: Store, model: str) -> PolicySource:
    """The policy that is called ``model``: one in the store by name or digest, a folder, or a hub name.

    Raises:
        ConfigError: there is none.
        Tampered: a policy's files in the store were changed.
    """
    digest = resolve_policy(store, model)
    if digest is not None:
        return PolicySource(digest, load_policy(store, digest).manifest.name, digest)
    folder = Path(model)
    if folder.is_dir():
        return PolicySource(_digest(folder), folder.resolve().name, str(folder.resolve()))
    fetched = _fetch(model, None)
    return PolicySource(_digest(fetched), model, model, fetched.name)


def folder_of_policy(store: Store, source: PolicySource) -> Path:
    """A local transformers folder with the policy, on any node.

    Raises:
        ConfigError: it cannot be found from here.
        Tampered: it is another than ``find_policy`` found.
    """
    if source.place == source.digest:
        return load_policy(store, source.digest).model
    folder = Path(source.place)
    folder = folder if folder.is_dir() else _fetch(source.place, source.revision)
    if _digest(folder) != source.digest:
        raise Tampered(f"the policy {source.name} is another than when this began", todo="Run the command again")
    return folder


def _fetch(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download  # a second, and only where a hub is meant
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES)))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        raise ConfigError(
            f"there is no policy {name!r} ({one_line(error)})", "a policy in the store, a folder, or a hub name"
        ) from error


def _digest(folder: Path) -> Digest:
    paths = sorted({path for pattern in FILES for path in folder.glob(pattern)})
    return digest_json({path.name: digest_file(path)[0] for path in paths})
