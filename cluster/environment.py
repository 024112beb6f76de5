"""What Ray reads from the environment, set before anything can import it.

Ray reads these once, when it is first imported; set later they do harm (half of it then believes the one, half the
other). So importing ``cluster`` sets them, and every module of ours that uses Ray imports ``cluster`` first.
"""

from __future__ import annotations

import os
import sys

SETTINGS = {
    "RAY_AUTH_MODE": "token",  # Ray listens on all interfaces: the token is the protection
    "RAY_raylet_start_wait_time_s": "180",  # a busy machine takes longer than Ray's own 60 s
    "RAY_idle_worker_killing_time_threshold_ms": "60000",  # a pipeline's Pythons serve the next one, too
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",  # progress is ours to show, in one place
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # how late the end of a run, or of a rank, is noticed
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "600",  # imports alone take a minute on a busy machine
    "RAY_TRAIN_ENABLE_STATE_TRACKING": "0",  # without a dashboard it only warns, every second
}


def prepare_environment() -> None:
    """Set what the user has not set; too late where Ray is loaded already, which then keeps its own defaults."""
    if "ray" in sys.modules:
        return
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
