"""Files → corpora, on Ray Data.

Two streaming passes, so that nothing grows with the number of rows but the set of ids and the index of
near-duplicates (both on disk, ``SeenIds`` and ``NearDuplicates``):

1. read → parse, check, tokenise: parts go to the store's staging, facts (digests and sizes) to the driver, which
   decides in the order of the files what is kept (so near-duplicates are the same whoever parsed them);
2. the kept rows of the parts → shards of ``rows_per_shard``.

Then the corpus is published whole. A run that is killed leaves only invisible staging; the next one starts afresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.ipc
import ray
import ray.data
from ray.exceptions import RayError

from cluster.failure import failure_of
from cluster.session import Session
from cluster.streaming import streaming
from iirl_core.canonical import JsonValue
from iirl_core.config import Config
from iirl_core.config.corpora import CorpusSection
from iirl_core.corpus import Admission, CorpusManifest, Shard, SourceFile, admission_of, publish_corpus
from iirl_core.corpus.near import rows_of_band
from iirl_core.corpus.publishing import pointer_key, staging, tallied
from iirl_core.corpus.screening import Screening
from iirl_core.corpus.shard import shard_name, write_shard
from iirl_core.corpus.tables import Kind
from iirl_core.corpus.tally import RecordFacts, Tally
from iirl_core.errors import ConfigError
from iirl_core.log import Event, append
from iirl_core.norm import Norm, norms_digest, norms_of
from iirl_core.records.raw import Quarantined, RecordFile
from iirl_core.store.pointer import read_pointer
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.ingest.counting import tokenizer_of
from jobs.ingest.parsing import Parse
from jobs.ingest.plan import Run, ShardPlans
from jobs.ingest.reader import RecordSource, chunk_for
from jobs.ingest.screening import find_evaluation, read_evaluation
from jobs.ingest.sources import describe_files, find_files

READER_CPUS = 0.1
WORKER_CPUS = 0.9
"""Together one CPU at least is left for parsing on any machine, and on two CPUs two tasks parse while one reads."""


def run(session: Session, config: Config, progress: Progress) -> tuple[CorpusManifest, ...]:
    """Ingest every corpus of the configuration.

    Raises:
        ConfigError: a file is missing or of no known format, an evaluation set has a row without a prompt, a source has
            a weight and no record, or norms that records are held to cannot be read.
        CorpusEmpty: a corpus has no usable row.
        ClusterError: Ray failed.
    """
    kind: Kind = "conversation" if config.encoder.kind == "text" else "trajectory"
    tokenizer = tokenizer_of(config.encoder.model) if config.encoder.kind == "text" else None
    horizon = config.encoder.horizon if config.encoder.kind == "trajectory" else None
    sections = [section for section in config.corpora if section.files]  # the others are sampled
    found = [(section, find_files(section.files), find_evaluation(section, config)) for section in sections]
    norms = norms_of(config) if any(section.norms for section in sections) else ()
    asked = {one.prompts for one in config.sample}
    held_to = {section.name: tuple(norm for norm in norms if norm.id in section.norms) for section in sections}
    session.ray()
    held = None if tokenizer is None else ray.put(tokenizer)
    try:
        return tuple(
            _ingest(
                session,
                section,
                files,
                evaluation,
                admission_of(section, kind, horizon, for_prompts=section.name in asked),
                norms=held_to[section.name],
                tokenizer=held,
                progress=progress,
            )
            for section, files, evaluation in found
        )
    except RayError as error:
        raise failure_of(error, "ingest") from error


def _ingest(
    session: Session,
    section: CorpusSection,
    files: Sequence[RecordFile],
    evaluation: Sequence[RecordFile],
    rules: Admission,
    *,
    norms: Sequence[Norm],
    tokenizer: ray.ObjectRef | None,
    progress: Progress,
) -> CorpusManifest:
    store = session.store
    described, kept_out = describe_files(files), describe_files(evaluation)
    chunk = chunk_for(sum(file.bytes for file in described), session.cpus())
    filesystem, root = store.filesystem()
    plans = ShardPlans(section.rows_per_shard)
    band = None if section.near_duplicates is None else rows_of_band(section.near_duplicates)
    earns = 0.0 if section.role == "negatives" else 1.0
    screening = ray.put(Screening(band, read_evaluation(evaluation), tuple(norms), earns))
    unseen = set(section.sources)
    with streaming(block_bytes=chunk, ordered=True), staging(store) as staged, staging(store) as parts:
        with tallied(store, staged, section.near_duplicates) as tally:
            facts = _parsed(Parse(tuple(files), rules, screening, filesystem, f"{root}/{parts}", tokenizer), chunk)
            with progress.task(f"ingest {section.name}") as advance:
                for table in facts:
                    _decide(table, tally, plans)
                    if unseen:
                        unseen -= set(table["source"].unique().to_pylist())
                    advance(len(table))
            tally.check_not_empty(section.name)
            _check_sources(section, unseen)
            shards = _written(store, plans.shards, f"{root}/{parts}", f"{root}/{staged}", rules.kind)
            recorded = _recorded(section, rules, kept_out, norms)
            manifest = tally.manifest(section.name, rules.kind, described, shards, recorded)
        if read_pointer(store, pointer_key(manifest.name)) != manifest.digest:
            rows = (("rows", str(manifest.rows)), ("quarantined", str(manifest.quarantined)))
            append(store, Event("ingest", manifest.digest, manifest.name, details=rows))
        publish_corpus(store, staged, manifest)
    return manifest


def _parsed(parse: Parse, chunk: int) -> Iterator[pa.Table]:
    """Pass 1. Reading and parsing ask for different CPUs, which keeps Ray Data from fusing them into one task."""
    dataset = ray.data.read_datasource(RecordSource(parse.files, chunk), num_cpus=READER_CPUS, concurrency=1)
    dataset = dataset.map_batches(parse, batch_size=None, batch_format="pyarrow", num_cpus=WORKER_CPUS)
    yield from dataset.iter_batches(batch_size=None, batch_format="pyarrow")


def _decide(facts: pa.Table, tally: Tally, plans: ShardPlans) -> None:
    """In order: count, quarantine or plan every row."""
    for part, place, file, line, reason, *rest in zip(*(column.to_pylist() for column in facts.columns), strict=True):
        if part is None:
            tally.quarantine(Quarantined(file, line, reason))
            continue
        if tally.offer(RecordFacts(*rest), file, line):
            plans.add(part, place)


def _written(store: Store, plans: Sequence[Sequence[Run]], parts: str, folder: str, kind: Kind) -> list[Shard]:
    """Pass 2."""
    filesystem, _ = store.filesystem()

    def write(row: dict[str, object]) -> dict[str, object]:
        index = int(str(row["index"]))

        def tables() -> Iterator[pa.Table]:
            for run in plans[index]:
                with filesystem.open_input_file(f"{parts}/{run.part}") as stream:
                    yield pa.ipc.open_file(stream).read_all().slice(run.start, run.stop - run.start)

        shard = write_shard(filesystem, folder, shard_name(index), tables(), kind)
        return {"file": shard.file, "rows": shard.rows, "digest": shard.digest}

    dataset = ray.data.range(len(plans), override_num_blocks=len(plans)).rename_columns({"id": "index"})
    return [Shard(**row) for row in dataset.map(write, num_cpus=WORKER_CPUS).iter_rows()]


def _check_sources(section: CorpusSection, unseen: set[str]) -> None:
    if unseen:
        raise ConfigError(
            f"corpora.sources of {section.name} weighs {', '.join(sorted(unseen))}, but no record is from there",
            "a record's own source, or its file's name without .jsonl.gz and the like",
        )


def _recorded(
    section: CorpusSection, rules: Admission, evaluation: Sequence[SourceFile], norms: Sequence[Norm]
) -> JsonValue:
    """The configuration that made the corpus, without this machine's paths; evaluation sets and norms with their
    digests; and the horizon before which no life may end, where that decided what was quarantined.
    """
    recorded: dict[str, JsonValue] = section.model_dump(mode="json")
    recorded["files"] = [pattern.rsplit("/", 1)[-1] for pattern in section.files]
    recorded["norms"] = [f"{norm.id} {norms_digest([norm])}" for norm in norms]
    recorded["decontaminate"] = [f"{file.name} {file.digest}" for file in evaluation]
    if section.split.by == "steps" and rules.horizon is not None:
        recorded["horizon"] = rules.horizon
    return recorded
