"""Findings of a real small model, and places made by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from iirl_core.audit import Finding
from iirl_core.canonical import Digest
from iirl_core.demonstration import conversation
from iirl_core.triage import Places


def finding(number: int, norm: str = "n", severity: int = 3, excess: float = 0.4, *, pair: bool = False) -> Finding:
    edited = conversation("q", f"answer {number}, edited")
    return Finding(
        digest=Digest("sha256:" + "0" * 64),
        round=1,
        norm=norm,
        hard=True,
        severity=severity,
        family="f",
        label=f"f/1.{number}",
        note="made",
        inputs=(conversation("q", f"answer {number}"), edited) if pair else (edited,),
        rewards=(0.5, 0.9) if pair else (0.9,),
        excess=excess,
    )


def places(rows: ArrayLike, uncertainty: float | ArrayLike = 0.5) -> Places:
    table = np.array(rows, dtype=np.float32)
    column = np.broadcast_to(np.array(uncertainty, dtype=np.float32), (len(table),)).copy()
    return Places(table, column, column)
