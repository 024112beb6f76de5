"""The core: true with no cluster at all. Nouns, families, maps, patches, norms, probes, audits, artifacts, releases.

Example:
    >>> from iirl_core import load
    >>> load("my-artifact").read([{"prompt": "Hello", "response": "Hi!"}])[0].reward  # doctest: +SKIP
    0.91
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iirl_core.artifact import Artifact


def load(folder: str | Path) -> Artifact:
    """Load and verify an artifact's folder, in process, without Ray: ``iirl_core.artifact.load``."""
    from iirl_core.artifact import load as load_folder  # torch takes seconds to import

    return load_folder(folder)
