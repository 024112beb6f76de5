"""The Session: the store, and a Ray that starts when it is first needed.

A laptop gets an embedded local Ray that dies with the session; ``address`` connects to a cluster instead. A Ray that
already runs in this process is used as it is and left running. Nothing here loads Ray before ``Session.ray``.

Ray listens on all interfaces whatever the dashboard does, so the token is the protection: ``cluster.environment`` asks
for it, and the token's file is made readable by its owner alone.
"""

from __future__ import annotations

import os
import socket
import threading
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cluster.capacity import Capacity, Node
from cluster.store import open_store
from iirl_core.errors import ClusterError, one_line

if TYPE_CHECKING:
    from iirl_core.config import Config
    from iirl_core.store.protocol import Store

REACH_SECONDS = 5.0
"""How long a cluster's address may take to accept a connection."""
TOKEN_SECONDS = 10.0
"""How long it may take to accept or refuse our token. Ray itself retries for two minutes, silently."""
OBJECT_STORE_SHARE = 0.25
OBJECT_STORE_CAP = 2 * 1024**3
PACKAGES = ("iirl_core", "cluster", "jobs", "serving")


class Session:
    """Owns the Ray connection of one process, beside its store.

    Example:
        >>> with Session(store) as session:  # doctest: +SKIP
        ...     session.ray()
        ...     session.cpus()
    """

    def __init__(self, store: Store, address: str | None = None) -> None:
        self.store = store
        self.address = address or os.environ.get("RAY_ADDRESS") or None
        self._started = False

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ray(self) -> None:
        """Start or join Ray, once.

        Raises:
            ClusterError: the address cannot be reached, or refuses our token; or the local Ray does not start.
        """
        import ray  # 2 s, and only the verbs that need it pay

        if ray.is_initialized():
            return
        if self.address:
            _join(self.address)
        else:
            _start_local()
        self._started = True

    def cluster(self) -> Capacity:
        """What the cluster has now (this machine, for a local Ray); starts Ray.

        Raises:
            ClusterError: as ``ray``; or it has no CPU.
        """
        self.ray()
        import ray

        offered = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return Capacity(tuple(Node(one.get("CPU", 0.0), one.get("GPU", 0.0)) for one in offered))

    def cpus(self) -> float:
        """CPUs that can be used; starts Ray."""
        return self.cluster().cpus

    def close(self) -> None:
        """Leave the Ray that this session started or joined; one that was there before stays."""
        if self._started:
            import ray

            ray.shutdown()
            self._started = False


def open_session(config: Config, address: str | None = None) -> Session:
    """The session of one configuration: its store, and Ray at ``address`` or embedded.

    Raises:
        ConfigError: the store's URL cannot be used.
    """
    return Session(open_store(config.store), address)


def _start_local() -> None:
    import ray

    os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")  # nobody takes half of one machine away
    before = os.umask(0o077)  # Ray writes ~/.ray/auth_token with the process's mask
    try:
        ray.init(
            address="local",  # or it would join whatever cluster runs on this machine
            num_cpus=max(2, machine_cpus()),  # on a single core, one to compute and one to feed it
            include_dashboard=False,
            object_store_memory=int(min(OBJECT_STORE_SHARE * machine_memory(), OBJECT_STORE_CAP)),
            log_to_driver=False,
            logging_level="ERROR",
        )
    except Exception as error:
        raise ClusterError(
            f"the local Ray did not start ({one_line(error)})", todo="See /tmp/ray/session_latest/logs"
        ) from error
    finally:
        os.umask(before)
    _tighten_token()


def _join(address: str) -> None:
    import ray

    if "://" not in address and ":" in address:
        _check_reachable(address)
        _check_token(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", runtime_env=_our_code())
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ClusterError(
            f"cannot join the Ray cluster at {address} ({one_line(error)})",
            "a running cluster that holds our token",
            "See ray status on its head",
        ) from error


def _our_code() -> dict[str, list[str]] | None:
    """The four packages for the cluster's workers; a submitted job already carries its own."""
    if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ:
        return None
    specs = [find_spec(name) for name in PACKAGES]
    return {"py_modules": [str(Path(spec.origin).parent) for spec in specs if spec and spec.origin]}


def _check_reachable(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=REACH_SECONDS).close()
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"nothing answers at {address} ({one_line(error)})", "HOST:PORT of a Ray head (6379 by default)"
        ) from error


def _check_token(address: str) -> None:
    """Ask the head one question, in a thread, because Ray would wait and retry for minutes.

    Raises:
        ClusterError: the token is refused, or what answers there is not a Ray head.
    """
    # The only call that tells a refused token from a silent head; the compiled module has no stubs.
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError, RaySystemError, RpcError

    failures: list[Exception] = []

    def ask() -> None:
        try:
            GcsClient(address=address)
        except (AuthenticationError, RaySystemError, RpcError, RuntimeError) as error:
            failures.append(error)

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(TOKEN_SECONDS)
    if failures and isinstance(failures[0], AuthenticationError):
        raise ClusterError(
            f"the Ray cluster at {address} refuses our token",
            "the token of its head in RAY_AUTH_TOKEN, in the file RAY_AUTH_TOKEN_PATH or in ~/.ray/auth_token",
        ) from failures[0]
    if failures or asker.is_alive():
        raise ClusterError(f"what answers at {address} is not a Ray head", "HOST:PORT of a Ray head (6379 by default)")


def machine_cpus() -> int:
    """CPUs this process may use: its affinity's, or the container's quota if that is less; at least 1."""
    count = len(os.sched_getaffinity(0))
    limit = Path("/sys/fs/cgroup/cpu.max")
    quota, _, period = (limit.read_text(encoding="ascii") if limit.exists() else "max").strip().partition(" ")
    return max(1, min(count, int(quota) // int(period))) if quota.isdigit() and period.isdigit() else count


def machine_memory() -> int:
    """Bytes of memory this process may use: the machine's, or the container's if that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        text = limit.read_text(encoding="ascii").strip() if limit.exists() else ""
        if text.isdigit():
            total = min(total, int(text))
    return total


def _tighten_token() -> None:
    token = Path.home() / ".ray" / "auth_token"
    if token.exists() and token.stat().st_mode & 0o077:
        token.chmod(0o600)
