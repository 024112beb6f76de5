import gzip
import json

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iirl_core.errors import ConfigError
from iirl_core.records import Quarantined, open_records, parse_record
from iirl_core.records.formats import CODECS
from iirl_core.records.lines import LineChunk, cut_lines
from iirl_core.records.raw import RecordFile
from iirl_core.records.reading import pieces_of

ROWS = [{"prompt": f"Ümlaut {i}?", "response": "x" * i} for i in range(100)]
JSONL = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def write(path, data):
    codec = CODECS.get(path.suffix[1:])
    if codec is None:
        path.write_bytes(data)
    else:
        with pa.CompressedOutputStream(str(path), codec) as stream:
            stream.write(data)
    return path


def documents(path):
    return [row.document for row in open_records(path)]


def reasons(path):
    return [(row.line, row.reason) for row in open_records(path) if isinstance(row, Quarantined)]


def parquet_bytes(table, **options):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.jsonl", JSONL),
        ("rows.ndjson", JSONL.rstrip(b"\n")),
        ("rows.json", json.dumps(ROWS, indent=1).encode()),
        ("lines.json", JSONL),
        ("several.json", "\n".join(json.dumps(row, indent=2) for row in ROWS).encode()),
        ("rows.parquet", parquet_bytes(pa.Table.from_pylist(ROWS))),
    ],
)
def test_every_format_and_compression_gives_the_same_rows_in_order(tmp_path, name, data, suffix):
    path = write(tmp_path / (name + suffix), data)
    assert documents(path) == ROWS
    assert [row.line for row in open_records(path)] == list(range(1, 101))


def test_a_name_of_no_known_format_is_a_matter_of_configuration(tmp_path):
    with pytest.raises(ConfigError, match="no known format"):
        open_records(tmp_path / "rows.csv")


def test_bad_lines_are_quarantined_one_by_one_with_their_numbers(tmp_path):
    good = b'{"text": "a"}'
    lines = [good, b"", b'{"text": ', b'{"text": "\xff"}', b"[" * 100_000, b"1" * 5000, good + b"\r", b"   "]
    path = write(tmp_path / "bad.jsonl", b"\n".join(lines) + b"\n")
    found = list(open_records(path))
    assert [row.line for row in found] == list(range(1, 9))
    assert [row.line for row in found if not isinstance(row, Quarantined)] == [1, 7]
    said = dict(reasons(path))
    assert said[2] == said[8] == "an empty row"
    assert said[3].startswith("malformed JSON at column")
    assert "undecodable bytes at 10" in said[4]
    assert said[5].startswith("malformed JSON")
    assert said[6].startswith("malformed JSON")


def test_a_byte_order_mark_is_not_part_of_the_first_row(tmp_path):
    assert documents(write(tmp_path / "bom.jsonl", b"\xef\xbb\xbf" + JSONL)) == ROWS
    assert documents(write(tmp_path / "bom.json", b"\xef\xbb\xbf" + json.dumps(ROWS).encode())) == ROWS


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_lines_are_cut_alike_whatever_the_size_of_the_blocks(tmp_path, size):
    path = write(tmp_path / "rows.jsonl", JSONL)
    chunks = list(cut_lines(RecordFile(str(path)), size))
    assert b"\n".join(chunk.data for chunk in chunks) == JSONL.rstrip(b"\n")
    firsts = [chunk.first for chunk in chunks]
    assert firsts == [1 + sum(c.data.count(b"\n") + 1 for c in chunks[:i]) for i in range(len(chunks))]


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_of_a_truncated_stream_every_whole_row_before_the_break_is_read(tmp_path, suffix):
    rng = np.random.default_rng(0)
    rows = [{"text": rng.bytes(30).hex()} for _ in range(5000)]
    path = write(tmp_path / f"cut.jsonl.{suffix}", "".join(json.dumps(row) + "\n" for row in rows).encode())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    *good, last = open_records(path)
    assert [row.document for row in good] == rows[: len(good)]
    assert isinstance(last, Quarantined)
    assert last.line == len(good) + 1
    assert "breaks off" in last.reason
    # zlib gives every byte it has; zstd gives whole blocks of at most 128 KiB.
    assert len(good) > (3200 if suffix == "gz" else 1000)


