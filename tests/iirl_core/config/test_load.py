from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config import load_config
from iirl_core.errors import ConfigError

PLAIN = """
name: small
corpora: [{name: walks, files: [data/walks.npz]}]
encoder: {kind: trajectory}
audit: {probes: {uniform: 10}}
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(PLAIN)
    return path


def test_files_are_found_beside_the_configuration_wherever_it_is_read_from(plain: Path) -> None:
    assert load_config(plain).corpora[0].files == [str(plain.parent / "data" / "walks.npz")]


def test_urls_stay_as_they_are(plain: Path) -> None:
    config = load_config(plain, ["corpora.0.files=[s3://bucket/walks.npz]"])
    assert config.corpora[0].files == ["s3://bucket/walks.npz"]


def test_paths_may_name_environment_variables_that_are_set(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALKS", "/mnt/walks")
    override = ["corpora.0.files=['${WALKS}/a.npz']"]
    assert load_config(plain, override).corpora[0].files == ["/mnt/walks/a.npz"]
    monkeypatch.delenv("WALKS")
    with pytest.raises(ConfigError, match="not set"):
        load_config(plain, override)


def test_overrides_reach_into_sections_that_the_file_leaves_out(plain: Path) -> None:
    config = load_config(plain, ["train.optimiser.learning_rate=0.5", "seed=7"])
    assert (config.train.optimiser.learning_rate, config.seed) == (0.5, 7)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("tarin.epochs=3", "tarin: unknown key"),
        ("train.epochs=0", "train.epochs"),
        ("train.epochs", "expected key.path=value"),
        ("name=[", "the value is not YAML"),
        ("name=@x", "the value is not YAML"),
        ("seed=!!python/object:x 1", "the value is not YAML"),
        ("seed=-1", "seed: Input should be greater than or equal to 0"),
        ("corpora.7.name=x", "no such section|not a section"),
        ("expertness.family=discriminator", "discriminator"),
        ("corpora.0.role=negatives", "none has the role demonstrations"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line_that_names_it(plain: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(plain, [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["/data/a #1", "@x", "[", "3", "s3://bucket/a: b", "null", ""])
def test_plain_texts_are_taken_as_they_are(plain: Path, text: str) -> None:
    assert load_config(plain, ["store=other"], plain={"store": text}).store == text


def test_a_plain_text_of_no_section_is_refused(plain: Path) -> None:
    with pytest.raises(ConfigError, match="stoer: unknown key"):
        load_config(plain, plain={"stoer": "x"})


def test_a_norm_that_no_family_tests_is_refused(plain: Path) -> None:
    norm = "{id: a, kind: ceiling, threshold: 0.1, families: [far], rationale: r, owner: o}"
    with pytest.raises(ConfigError, match=r"a needs families that audit\.probes does not ask: \['far'\]"):
        load_config(plain, [f"norms=[{norm}]"])


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="iirl init"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("text", ["- a list", "a: [", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        load_config(path)


def test_episodes_that_are_scored_whole_are_not_asked_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IIRL_DATA", ".")
    optimiser = "audit.optimiser={environment: HalfCheetah-v4, pieces: %d}"
    example = Path(__file__).parents[3] / "examples" / "families" / "occupancy.yaml"
    load_config(example, [optimiser % 1])
    with pytest.raises(ConfigError, match="pieces: occupancy scores whole episodes"):
        load_config(example, [optimiser % 2])
