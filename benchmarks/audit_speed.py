"""Audits: probes per second against a scorer's own batches, on two nodes against one, and memory as the budget grows.

The spatial example's reward is asked by its own families about a norm that nothing breaks, so that nothing but asking
is measured. *A scorer's own batches* are the same chunks, made, scored, judged and verified by one process with one
thread, in a loop, without Ray; the chunks through Ray have one scorer with one thread. *Two nodes* are two raylets on
this machine, each with all it starts pinned to one core; one scorer a node. Memory is that of the driver and every Ray
process, and is kept in a file of its own; *flawed* is the same about the example's own norms, which the reward breaks.
``--parts`` picks some of the four.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["RAY_AUTH_MODE"] = "token"

import torch

from benchmarks.figures import Figure, arguments, figure, write_parts
from benchmarks.peak_memory import SAMPLE_SECONDS, peak_memory
from cluster import Session, open_session
from iirl_core.artifact import load_from
from iirl_core.audit import Audit, ChunkResult, audit_chunk, verified
from iirl_core.config import Config, load_config
from iirl_core.norm import norms_of
from iirl_core.release import resolve
from iirl_core.signing import Trust
from jobs import ingest, train
from jobs.audit import audit_round
from jobs.audit.material import gather_material
from jobs.audit.plan import chunks_of
from jobs.audit.scorers import ScorerPool
from jobs.console import Progress
from jobs.history import history_of
from jobs.key import new_keys

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "spatial"
PARTS = {"loop": "audit_speed", "nodes": "audit_speed", "memory": "audit_memory", "flawed": "audit_memory"}
"""What is measured, and the file of results that keeps it."""
PROBES = 400_000
"""Of an audit. What a round does once, in the driver alone (material, the checks for tampering, the verdict), takes two
seconds of the core's, whatever the budget.
"""
SCORER_CPUS = 0.9
"""Of a node's one, so that it has room for one scorer, and for the tasks that ask."""
NOTES = f"Memory: peak of the summed proportional set size, sampled every {SAMPLE_SECONDS} s."


