"""The audit report of an artifact: facts gathered from the store, laid out by ``iirl_core.report``."""

from jobs.report.job import write_report as write_report
