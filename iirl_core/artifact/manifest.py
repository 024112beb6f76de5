"""The Manifest: everything an artifact says of itself, as canonical JSON. Its digest names the artifact.

Equal artifacts have equal manifests: it holds no time, no host and no machine path. When it was sealed, and by whom, is
said by the builder's signed statement beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.artifact.entries import Calibration, CorpusEntry, FileEntry, Golden, GuardEntry
from iirl_core.artifact.provenance import Mode, Supervision
from iirl_core.canonical import Digest, JsonValue, canonical_json, digest_bytes
from iirl_core.encoder.protocol import ArtifactKind
from iirl_core.errors import ArtifactError
from iirl_core.unlearning.forgotten import Forgotten

SCHEMA = 2
"""Version of this document. Readers refuse others than this and ``FORMER``."""
FORMER = 1
"""The version that does not know ``forgotten.against``; what does not say it is still written so, for older readers."""


@dataclass(frozen=True)
class Manifest:
    """``encoder`` and ``expertness`` are the documents their rooms wrote, and the only ones that read them; ``config``
    is the resolved configuration without what says only where things lie. ``terminal`` is how terminal states are
    treated (None for conversations); the JSON also says whether staying alive pays. ``patches`` counts the enabled
    ones, and so do ``projections``, ``sculpts`` and ``edits``, which are written where there are any. ``human``: a
    person's triage labels went into the patches. ``classifier`` says for text which folder is a stock classifier that
    gives the unpatched signal, or why there is none (None: for trajectories, and where nothing was said).
    ``forgotten`` is written where records that an ancestor learnt from were forgotten last.
    """

    name: str
    version: str
    parent: Digest | None
    kind: ArtifactKind
    mode: Mode
    supervision: Supervision
    human: bool
    files: tuple[FileEntry, ...]
    corpora: tuple[CorpusEntry, ...]
    config: dict[str, JsonValue]
    environment: dict[str, str]
    metrics: dict[str, float]
    encoder: dict[str, JsonValue]
    expertness: dict[str, JsonValue]
    calibration: Calibration
    terminal: str | None
    guard: GuardEntry
    patches: int
    golden: tuple[Golden, ...]
    classifier: dict[str, JsonValue] | None = None
    projections: int = 0
    sculpts: int = 0
    edits: int = 0
    forgotten: Forgotten | None = None

    @property
    def schema(self) -> int:
        """The oldest version that holds all of it."""
        return FORMER if self.forgotten is None or self.forgotten.against is None else SCHEMA

    @property
    def repairs(self) -> dict[str, int]:
        """How many of each kind are enabled; of kinds beside patches only those that there are."""
        others = {"projections": self.projections, "sculpts": self.sculpts, "edits": self.edits}
        return {"patches": self.patches} | {kind: count for kind, count in others.items() if count}

    @property
    def has_classifier(self) -> bool:
        """Whether a folder of it is a stock classifier."""
        return self.classifier is not None and self.classifier.get("folder") is not None

    @property
    def whole_episodes(self) -> bool:
        """Whether a trajectory is scored as a whole, its steps' rewards being their credit for it."""
        return self.expertness.get("family") == "occupancy"

    @property
    def staying_alive_pays(self) -> bool:
        """Whether an episode that ends early earns less for that alone. Not where whole episodes are scored and their
        ends ignored: half a demonstration is then as good as a whole one.
        """
        return not self.whole_episodes or self.terminal == "absorbing"

    def document(self) -> dict[str, JsonValue]:
        """As JSON; ``parsing.parse_manifest`` is the inverse."""
        model: dict[str, JsonValue] = {"encoder": self.encoder, "expertness": self.expertness}
        if self.classifier is not None:
            model["classifier"] = self.classifier
        terminal: JsonValue = None
        if self.terminal is not None:
            terminal = {"states": self.terminal, "staying_alive_pays": self.staying_alive_pays}
        return {
            "schema": self.schema,
            "name": self.name,
            "version": self.version,
            "parent": self.parent,
            "kind": self.kind,
            "mode": self.mode.value,
            "supervision": {"level": self.supervision.value, "human": self.human},
            "files": [{"path": file.path, "digest": file.digest, "size": file.size} for file in self.files],
            "corpora": [{"name": item.name, "role": item.role, "digest": item.digest} for item in self.corpora],
            "config": self.config,
            "environment": dict(self.environment),
            "metrics": dict(self.metrics),
            "model": model,
            "calibration": {
                "mapping": dict(self.calibration.mapping),
                "support_scale": self.calibration.support_scale,
                "spread": {
                    "latent": list(self.calibration.latent),
                    "residual": list(self.calibration.residual),
                    "input": self.calibration.input,
                },
            },
            "terminal": terminal,
            "guard": {"digest": self.guard.digest, "rows": self.guard.rows, "known_good": self.guard.known_good},
            **self.repairs,
            **({} if self.forgotten is None else {"forgotten": self.forgotten.document()}),
            "golden": [
                {"input": item.input, "signal": item.signal, "reward": item.reward, "uncertainty": item.uncertainty}
                for item in self.golden
            ],
        }

    def bytes(self) -> bytes:
        """Canonical JSON.

        Raises:
            ArtifactError: a number is NaN or infinite.
        """
        try:
            return canonical_json(self.document())
        except ValueError as error:
            raise ArtifactError("a manifest with NaN or infinity", "finite metrics and calibration") from error
        except RecursionError as error:
            raise ArtifactError("a manifest nested too deeply to be written") from error

    def digest(self) -> Digest:
        """What names the artifact."""
        return digest_bytes(self.bytes())

    def file(self, path: str) -> FileEntry:
        """The entry of one file.

        Raises:
            ArtifactError: there is none.
        """
        for entry in self.files:
            if entry.path == path:
                return entry
        raise ArtifactError(f"the manifest of {self.name} {self.version} lists no {path}")
