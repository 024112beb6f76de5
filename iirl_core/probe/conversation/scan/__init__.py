"""Scan: the family that asks which feature, of a broad vocabulary, moves a reward."""

from iirl_core.probe.conversation.scan.family import Scan as Scan
