"""The section of the plan: what a dry run assumes of devices and of corpora."""

from __future__ import annotations

from pydantic import Field

from iirl_core.config.section import Section


class PlanSection(Section):
    """What ``iirl train --dry-run`` assumes of a device, and of corpora that it cannot see, when it says what training
    would take. Decides nothing else.
    """

    peak_tflops: float | None = Field(default=None, gt=0)
    """10¹² operations a second that one device could do. None: an H100 SXM's with GPUs (989 in bf16, 67 in fp32: its
    data sheet, dense), .05 for each CPU without."""
    utilisation: float = Field(default=0.4, gt=0, le=1)
    """The share of the peak that training reaches: Llama 3's pre-training reached .38 to .43 (arXiv 2407.21783, table
    4)."""
    memory_gb: float = Field(default=80.0, gt=0)
    """10⁹ bytes of memory of one device, which the plan is held against."""
    rows: int | None = Field(default=None, ge=1)
    """Rows that an epoch learns from, answers or steps of trajectories, where no corpus is there that could be counted,
    or nobody knows how many comparisons reach train.select.threshold: each side of a comparison is one, so is each
    corrupted negative."""
    tokens: float | None = Field(default=None, gt=0)
    """Tokens of a text on average, likewise, or where ingestion did not count them; more than ``encoder.max_tokens``
    are cut."""
