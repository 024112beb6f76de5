"""``iirl audit``: the red team's questions, fanned out by Ray Data over scorers; findings, coverage, a verdict."""

from jobs.audit.job import AuditRound as AuditRound
from jobs.audit.job import audit_round as audit_round
from jobs.audit.job import run as run
