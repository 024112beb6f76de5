"""A training run in MLflow: where ``MLFLOW_TRACKING_URI`` says, under the experiment of the reward model's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

if TYPE_CHECKING:
    from jobs.train.tracking import Line

TAG = "iirl.run"
AT_ONCE = 1000
"""Numbers that MLflow takes in one request."""


class MlflowRun:
    """The run that carries the tag ``iirl.run: NAME/RUN``, made where there is none."""

    def __init__(self, folder: str) -> None:
        self._client = MlflowClient()
        _, name, run = folder.split("/")
        experiment = self._client.get_experiment_by_name(name)
        owner = self._client.create_experiment(name) if experiment is None else experiment.experiment_id
        found = self._client.search_runs([owner], f"tags.`{TAG}` = '{name}/{run}'", max_results=1)
        made = found[0] if found else self._client.create_run(owner, tags={TAG: f"{name}/{run}"}, run_name=run)
        self._run = made.info.run_id

    def last(self) -> int:
        """From what MLflow holds."""
        return max((one.step for one in self._client.get_metric_history(self._run, "train/loss")), default=0)

    def write(self, lines: Sequence[Line]) -> None:
        """The loss of a step comes last: with it, the step counts as told."""
        batch: list[Metric] = []
        for line in lines:
            numbers = sorted(line.numbers.items(), key=lambda item: item[0] == "train/loss")
            batch += [Metric(tag, number, int(line.time * 1000), line.step) for tag, number in numbers]
            if len(batch) > AT_ONCE - len(numbers):
                self._client.log_batch(self._run, metrics=batch)
                batch = []
        if batch:
            self._client.log_batch(self._run, metrics=batch)

    def close(self) -> None:
        """The run is as long as its journal; whether more comes is not known here."""
        self._client.set_terminated(self._run)
