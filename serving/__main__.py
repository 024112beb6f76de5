"""``python -m serving CONFIG``: verify the release, start Ray Serve, say where it answers, and stop when asked to.

Everything that can be wrong is found before Ray starts, and said in one line; exit code 2.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from iirl_core.config import Config, load_config
from iirl_core.errors import ClusterError, ConfigError, ending

if TYPE_CHECKING:
    from ray.actor import ActorProxy

    from serving.admission import Pin
    from serving.notices import Notices

APPLICATION = "iirl"
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
OWN_RAY = {
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",  # half a minute is for load balancers, which are not here
}
"""Read when ray is imported, here and in every process of a Ray that starts here; a running one has its own."""


def parser() -> argparse.ArgumentParser:
    """The command line of the server process."""
    root = argparse.ArgumentParser(prog="python -m serving", description="Serve a released artifact over HTTP.")
    root.add_argument("config", help="the resolved configuration, YAML or JSON")
    root.add_argument("--address", metavar="RAY", help="a running Ray (default: one of its own)")
    root.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="stop too when standard input ends: whoever started it has gone",
    )
    root.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP.

    Returns:
        0: stopped when asked to; 2: refused to start, with one line on standard error; 70: failed by a bug of ours.
    """
    options = parser().parse_args(arguments)
    _stop_on_signals()
    if options.until_stdin_closes:
        threading.Thread(target=_stop_at_end_of_stdin, daemon=True).start()
    try:
        _serve(load_config(Path(options.config)), options.address)
    except KeyboardInterrupt:
        pass
    except Exception as error:  # noqa: BLE001 (the process ends here)
        if options.debug:
            traceback.print_exc()
        code, line = ending(error, "python -m serving … --debug")
        print(line, file=sys.stderr)
        return code
    return 0


def _serve(config: Config, address: str | None) -> None:
    from serving.access import lock_for

    lock_for(config.serve.host, config.serve.token_file)
    check_port(config.serve.host, config.serve.port)
    from serving.admission import admit, pin_release  # torch: seconds

    pin = pin_release(config)
    served = admit(pin).served
    from cluster import open_session
    from cluster.resources import check_replicas
    from serving.event import record_serving
    from serving.notices import Printer, start_notices

    if address is None:
        for name, value in OWN_RAY.items():
            os.environ.setdefault(name, value)
    with open_session(config, address) as session:
        check_replicas(session.cluster(), config.serve)
        _check_vacant()
        notices = start_notices()
        print_new = Printer(notices)
        try:
            _run(config, pin, notices)
            _stop_on_signals()  # Ray has put handlers of its own in their place
            record_serving(session.store, served)
            host = f"[{config.serve.host}]" if ":" in config.serve.host else config.serve.host
            url = f"http://{host}:{config.serve.port}"
            print(f"ready {url} {served.references[0]} {served.version} {served.digest}", flush=True)
            while True:
                time.sleep(1)  # signal.pause() would miss a signal that comes just before it
                print_new()
        finally:
            _shut_down()
            print_new()  # what replicas said as they closed


def _check_vacant() -> None:
    """Raise ClusterError when Ray Serve runs here already: it keeps its own address, and is not ours to stop."""
    import ray
    from ray import serve

    try:
        there = serve.status()
    except ray.exceptions.RayActorError:  # it is just going
        return
    if there.applications or there.proxies:
        names = ", ".join(there.applications) or "no application"
        raise ClusterError(
            f"Ray Serve already runs on this Ray ({names}), and a Ray has one",
            "a Ray without it",
            "Stop that server first (serve shutdown, where its process has gone), or take another Ray with --address",
        )


def _run(config: Config, pin: Pin, notices: ActorProxy[Notices]) -> None:
    import ray
    from ray import serve

    from serving.app import application

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    quiet = {"log_level": "WARNING", "enable_access_log": False}  # an access log would keep tokens sent in URLs
    try:
        serve.start(
            proxy_location="EveryNode",
            http_options={"host": config.serve.host, "port": config.serve.port},
            logging_config=quiet,
        )
        serve.run(application(config, pin, notices=notices), name=APPLICATION, route_prefix="/", logging_config=quiet)
    except (RuntimeError, OSError, TimeoutError, ray.exceptions.RayError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ClusterError(
            f"Ray Serve did not start ({' '.join(lines)[-300:]})", todo="See the logs of its replicas in Ray's session"
        ) from error


def _shut_down() -> None:
    """Stop the Serve that this process started, and leave; a second signal must not leave half of it running."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    from ray import serve

    serve.shutdown()


def check_port(host: str, port: int) -> None:
    """Raise ConfigError when something else listens on ``host:port``, or ``host`` is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"{host}:{port} cannot be listened on ({getattr(error, 'strerror', None) or error})",
                "a free port",
                "Take another: --set serve.port=8001",
            ) from error


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    for number in STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
            signal.signal(number, stop)


def _stop_at_end_of_stdin() -> None:
    """Whoever started us holds the other end: however it dies, the kernel closes it. What is read means nothing."""
    while os.read(0, 4096):
        pass
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
