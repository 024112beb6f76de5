"""Artifacts: sealed RewardModels, named by their digests, verified whenever they are loaded."""

from iirl_core.artifact.artifact import Artifact as Artifact
from iirl_core.artifact.draft import ArtifactDraft as ArtifactDraft
from iirl_core.artifact.entries import CorpusEntry as CorpusEntry
from iirl_core.artifact.entries import FileEntry as FileEntry
from iirl_core.artifact.guard import Guard as Guard
from iirl_core.artifact.guard import guard_metrics as guard_metrics
from iirl_core.artifact.loading import load as load
from iirl_core.artifact.loading import load_from as load_from
from iirl_core.artifact.manifest import Manifest as Manifest
from iirl_core.artifact.parsing import parse_manifest as parse_manifest
from iirl_core.artifact.provenance import Learnt as Learnt
from iirl_core.artifact.provenance import Mode as Mode
from iirl_core.artifact.provenance import Provenance as Provenance
from iirl_core.artifact.provenance import Supervision as Supervision
from iirl_core.artifact.provenance import provenance_of as provenance_of
from iirl_core.artifact.sealing import seal as seal
from iirl_core.artifact.sealing import seal_child as seal_child
