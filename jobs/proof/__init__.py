"""Every check that ``iirl verify`` prints: what holds of an artifact, its statements, its releases and the log."""

from jobs.proof.check import Check as Check
from jobs.proof.prove import prove as prove
from jobs.proof.releases import channels_of as channels_of