def test_a_file_that_is_not_what_its_name_says_is_quarantined_whole(tmp_path):
    for name in ("a.jsonl.gz", "a.parquet", "a.npz", "a.hdf5", "a.parquet.gz", "a.json.zst"):
        path = tmp_path / name
        path.write_bytes(b"this is none of those")
        (row,) = open_records(path)
        assert isinstance(row, Quarantined), name
        assert row.file == name


def test_concatenated_gzip_members_read_as_one(tmp_path):
    path = tmp_path / "two.jsonl.gz"
    path.write_bytes(gzip.compress(JSONL[:500]) + gzip.compress(JSONL[500:]))
    assert documents(path) == ROWS


def test_a_line_without_end_is_dropped_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("iirl_core.records.lines.MAX_LINE_BYTES", 100)
    path = write(tmp_path / "long.jsonl", b'{"text": "a"}\n"' + b"y" * 500 + b'"\n{"text": "b"}\n')
    found = list(cut_lines(RecordFile(str(path)), 50))
    assert [c.first for c in found if isinstance(c, LineChunk)] == [1, 3]
    assert [(q.line, "longer" in q.reason) for q in found if isinstance(q, Quarantined)] == [(2, True)]


def test_a_bad_value_ends_a_json_list_and_says_where(tmp_path):
    path = write(tmp_path / "bad.json", b'[{"text": "a"}, {"text": "b"}, {"text" "c"}, {"text": "d"}]')
    found = list(open_records(path))
    assert [row.document["text"] for row in found[:2]] == ["a", "b"]
    assert found[2].line == 3
    assert "what follows was not read" in found[2].reason
    open_ended = write(tmp_path / "open.json", b'[{"text": "a"}, ')
    assert reasons(open_ended) == [(2, "the file breaks off here (no closing ])")]


def test_undecodable_bytes_in_a_json_list_cost_one_row(tmp_path):
    path = write(tmp_path / "bytes.json", b'[{"text": "a"}, {"text": "\xff"}, {"text": "c"}]')
    first, second, third = open_records(path)
    assert parse_record(first.document).answer == "a"
    assert parse_record(third.document).answer == "c"
    with pytest.raises(Exception, match="surrogate"):
        parse_record(second.document)


def test_values_longer_than_a_block_are_read_whole(tmp_path):
    long = [{"text": "z" * 3_000_000}, {"text": "end"}]
    assert documents(write(tmp_path / "long.json", json.dumps(long).encode())) == long


def test_an_empty_file_has_no_rows(tmp_path):
    for name in ("e.jsonl", "e.json", "e.jsonl.gz"):
        assert list(open_records(write(tmp_path / name, b""))) == []


