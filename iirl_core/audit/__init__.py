"""Audits: findings, coverage, counts with bounds, the verdict; and the chunk that is fanned out."""

from iirl_core.audit.audit import Audit as Audit
from iirl_core.audit.cell import Cell as Cell
from iirl_core.audit.chunk import ChunkResult as ChunkResult
from iirl_core.audit.chunk import audit_chunk as audit_chunk
from iirl_core.audit.chunk import worst_first as worst_first
from iirl_core.audit.coverage import Coverage as Coverage
from iirl_core.audit.example import Example as Example
from iirl_core.audit.family_result import FamilyResult as FamilyResult
from iirl_core.audit.family_result import upper_bound as upper_bound
from iirl_core.audit.finding import Finding as Finding
from iirl_core.audit.finding import TriageLabel as TriageLabel
from iirl_core.audit.part import part_from_bytes as part_from_bytes
from iirl_core.audit.part import part_to_bytes as part_to_bytes
from iirl_core.audit.reservoir import Reservoir as Reservoir
from iirl_core.audit.table import findings_from_bytes as findings_from_bytes
from iirl_core.audit.table import findings_of as findings_of
from iirl_core.audit.table import findings_table as findings_table
from iirl_core.audit.table import findings_to_bytes as findings_to_bytes
from iirl_core.audit.tampering import Movement as Movement
from iirl_core.audit.tampering import movements as movements
from iirl_core.audit.twins import twinned as twinned
from iirl_core.audit.verdict import Verdict as Verdict
from iirl_core.audit.verdict import decide_verdict as decide_verdict
from iirl_core.audit.verify import verified as verified
from iirl_core.audit.verify import verify as verify
