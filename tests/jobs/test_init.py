from __future__ import annotations

import gzip
import json
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iirl_core.config import Config, load_config
from iirl_core.errors import ConfigError, InputError
from jobs.init import LOOKED_AT, draft, look, name_of, run


def written(tmp_path: Path, file: Path, name: str | None = None) -> Config:
    out = tmp_path / "made.yaml"
    outcome = run(file, name, out)
    assert outcome.passed
    assert outcome.where == str(out)
    assert str(out) in outcome.next
    return load_config(out)


def lines(path: Path, *documents: object) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def test_prompts_with_answers_are_held_against_answers_to_other_requests(tmp_path: Path) -> None:
    file = lines(tmp_path / "My Answers.v2.jsonl", *({"prompt": f"p{n}", "response": "yes"} for n in range(5)))
    config = written(tmp_path, file)
    assert config.name == "my-answers-v2"
    assert [(corpus.role, corpus.take) for corpus in config.corpora] == [("demonstrations", None)]
    assert config.corpora[0].files == [str(tmp_path / "My Answers.v2.jsonl")]
    assert config.encoder.kind == "text"
    assert config.expertness.family == "discriminator"
    assert config.expertness.corrupted.mismatched == 1.0


def test_comparisons_give_both_sides_a_corpus(tmp_path: Path) -> None:
    file = lines(tmp_path / "pairs.jsonl", {"prompt": "p", "chosen": "good", "rejected": "bad"})
    config = written(tmp_path, file)
    assert [(c.name, c.role, c.take) for c in config.corpora] == [
        ("pairs-chosen", "demonstrations", "chosen"),
        ("pairs-rejected", "negatives", "rejected"),
    ]
    assert config.expertness.family == "discriminator"


def test_answers_without_requests_are_reconstructed_since_no_other_request_exists(tmp_path: Path) -> None:
    config = written(tmp_path, lines(tmp_path / "notes.jsonl", {"text": "one"}, {"text": "two"}))
    assert config.expertness.family == "autoencoder_mixture"
    assert config.mapping.kind == "exponential"


def test_long_conversations_get_room(tmp_path: Path) -> None:
    file = lines(tmp_path / "long.jsonl", *({"prompt": "p", "response": "word " * 400} for _ in range(3)))
    config = written(tmp_path, file)
    assert config.encoder.kind == "text"
    assert config.encoder.max_tokens == 512


def test_one_long_conversation_in_many_changes_nothing(tmp_path: Path) -> None:
    answers = ["word " * 400] + ["yes"] * 40
    config = written(tmp_path, lines(tmp_path / "a.jsonl", *({"prompt": "p", "response": text} for text in answers)))
    assert config.encoder.kind == "text"
    assert config.encoder.max_tokens == 256


def test_two_long_episodes_are_cut_so_that_they_can_be_split(tmp_path: Path) -> None:
    file = tmp_path / "walks.npz"
    ends = np.zeros(2000, dtype=bool)
    ends[[999, 1999]] = True
    np.savez(file, observations=np.zeros((2000, 11)), actions=np.zeros((2000, 3)), terminals=ends)
    config = written(tmp_path, file)
    assert config.corpora[0].segment == 20
    assert config.encoder.kind == "trajectory"
    assert config.encoder.rows == "state-actions"
    assert config.expertness.family == "autoencoder_mixture"
    assert config.expertness.bottleneck == 7


def test_many_trajectories_stay_whole_and_states_alone_are_enough(tmp_path: Path) -> None:
    file = lines(tmp_path / "walks.jsonl", *({"observations": [[0.0, n], [1.0, n]]} for n in range(40)))
    config = written(tmp_path, file)
    assert config.corpora[0].segment is None
    assert config.encoder.kind == "trajectory"
    assert config.encoder.rows == "states"
    assert config.expertness.family == "autoencoder_mixture"
    assert config.expertness.bottleneck == 1


