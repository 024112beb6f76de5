"""Loading: a folder or a store → an Artifact, or a refusal that names what does not hold.

In this order: the manifest is ours, canonical and named by its digest; every file has its digest and none is strange;
weights, map and patches fit together; golden Readings computed now match those kept.
"""

from __future__ import annotations

from pathlib import Path

from iirl_core.artifact.artifact import Artifact
from iirl_core.artifact.files import MANIFEST, verify_files
from iirl_core.artifact.golden import check_golden
from iirl_core.artifact.guard import Guard
from iirl_core.artifact.parsing import parse_manifest
from iirl_core.artifact.weights import load_model
from iirl_core.canonical import Digest, digest_bytes, folder_of
from iirl_core.encoder import place
from iirl_core.errors import NotFound, Tampered
from iirl_core.store import Store


def load(
    folder: str | Path, *, expected: Digest | None = None, trust_remote_code: bool = False, device: str = "cpu"
) -> Artifact:
    """Load and verify the artifact in a local folder. Runs no code that came with it, unless ``trust_remote_code``.

    A folder that is named like a digest must hold that digest; ``expected`` asks for one explicitly. A text encoder
    computes on ``device``, and its golden Readings are computed there.

    Raises:
        NotFound: the folder holds no manifest.
        Tampered: a digest, a field or a golden Reading does not hold.
        ArtifactError: the manifest's schema is another version's, or its parts do not fit together.
    """
    folder = Path(folder)
    try:
        data = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"no artifact in {folder}", f"a folder with {MANIFEST}") from error
    digest = digest_bytes(data)
    named = folder.name if folder.name.startswith("sha256-") else folder_of(expected or digest)
    if folder_of(digest) != named or (expected is not None and digest != expected):
        raise Tampered(f"{MANIFEST} has digest {digest}", expected or named.replace("-", ":", 1))
    manifest = parse_manifest(data)
    verify_files(folder, manifest)
    guard = Guard.load(folder / "guard")
    model = load_model(folder, manifest, trust_remote_code=trust_remote_code)
    place(model.encoder, device)
    check_golden(model, manifest.golden)
    return Artifact(digest, manifest, model, guard, folder)


def load_from(
    store: Store,
    digest: Digest,
    *,
    cache: Path | None = None,
    trust_remote_code: bool = False,
    device: str = "cpu",
) -> Artifact:
    """Load and verify ``artifacts/DIGEST`` of a store; ``cache`` is where a remote store's files are kept locally
    (default: ``~/.cache/iirl``).

    Raises:
        NotFound: the store holds no such artifact.
        Tampered, ArtifactError: as ``load``.
    """
    name = folder_of(digest)
    if not store.exists(f"artifacts/{name}/{MANIFEST}"):
        raise NotFound(f"{digest} is not in {store.url}", "a sealed artifact")
    folder = store.local(f"artifacts/{name}", cache or Path.home() / ".cache" / "iirl")
    return load(folder, expected=digest, trust_remote_code=trust_remote_code, device=device)