def test_row_groups_of_parquet_can_be_read_apart(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(parquet_bytes(pa.Table.from_pylist(ROWS), row_group_size=30))
    assert pieces_of(path) == 4
    rows = [row for piece in range(4) for row in open_records(path, piece)]
    assert [row.document for row in rows] == ROWS
    assert [row.line for row in rows] == list(range(1, 101))


# Every shape of a text record, through every format

ASKED, SAID = {"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Yes."}
DENIED = {"role": "assistant", "content": "No."}
TURNS = "\n\nHuman: Open?\n\nAssistant: "
SHAPES = [
    ({"messages": [ASKED, SAID]}, None),
    ({"prompt": "Open?", "completion": "Yes."}, None),
    ({"prompt": "Open?", "response": "Yes."}, None),
    ({"prompt": "Open?", "answer": "Yes."}, None),
    ({"prompt": [ASKED], "completion": [SAID]}, None),
    ({"text": TURNS + "Yes."}, None),
    ({"instruction": "Open?", "input": "", "output": "Yes."}, None),
    ({"instruction": "Open?", "input": None, "output": "Yes."}, None),
    ({"chosen": TURNS + "Yes.", "rejected": TURNS + "No."}, "chosen"),
    ({"prompt": "Open?", "chosen": "Yes.", "rejected": "No."}, "chosen"),
    ({"prompt": [ASKED], "chosen": [SAID], "rejected": [DENIED]}, "chosen"),
    ({"chosen": [ASKED, SAID], "rejected": [ASKED, DENIED]}, "chosen"),
    ({"prompt": "Open?", "chosen": [ASKED, SAID], "rejected": [ASKED, DENIED]}, "chosen"),
]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.parquet"])
def test_every_shape_of_a_text_record_survives_every_format(tmp_path, name, suffix):
    for number, (document, take) in enumerate(SHAPES):
        data = {
            "rows.jsonl": (json.dumps(document) + "\n").encode() * 2,
            "rows.json": json.dumps([document, document]).encode(),
            "rows.parquet": parquet_bytes(pa.Table.from_pylist([document, document])),
        }[name]
        rows = list(open_records(write(tmp_path / f"{number}-{name}{suffix}", data)))
        assert [row.line for row in rows] == [1, 2]
        for row in rows:
            read = parse_record(row.document, take)
            assert [(turn.role, turn.content) for turn in read.messages] == [("user", "Open?"), ("assistant", "Yes.")]


# Trajectories

OBSERVATIONS = np.arange(20, dtype=np.float32).reshape(10, 2)
ACTIONS = np.arange(10, dtype=np.float64).reshape(10, 1)
TERMINALS = np.array([0, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=np.float32)
TIMEOUTS = np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0], dtype=bool)


def trajectories(path):
    return [parse_record(row.document) for row in open_records(path)]


def lengths(path):
    return [(len(each), each.terminal) for each in trajectories(path)]


@pytest.mark.parametrize("kind", ["npz", "hdf5", "parquet"])
@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, [(10, False)]),
        ({"terminals": TERMINALS}, [(4, True), (6, False)]),
        ({"terminals": TERMINALS, "timeouts": TIMEOUTS}, [(4, True), (3, False), (3, False)]),
        ({"episode": np.repeat([0, 1], 5), "terminals": TERMINALS}, [(5, False), (5, False)]),
        ({"episode": np.repeat([3, 1, 3], [4, 1, 5]), "terminals": TERMINALS}, [(4, True), (1, False), (5, False)]),
    ],
)
def test_flat_arrays_are_cut_where_episodes_end(tmp_path, kind, extra, expected):
    arrays = {"observations": OBSERVATIONS, "actions": ACTIONS, "rewards": np.zeros(10), **extra}
    path = tmp_path / f"data.{kind}"
    if kind == "npz":
        np.savez(path, **arrays)
    elif kind == "hdf5":
        with h5py.File(path, "w") as archive:
            for name, array in arrays.items():
                archive[name] = array
    else:
        pq.write_table(pa.table({name: array.tolist() for name, array in arrays.items()}), path)
    assert lengths(path) == expected
    assert np.concatenate([each.observations for each in trajectories(path)]).tolist() == OBSERVATIONS.tolist()
    assert np.concatenate([each.actions for each in trajectories(path)]).tolist() == ACTIONS.tolist()


def test_episodes_of_a_step_per_row_survive_the_borders_of_batches(tmp_path):
    steps = 20_000
    episode = np.arange(steps) // 3000
    table = pa.table({"observations": np.zeros((steps, 2)).tolist(), "episode": episode})
    pq.write_table(table, tmp_path / "steps.parquet")
    assert [length for length, _ in lengths(tmp_path / "steps.parquet")] == [3000] * 6 + [2000]


