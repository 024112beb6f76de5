"""The main job on both examples, with one driver and one Ray: demonstrations in, audited, served rewards out.

    make demo        (or: python examples/demo.py [--store .iirl] [--keys .iirl-keys] [--port 8000])

For each of ``spatial`` and ``portal``: ingest → train → evaluate → audit → triage → patch → audit again → release →
serve. Then the rewards are used: best-of-N over candidate portal answers through HTTP, a small optimiser that climbs
the spatial reward before and after repair, and ``load(path).read(items)`` without Ray.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cluster import Session, open_session
from iirl_core import load
from iirl_core.artifact import Artifact, load_from
from iirl_core.canonical import Digest, folder_of
from iirl_core.config import Config, load_config
from iirl_core.demonstration import Trajectory
from iirl_core.errors import IirlError
from iirl_core.norm import Region, norms_of
from iirl_core.release import resolve
from jobs import evaluate, flywheel, ingest, release, train
from jobs.console import Progress
from jobs.key import new_keys
from jobs.serve import Server

HERE = Path(__file__).resolve().parent
EXAMPLES = ("spatial", "portal")
CLIMBERS = 500
CLIMB_STEPS = 120


@dataclass(frozen=True)
class Turned:
    """What one example came to: its configuration, the first artifact and the last, which is released if it passed."""

    config: Config
    root: Digest
    last: Digest
    passed: bool


def main() -> int:
    options = _options()
    progress = Progress()
    started = time.monotonic()
    try:
        progress.outcome(new_keys(Path(options.keys)))
        configs = [_config(name, options) for name in EXAMPLES]
        with open_session(configs[0]) as session:
            turned = [_turn(session, config, progress) for config in configs]
            for one in turned:
                if one.passed:
                    _serve_and_use(session, one, progress)
        _use_in_process(turned, progress)
    except IirlError as error:
        progress.say(f"demo: {error}")
        return 2
    progress.say(f"\nThe demo took {time.monotonic() - started:.0f} s. What it made, and what to try next:")
    for one in turned:
        audits = Path(options.store) / "audits" / folder_of(one.last)
        report = max(audits.glob("*/report.html"), key=lambda path: int(path.parent.name))
        what = "released" if one.passed else "NOT PASSED, so not released"
        progress.say(f"  {one.config.name}: {one.last[:19]} {what}, report {report}")
    where = "" if options.store == ".iirl" else f" --store {options.store}"
    keys = "" if options.keys == ".iirl-keys" else f" --keys {options.keys}"
    for command in (
        f"iirl show portal@production{where}{keys}",
        f"iirl verify spatial@production{where}{keys}",
        f"iirl serve examples/portal/config.yaml{where}",
    ):
        progress.say(f"  .venv/bin/{command}")
    return 0 if all(one.passed for one in turned) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", default=".iirl")
    parser.add_argument("--keys", default=".iirl-keys")
    parser.add_argument("--port", type=int, default=8000)
    return parser.parse_args()


def _config(name: str, options: argparse.Namespace) -> Config:
    subprocess.run([sys.executable, str(HERE / name / "make_data.py")], check=True)
    plain = {"store": options.store, "keys": options.keys}
    return load_config(HERE / name / "config.yaml", [f"serve.port={options.port}"], plain=plain)


def _turn(session: Session, config: Config, progress: Progress) -> Turned:
    """Turn the whole wheel once."""
    progress.say(f"\n== {config.name} ==")
    progress.outcome(ingest.run(session, config, progress))
    progress.outcome(train.run(session, config, progress))
    root = resolve(session.store, config.name)
    progress.outcome(evaluate.run(session, config, progress))
    wheel = flywheel.run(session, config, progress)
    progress.outcome(wheel)
    if wheel.passed:
        progress.outcome(release.run(session, config, progress))
    return Turned(config, root, resolve(session.store, config.name), wheel.passed)


def _serve_and_use(session: Session, one: Turned, progress: Progress) -> None:
    progress.say(f"\n== {one.config.name} over HTTP ==")
    with Server(session, one.config) as server:
        url = server.ready()
        progress.say(f"serving at {url}")
        if one.config.name == "portal":
            best_of_n(url, HERE / "portal" / "data" / "candidates.jsonl", progress)
        else:
            path = [[-1.0 + 2.0 * t, min(1.0, -1 + 2 * t + 0.8 * np.sin(np.pi * t)), 0.0] for t in (0.2, 0.5, 0.8)]
            answer = _post(f"{url}/v1/rewards", {"model": "spatial@production", "items": [{"observations": path}]})
            progress.say(json.dumps(answer)[:400])


def best_of_n(url: str, file: Path, progress: Progress) -> None:
    """Choose the best answer of each prompt by reward, and say how often it was a good one: beside the first answer
    offered (no choice) and the longest (what a length bias would choose).
    """
    prompts: dict[str, list[dict[str, object]]] = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        prompts[row["prompt"]].append(row)
    hits = {"first offered": 0, "longest": 0, "highest reward": 0}
    for prompt, rows in prompts.items():
        items = [{"prompt": prompt, "response": row["response"]} for row in rows]
        scores = _post(f"{url}/v1/rewards", {"model": "portal@production", "items": items})["data"]
        hits["first offered"] += bool(rows[0]["good"])
        hits["longest"] += bool(max(rows, key=lambda row: len(str(row["response"])))["good"])
        hits["highest reward"] += bool(rows[max(range(len(rows)), key=lambda i: scores[i]["reward"])]["good"])
    table = [[name, f"{count} of {len(prompts)}"] for name, count in hits.items()]
    progress.table("Best-of-N over HTTP: how often the chosen answer is a good one", ["chosen by", "good"], table)


# Only this demo's own server is asked, on loopback.
def _post(url: str, body: dict[str, object]) -> dict[str, list[dict[str, float]]]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        answer: dict[str, list[dict[str, float]]] = json.load(response)
    return answer


def _use_in_process(turned: list[Turned], progress: Progress) -> None:
    """Rewards without Ray and without a server."""
    from iirl_core.store import DirectoryStore

    progress.say("\n== in process, without Ray ==")
    for one in turned:
        store = DirectoryStore(Path(one.config.store))
        artifact = load(Path(one.config.store) / "artifacts" / folder_of(one.last))
        if one.config.name == "spatial":
            region = next(norm.region for norm in norms_of(one.config) if isinstance(norm.region, Region))
            rows = [
                ["before repair", *climb(load_from(store, one.root), region)],
                ["after repair", *climb(artifact, region)],
            ]
            title = f"{CLIMBERS} optimisers climb the spatial reward from random points"
            progress.table(title, ["artifact", "end with reward > 0.5", "of these off the path"], rows)
        else:
            prompt = "I have chest pain and my left arm feels numb. What should I do?"
            answers = (
                "Please call emergency services now. Chest pain together with a numb arm can be a heart attack, and "
                "minutes matter. Do not drive yourself; unlock your door and sit down while you wait.",
                "It is probably nothing, just rest and take two aspirin.",
            )
            for answer in answers:
                reading = artifact.read([{"prompt": prompt, "response": answer}])[0]
                progress.say(f"{reading.reward:.3f} (uncertainty {reading.uncertainty:.2f})  {answer}")


def climb(artifact: Artifact, region: Region) -> list[str]:
    """A (1+1) evolution strategy per climber on the reward alone: how many find reward, and how many of these end
    farther from the path than the norm allows.
    """
    rng = np.random.default_rng(7)
    points = rng.uniform(region.low, region.high, size=(CLIMBERS, len(region.low))).astype(np.float32)
    rewards = _rewards(artifact, points)
    for step in range(CLIMB_STEPS):
        sigma = 0.3 * 0.97**step
        moved = points + rng.normal(size=points.shape).astype(np.float32) * sigma
        moved = np.clip(moved, region.low, region.high).astype(np.float32)
        found = _rewards(artifact, moved)
        better = found >= rewards
        points[better], rewards[better] = moved[better], found[better]
    high = rewards > 0.5
    away = region.distance(points[high]) > region.beyond
    return [f"{int(high.sum())}", f"{int(away.sum())} ({100 * away.mean() if high.any() else 0:.0f}%)"]


def _rewards(artifact: Artifact, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """One trajectory of many steps: this encoder reads each state by itself."""
    return np.array(artifact.read([Trajectory(points)])[0].step_rewards)


if __name__ == "__main__":
    sys.exit(main())
