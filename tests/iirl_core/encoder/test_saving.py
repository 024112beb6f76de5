from __future__ import annotations

from pathlib import Path

import pytest
import torch

from iirl_core.canonical import digest_bytes
from iirl_core.config.encoding import TextEncoderSection, TrajectoryEncoderSection, Truncation
from iirl_core.demonstration import conversation
from iirl_core.encoder import Encoder, fit_encoder, load_encoder, save_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.errors import ArtifactError
from tests.iirl_core.artifact.samples import text_encoder, trajectory_draft, walks
from tests.iirl_core.encoder.tiny import tiny


@pytest.fixture(params=["trajectory", "conversation"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return trajectory_draft().model.encoder if request.param == "trajectory" else text_encoder()


def test_a_saved_encoder_encodes_alike(encoder: Encoder, tmp_path: Path) -> None:
    items = walks(2, seed=5) if encoder.kind == "trajectory" else [conversation("Open?", "Yes."), conversation("", "")]
    again = load_encoder(tmp_path, save_encoder(encoder, tmp_path))
    assert (again.kind, again.width) == (encoder.kind, encoder.width)
    assert torch.equal(again.encode(items).z, encoder.encode(items).z)


def test_an_absorbing_end_is_kept(tmp_path: Path) -> None:
    section = TrajectoryEncoderSection(rows="changes", terminal="absorbing", horizon=7)
    encoder = fit_encoder(section, walks(2, seed=5))
    document = save_encoder(encoder, tmp_path)
    assert (document["terminal"], document["horizon"]) == ("absorbing", 7)
    assert vars(load_encoder(tmp_path, document)).keys() == vars(encoder).keys()
    with pytest.raises(ArtifactError, match="terminal"):
        load_encoder(tmp_path, {**document, "horizon": None})


def test_windows_are_kept(tmp_path: Path) -> None:
    encoder, items = fit_encoder(TrajectoryEncoderSection(rows="windows", window=3), walks(2, seed=5)), walks(2, seed=6)
    document = save_encoder(encoder, tmp_path)
    assert document["window"] == 3
    assert torch.equal(load_encoder(tmp_path, document).encode(items).z, encoder.encode(items).z)
    with pytest.raises(ArtifactError, match="windows of 1 states"):
        load_encoder(tmp_path, {key: value for key, value in document.items() if key != "window"})


def test_equal_encoders_write_equal_bytes(encoder: Encoder, tmp_path: Path) -> None:
    document = save_encoder(encoder, tmp_path / "one")
    save_encoder(load_encoder(tmp_path / "one", document), tmp_path / "two")
    bytes_of = [{p.name: digest_bytes(p.read_bytes()) for p in (tmp_path / n).iterdir()} for n in ("one", "two")]
    assert bytes_of[0] == bytes_of[1]


def test_only_safetensors_and_json_are_written(encoder: Encoder, tmp_path: Path) -> None:
    save_encoder(encoder, tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".safetensors", ".json", ".txt", ".jinja"}


def test_code_that_came_along_is_not_run_unasked(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="code of its own"):
        load_encoder(tmp_path, {"kind": "text", "trust_remote_code": True})


@pytest.mark.parametrize("document", [None, {}, {"kind": "image"}, {"kind": "trajectory"}, {"kind": "text"}])
def test_a_document_that_is_no_encoder_is_refused(document: dict[str, str] | None, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        load_encoder(tmp_path, document)  # type: ignore[arg-type]


def test_an_encoder_that_works_in_another_way_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    document = save_encoder(encoder, tmp_path)
    assert isinstance(document, dict)
    ways = {"pooling", "padding", "truncation"} if encoder.kind == "conversation" else {"terminal"}
    assert ways <= set(document)
    for name in ways:
        without = {key: document[key] for key in document if key != name}
        for other in ({**document, name: "other"}, without):
            with pytest.raises(ArtifactError, match=name):
                load_encoder(tmp_path, other)


@pytest.mark.parametrize("truncation", ["context", "left"])
def test_what_is_cut_of_a_long_text_is_kept(truncation: Truncation, tmp_path: Path) -> None:
    items = [conversation("word " * 80, "It is open."), conversation("Open?", "Yes. " * 80)]
    encoder = fit_encoder(TextEncoderSection(model=tiny("bert", tmp_path / "bert"), truncation=truncation), [])
    document = save_encoder(encoder, tmp_path / "saved")
    assert "around" not in document, "its tokenizer says it"
    assert document["truncation"] == {"context": "context-start, then answer-end", "left": "left"}[truncation]
    again = load_encoder(tmp_path / "saved", document)
    assert isinstance(again, TextEncoder)
    assert again.rendering.truncation == truncation
    assert torch.equal(again.encode(items).z, encoder.encode(items).z)


def test_an_unknown_way_to_cut_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    document = {"kind": "text", "chat_template": "", "max_tokens": 64, "padding": "right", "pooling": "mean"}
    with pytest.raises(ArtifactError, match="'middle'; expected 'context-start, then answer-end' or 'left'"):
        load_encoder(tmp_path, {**document, "batch": 1, "truncation": "middle"})
