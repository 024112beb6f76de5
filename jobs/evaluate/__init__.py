"""``iirl evaluate``: what an artifact says of what neither training nor patching saw, as numbers with intervals."""

from jobs.evaluate.job import evaluation_key as evaluation_key
from jobs.evaluate.job import run as run
