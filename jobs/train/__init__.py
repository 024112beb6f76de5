"""Training: corpora → features → weights → a sealed artifact."""

from jobs.train.job import run as run