def test_a_row_per_trajectory_of_parquet(tmp_path):
    table = pa.table(
        {
            "observations": [[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0]], [[5.0, 6.0]]],
            "actions": [[[1.0], [2.0]], [[1.0], [2.0]], None],
            "terminal": [True, False, False],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    first, second, third = open_records(tmp_path / "rows.parquet")
    assert parse_record(first.document).terminal
    assert parse_record(first.document).actions.tolist() == [[1.0], [2.0]]
    assert parse_record(third.document).actions is None
    with pytest.raises(Exception, match="not rectangular"):
        parse_record(second.document)


def test_minaris_last_observation_has_no_action_and_is_left_out(tmp_path):
    with h5py.File(tmp_path / "main_data.hdf5", "w") as archive:
        for number in (0, 10, 2):
            group = archive.create_group(f"episode_{number}")
            group["observations"] = np.full((4, 2), number)
            group["actions"] = np.zeros((3, 1))
            group["terminations"] = [False, False, number == 10]
        bad = archive.create_group("episode_11")
        bad["observations"], bad["actions"] = np.zeros((9, 2)), np.zeros((3, 1))
        nested = archive.create_group("episode_12").create_group("observations")
        nested["achieved_goal"] = np.zeros((3, 2))
    rows = list(open_records(tmp_path / "main_data.hdf5"))
    good = [parse_record(row.document) for row in rows[:3]]
    assert [(len(each), float(each.observations[0, 0]), each.terminal) for each in good] == [
        (3, 0.0, False),
        (3, 2.0, False),
        (3, 10.0, True),
    ]
    assert "9 observations for 3 actions" in rows[3].reason
    assert "group of arrays" in rows[4].reason


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_array_files_may_be_compressed(tmp_path, suffix):
    np.savez(tmp_path / "data.npz", observations=OBSERVATIONS, terminals=TERMINALS)
    with h5py.File(tmp_path / "data.hdf5", "w") as archive:
        archive["observations"], archive["terminals"], archive["infos/qpos"] = OBSERVATIONS, TERMINALS, ACTIONS
    for name in ("data.npz", "data.hdf5"):
        path = write(tmp_path / (name + suffix), (tmp_path / name).read_bytes())
        assert lengths(path) == [(4, True), (6, False)]


def test_pickled_arrays_are_never_loaded(tmp_path):
    np.savez(tmp_path / "evil.npz", observations=np.array([{"a": 1}, None], dtype=object))
    ((_, reason),) = reasons(tmp_path / "evil.npz")
    assert "allow_pickle" in reason or "Object arrays" in reason


def test_arrays_that_do_not_fit_together_are_quarantined(tmp_path):
    np.savez(tmp_path / "short.npz", observations=OBSERVATIONS, actions=ACTIONS[:5])
    assert "actions have shape [5, 1]" in reasons(tmp_path / "short.npz")[0][1]
    np.savez(tmp_path / "wide.npz", observations=OBSERVATIONS, terminals=np.zeros((10, 2)))
    assert "terminals have shape [10, 2]" in reasons(tmp_path / "wide.npz")[0][1]
    np.savez(tmp_path / "words.npz", observations=OBSERVATIONS, timeouts=["no"] * 10)
    assert "expected numbers" in reasons(tmp_path / "words.npz")[0][1]
    np.savez(tmp_path / "column.npz", observations=OBSERVATIONS, terminals=TERMINALS[:, None])
    assert lengths(tmp_path / "column.npz") == [(4, True), (6, False)]
    np.savez(tmp_path / "none.npz", states=OBSERVATIONS)
    assert "'states'" in reasons(tmp_path / "none.npz")[0][1]
    np.savez(tmp_path / "scalar.npz", observations=np.float32(1))
    assert "single value" in reasons(tmp_path / "scalar.npz")[0][1]


def test_a_truncated_npz_is_quarantined(tmp_path):
    np.savez_compressed(tmp_path / "cut.npz", observations=np.random.default_rng(0).normal(size=(5000, 4)))
    data = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(data[: len(data) // 2])
    assert reasons(tmp_path / "cut.npz")[0][0] == 0


@pytest.mark.real
def test_the_experts_of_mujoco_and_the_transcripts_of_hh_are_read(data_folder):
    assert lengths(data_folder / "mujoco/HalfCheetah-v4-expert.npz") == [(1000, True)] * 2
    rows = list(open_records(data_folder / "hh-rlhf/harmless-base-1800.jsonl.gz"))
    assert len(rows) == 1800
    assert not any(isinstance(row, Quarantined) for row in rows)