def main() -> None:
    parser = arguments("audit_speed", (__doc__ or "").splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--many", type=float, default=None, help="probes for memory (default 1e7; quick 4e4)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--nodes", type=int, help="(of this benchmark itself) time audits on so many nodes")
    parser.add_argument("--folder", type=Path, help="(of this benchmark itself) the store, made before")
    options = parser.parse_args()
    probes, repeats = (8_000, 1) if options.quick else (PROBES, options.repeats)
    if options.nodes:
        print(json.dumps(on_nodes(options.folder, options.nodes, probes, repeats)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_root(folder, 4 if options.quick else 40)
        figures: dict[str, list[Figure]] = {}
        if "loop" in options.parts:
            figures["loop"] = against_loop(folder, probes, repeats)
        if "nodes" in options.parts:
            figures["nodes"] = two_against_one(folder, quick=options.quick, repeats=repeats)
        many = int(options.many or (4e4 if options.quick else 1e7))
        for part in ("memory", "flawed"):
            if part in options.parts:
                figures[part] = memory(folder, many, flawed=part == "flawed")
    write_parts(PARTS, figures, NOTES, options.json)


def config_of(folder: Path, *overrides: str, flawed: bool = False) -> Config:
    """The spatial example's, in a store of its own, with norms that nothing breaks unless it is to be ``flawed``."""
    own = (f"store={folder / 'store'}", f"keys={folder / 'keys'}", "audit.scorers=1", "audit.steered=0")
    nothing = [] if flawed else [f"norms.{number}.threshold=1.0" for number in range(2)]
    return load_config(EXAMPLE / "config.yaml", [*own, *nothing, *overrides])


def make_root(folder: Path, epochs: int) -> None:
    """Data, keys, corpus, and the reward that is audited."""
    subprocess.run([sys.executable, str(EXAMPLE / "make_data.py")], check=True, stdout=subprocess.DEVNULL)
    config = config_of(folder, f"train.epochs={epochs}")
    new_keys(Path(config.keys))
    with open_session(config, None) as session:
        ingest.run(session, config, Progress())
        train.run(session, config, Progress())


def ask(session: Session, config: Config, scorers: ScorerPool) -> float:
    """Probes per second of one more round."""
    began = time.perf_counter()
    return audited(session, config, scorers).probes / (time.perf_counter() - began)


def audited(session: Session, config: Config, scorers: ScorerPool) -> Audit:
    """One more round."""
    return audit_round(session, config, Progress(), scorers, resolve(session.store, config.name)).audit


def against_loop(folder: Path, probes: int, repeats: int) -> list[Figure]:
    """Through Ray with one scorer, and the same chunks in a loop, in turns."""
    config = config_of(folder, f"audit.budget={probes}", "audit.cpus_per_scorer=1.0")
    torch.set_num_threads(1)
    ours, loops = [], []
    with open_session(config, None) as session, ScorerPool(session, config.audit) as scorers:
        ask(session, config, scorers)  # starts every process
        for _ in range(repeats):
            loops.append(in_a_loop(session, config))
            ours.append(ask(session, config, scorers))
    ratios = [a / b for a, b in zip(ours, loops, strict=True)]
    return [
        figure("audit, one scorer", ours, "probes/s"),
        figure("a scorer's own batches", loops, "probes/s"),
        figure("audit / own batches", ratios, "×", at_least=0.9, baseline="the same chunks in a loop, one thread"),
    ]


def in_a_loop(session: Session, config: Config) -> float:
    """Probes per second of the chunks of a round, one after the other."""
    store = session.store
    digest = resolve(store, config.name)
    artifact, history = load_from(store, digest), history_of(store, digest, Trust.from_folder(Path(config.keys)))
    norms, material = gather_material(store, config, artifact, norms_of(config), history)
    chunks = chunks_of(config, digest, len(history) + 1, len(material.former))
    began, found = time.perf_counter(), list[ChunkResult]()
    for chunk in chunks:
        result = audit_chunk(artifact.model, norms, chunk.seed, chunk.count, material)
        found.append(verified(result, artifact, norms))
    return sum(result.asked for result in found) / (time.perf_counter() - began)


def two_against_one(folder: Path, *, quick: bool, repeats: int) -> list[Figure]:
    """Each in processes of its own, one after the other."""
    rates = []
    for nodes in (1, 2):
        command = [sys.executable, "-m", "benchmarks.audit_speed", "--nodes", str(nodes), "--folder", str(folder)]
        command += ["--quick"] if quick else ["--repeats", str(repeats)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        rates.append(json.loads(ran.stdout.splitlines()[-1]))
    ratios = [two / one for one, two in zip(*rates, strict=True)]
    return [
        figure("one node", rates[0], "probes/s"),
        figure("two nodes", rates[1], "probes/s"),
        figure("two nodes / one", ratios, "×", at_least=1.7, baseline="one raylet on one core"),
    ]


def on_nodes(folder: Path, nodes: int, probes: int, repeats: int) -> list[float]:
    """Probes per second of audits on so many raylets, one core each."""
    sections = (f"audit.scorers={nodes}", f"audit.cpus_per_scorer={SCORER_CPUS}", f"audit.budget={probes}")
    config = config_of(folder, *sections)
    with raylets(nodes), open_session(config, None) as session, ScorerPool(session, config.audit) as scorers:
        ask(session, config, scorers)
        return [ask(session, config, scorers) for _ in range(repeats)]


@contextmanager
def raylets(nodes: int) -> Iterator[None]:
    """A Ray of so many nodes, joined by this process."""
    import ray
    from ray.cluster_utils import Cluster

    cores = sorted(os.sched_getaffinity(0))
    cluster = Cluster()
    for core in cores[:nodes]:
        os.sched_setaffinity(0, {core})  # what a raylet starts inherits it
        cluster.add_node(num_cpus=1, object_store_memory=200 * 2**20)
    os.sched_setaffinity(0, cores)
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


def memory(folder: Path, many: int, *, flawed: bool = False) -> list[Figure]:
    """Peaks for ten thousand probes and for ``many``."""
    few, peaks, found = min(10_000, many // 4), list[float](), list[int]()
    with open_session(config_of(folder), None) as session:
        for budget in (few, many):
            config = config_of(folder, f"audit.budget={budget}", "audit.scorers=2", flawed=flawed)
            with ScorerPool(session, config.audit) as scorers, peak_memory() as peak:
                found.append(audited(session, config, scorers).findings)
            peaks.append(peak[0] / 2**20)
    of, told = (", flawed", f"; {found[1]:,} findings / {found[0]:,}") if flawed else ("", "")
    return [
        figure(f"memory at {few:,} probes{of}", peaks[:1], "MiB"),
        figure(f"memory at {many:,} probes{of}", peaks[1:], "MiB"),
        figure(
            f"memory, many probes / few{of}",
            [peaks[1] / peaks[0]],
            "×",
            at_most=1.3,
            baseline=f"{many:,} / {few:,}{told}",
        ),
    ]


if __name__ == "__main__":
    main()
