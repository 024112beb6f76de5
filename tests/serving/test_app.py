"""The builder that a RayService names, given what ``serveConfigV2`` can give it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from iirl_core.config.governance import ServeSection
from iirl_core.errors import ConfigError, NotFound
from iirl_core.log import entries
from serving.admission import pin_release
from tests.iirl_core.artifact.samples import trajectory_draft, walks
from tests.serving.released import Released, released

pytestmark = pytest.mark.filterwarnings("ignore:Using extra keyword arguments")  # Ray Serve's own, at import


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Released:
    return released(tmp_path_factory.mktemp("app"), trajectory_draft(), walks(8, seed=5))


def test_the_builder_takes_a_path_or_the_configuration_itself(bench: Released) -> None:
    from ray.serve import Application

    from serving.app import build, config_of

    inline: dict[str, JsonValue] = {"config": bench.config.model_dump(mode="json")}
    assert config_of({"config": str(bench.path)}) == config_of(inline) == bench.config
    assert isinstance(build({"config": str(bench.path)}), Application)
    assert isinstance(build(inline), Application)


@pytest.mark.parametrize("args", [{}, {"config": 7}, {"config": {"name": "x"}}, {"config": "x.yaml", "port": 1}])
def test_arguments_that_are_no_configuration_are_refused(args: dict[str, JsonValue]) -> None:
    from serving.app import config_of

    with pytest.raises(ConfigError, match="arguments of"):
        config_of(args)


def test_the_builder_refuses_a_channel_without_a_release_and_an_open_host_without_a_token(bench: Released) -> None:
    from serving.app import build

    staging = bench.config.model_dump(mode="json") | {"release": {"channel": "staging"}}
    with pytest.raises(NotFound, match="never released"):
        build({"config": staging})
    everywhere = bench.config.model_dump(mode="json") | {"serve": {"host": "0.0.0.0"}}  # noqa: S104
    with pytest.raises(ConfigError, match="token"):
        build({"config": everywhere})


def test_a_replica_that_nobody_of_ours_stands_over_logs_that_it_serves(bench: Released) -> None:
    from serving.app import Replica

    pin = pin_release(bench.config)
    for records in (False, True):
        Replica(pin, bench.config.serve, None, records=records)
    assert [entry.event.subject for entry in entries(bench.store) if entry.event.kind == "serve"] == [bench.digest]


def test_replicas_share_what_may_wait(bench: Released) -> None:
    from serving.app import _limits

    section = ServeSection(replicas=3, max_ongoing_requests=10, max_queued_requests=100)
    assert _limits(section).requests == 10 + 34


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    from serving.app import config_of

    with pytest.raises(ConfigError, match=r"none\.yaml"):
        config_of({"config": str(tmp_path / "none.yaml")})
