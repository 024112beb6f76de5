"""The Ray Serve application: ``serving.app:build`` is what a RayService's ``import_path`` names.

One deployment both speaks HTTP and holds the model: a hop less for every request. Its event loop moves bytes, its
model thread reads.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from ray import serve
from ray.serve import Application

from cluster import open_store
from iirl_core.config import Config, load_config
from iirl_core.config.governance import ServeSection
from iirl_core.errors import ConfigError
from iirl_core.observation import Reason, keep_observations
from serving.access import lock_for
from serving.admission import Pin, admit, pin_release
from serving.batching import Batcher
from serving.door import RETRY_SECONDS, Door, Limits
from serving.event import record_serving
from serving.notices import Notices, Teller, log_as_serve_does
from serving.observer import Observer
from serving.watch import FARTHEST, Watch
from serving.web import make_app

if TYPE_CHECKING:
    from ray.actor import ActorProxy

ROOM_FOR_REFUSALS = 64
"""Requests beyond our own limit that a replica still takes in, to refuse them in our words; Serve refuses more."""


class ServeArguments(BaseModel):
    """What ``serveConfigV2`` passes as ``args``: a path that every node sees, or the configuration itself."""

    model_config = ConfigDict(extra="forbid")

    config: str | dict[str, JsonValue]


class Replica:
    """One process that answers. Built from the pin alone, so that a replica that starts later serves the same release.

    ``records``: whether it logs that it serves; where a process of ours stands over the replicas, that one does, once,
    and prints the ``notices``.

    Raises:
        Tampered, Gated, NotFound: the release does not hold (see ``admit``).
    """

    def __init__(
        self,
        pin: Pin,
        section: ServeSection,
        lock: bytes | None,
        *,
        records: bool = False,
        notices: ActorProxy[Notices] | None = None,
    ) -> None:
        self._scorer = admit(pin, "cuda" if section.gpus_per_replica else "cpu")
        if records:
            record_serving(open_store(pin.store), self._scorer.served)
        self._batcher = Batcher(self._scorer.score, section.batch, section.wait_seconds)
        self._door = Door(lock, _limits(section))
        keep = partial(keep_observations, open_store(pin.store), self._scorer.served.digest)
        farthest = min(FARTHEST, section.drifted)
        watch = Watch(self._scorer.guard_distances, section.drift_window, section.drift_level, farthest)
        most: dict[Reason, int] = {
            "escalated": section.observed,
            "drift": section.drifted,
            "reported": section.reported,
        }
        self._observer = Observer(keep, watch, most, Teller(notices))

    def __serve_build_asgi_app__(self) -> FastAPI:
        """The HTTP side, built where it runs: in a process of Ray Serve's."""
        log_as_serve_does()
        return make_app(self._scorer.served, self._batcher, self._door, self._observer)

    def __del__(self) -> None:
        if hasattr(self, "_batcher"):  # a refused release leaves none
            self._batcher.close()
        if hasattr(self, "_observer"):
            self._observer.close()


def application(
    config: Config, pin: Pin, *, records: bool = False, notices: ActorProxy[Notices] | None = None
) -> Application:
    """The application of one pinned release; ``records`` and ``notices`` are its replicas'.

    Raises:
        ConfigError: the token is missing where others can reach us.
    """
    section = config.serve
    taken = _limits(section).requests + ROOM_FOR_REFUSALS
    deployment = serve.deployment(
        serve.ingress()(Replica),
        name="rewards",
        num_replicas=section.replicas,
        ray_actor_options={"num_cpus": section.cpus_per_replica, "num_gpus": section.gpus_per_replica},
        max_ongoing_requests=taken,
        max_queued_requests=section.max_queued_requests,
        backpressure_config={"status_code": 503, "retry_after_s": RETRY_SECONDS},
        max_constructor_retry_count=2,
        logging_config={"log_level": "WARNING", "enable_access_log": False},  # a URL may hold a token
    )
    lock = lock_for(section.host, section.token_file)
    return deployment.bind(pin, section, lock, records=records, notices=notices)


def build(args: dict[str, JsonValue]) -> Application:
    """The application of the release that the configuration's channel means now. Each of its replicas logs its start.

    Raises:
        ConfigError: the arguments or the configuration cannot be used.
        NotFound, Tampered, Gated: the channel holds no release that can be believed.
    """
    config = config_of(args)
    return application(config, pin_release(config), records=True)


def config_of(args: dict[str, JsonValue]) -> Config:
    """The configuration in ``args``.

    Raises:
        ConfigError: they hold anything else.
    """
    try:
        given = ServeArguments.model_validate(args).config
        return load_config(Path(given)) if isinstance(given, str) else Config.model_validate(given)
    except ValidationError as error:
        raise ConfigError(f"arguments of serving.app:build: {' '.join(str(error).split())[:300]}") from error


def _limits(section: ServeSection) -> Limits:
    """One replica's share: what it works on, and its part of what waits."""
    waiting = math.ceil(section.max_queued_requests / section.replicas)
    return Limits(section.max_items, section.max_body_bytes, section.max_ongoing_requests + waiting)