def test_parquet_json_gzip_and_hdf5_are_looked_at_too(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "answer": "a"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "b.json").write_text(json.dumps(rows), encoding="utf-8")
    with gzip.open(tmp_path / "c.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write(json.dumps(rows[0]) + "\n")
    with h5py.File(tmp_path / "d.hdf5", "w") as archive:
        archive["observations"] = np.zeros((4, 2), dtype=np.float32)
    kinds = [draft(look(tmp_path / name)).kind for name in ("a.parquet", "b.json", "c.jsonl.gz", "d.hdf5")]
    assert kinds == ["conversation", "conversation", "conversation", "trajectory"]


def test_only_the_first_records_of_a_long_file_are_looked_at(tmp_path: Path) -> None:
    file = lines(tmp_path / "many.jsonl", *({"prompt": f"{n}", "response": "a"} for n in range(LOOKED_AT + 1)))
    sample = look(file)
    assert len(sample.records) == LOOKED_AT
    assert sample.more
    assert draft(sample).found == f"at least {LOOKED_AT} conversations"


def test_the_file_is_named_relative_to_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = lines(tmp_path / "data" / "a.jsonl", {"prompt": "p", "response": "a"})
    out = tmp_path / "made.yaml"
    run(file, None, out)
    assert '["data/a.jsonl"]' in out.read_text(encoding="utf-8")


def test_rows_that_will_be_quarantined_are_announced_with_their_line(tmp_path: Path) -> None:
    file = lines(tmp_path / "a.jsonl", {"prompt": "p", "response": "a"}, {"unknown": 1})
    outcome = run(file, None, tmp_path / "made.yaml")
    assert "1 more will be quarantined (line 2: " in outcome.made


def test_an_existing_configuration_is_never_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "made.yaml"
    out.write_text("mine", encoding="utf-8")
    file = lines(tmp_path / "a.jsonl", {"prompt": "p", "response": "a"})
    with pytest.raises(ConfigError, match="exists already"):
        run(file, None, out)
    assert out.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["Upper", "with space", "-first", "a\nb: c", ""])
def test_a_name_that_the_configuration_refuses_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    file = lines(tmp_path / "a.jsonl", {"prompt": "p", "response": "a"})
    if name:
        with pytest.raises(ConfigError, match="the name"):
            run(file, name, tmp_path / "made.yaml")
        assert not (tmp_path / "made.yaml").exists()
    else:  # an empty name is no name: the file's is taken
        assert written(tmp_path, file, name).name == "a"


def test_what_cannot_be_used_is_refused_in_one_line_that_says_why(tmp_path: Path) -> None:
    empty, bad = lines(tmp_path / "empty.jsonl"), lines(tmp_path / "bad.jsonl", {"unknown": 1}, [1])
    mixed = lines(tmp_path / "mixed.jsonl", {"prompt": "p", "response": "a"}, {"observations": [[1.0]]})
    wide = lines(tmp_path / "wide.jsonl", {"observations": [[1.0]]}, {"observations": [[1.0, 2.0]]})
    other = tmp_path / "table.csv"
    other.write_text("a,b", encoding="utf-8")
    cases: list[tuple[Path, type[Exception], str]] = [
        (tmp_path / "missing.jsonl", ConfigError, "no file at"),
        (tmp_path, ConfigError, "no file at"),
        (other, ConfigError, "no known format"),
        (empty, InputError, "the file is empty"),
        (bad, InputError, "line 1: "),
        (mixed, InputError, "several kinds"),
        (wide, InputError, "1 and 2 dimensions"),
    ]
    for file, kind, text in cases:
        with pytest.raises(kind, match=text) as caught:
            run(file, None, tmp_path / "made.yaml")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "made.yaml").exists()


def test_every_norm_is_asked_about_by_families_that_exist_and_fit(tmp_path: Path) -> None:
    from iirl_core.norm.load import norms_of
    from iirl_core.probe import FAMILIES

    files = [
        lines(tmp_path / "pairs.jsonl", {"prompt": "p", "chosen": "good", "rejected": "bad"}),
        lines(tmp_path / "plain.jsonl", {"prompt": "p", "response": "a"}),
        lines(tmp_path / "notes.jsonl", {"text": "one"}),
        lines(tmp_path / "walks.jsonl", {"observations": [[1.0, 2.0]]}),
    ]
    for file in files:
        out = tmp_path / f"{file.stem}.yaml"
        run(file, None, out)
        config = load_config(out)
        assert {family for norm in config.norms for family in norm.families} == set(config.audit.probes)
        for norm in norms_of(config):
            assert all(FAMILIES[family].kind == config.encoder.kind.replace("text", "conversation")
                       for family in norm.families)  # fmt: skip
        asks_others = "mismatch" in config.audit.probes
        assert asks_others == (file.stem in ("pairs", "plain")), "without prompts there is no other request"


def test_a_name_is_made_of_what_names_may_hold() -> None:
    assert name_of(Path("HalfCheetah_v4.expert.npz")) == "halfcheetah-v4-expert"
    assert name_of(Path("gpt-3.5-turbo.jsonl.gz")) == "gpt-3-5-turbo"
    assert name_of(Path("«».jsonl")) == "reward"


@pytest.mark.real
def test_the_real_sets_are_recognised(data_folder: Path) -> None:
    hopper = draft(look(data_folder / "mujoco" / "Hopper-v4-expert.npz"))
    assert (hopper.kind, hopper.rows, hopper.segment) == ("trajectory", "state-actions", 20)
    harmless = draft(look(data_folder / "hh-rlhf" / "harmless-base-1800.jsonl.gz"))
    assert (harmless.kind, harmless.negatives) == ("conversation", "rejected")
    gpt4 = draft(look(data_folder / "alpaca_eval" / "gpt4.jsonl.gz"))
    assert (gpt4.kind, gpt4.negatives) == ("conversation", "mismatched")
