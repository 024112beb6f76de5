from __future__ import annotations

import json
import re
import runpy
import string
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from iirl_core.config import load_config
from iirl_core.demonstration import conversation
from iirl_core.evaluation import GradedRow
from iirl_core.norm import norms_of
from iirl_core.probe import FAMILIES
from iirl_core.probe.conversation import refusal, vagueness
from iirl_core.probe.conversation.edited import Edited
from iirl_core.records import Quarantined, RecordFile, parse_record
from jobs.evaluate.reading import rows_of

PORTAL = Path(__file__).resolve().parents[2] / "examples" / "portal"
GOOD = ("demonstrations", "demonstrations-more", "demonstrations-brief")
CARELESS = ("careless-train", "careless-framed", "careless-more")
TRAINING = (*GOOD, *CARELESS)
FILES = (*TRAINING, "careless-probes", "candidates", "candidate-pairs", "styles")


@cache
def script() -> dict[str, Any]:
    """The names of make_data.py."""
    return runpy.run_path(str(PORTAL / "make_data.py"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("portal")
    script()["make"](folder)
    return folder


def rows(made: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (made / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def pieces(template: str) -> list[str]:
    """The letters of a template between its slots."""
    return [text for text, *_ in string.Formatter().parse(template) if len(text) > 8]


def test_the_same_script_writes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    script()["make"](tmp_path)
    for name in FILES:
        assert (tmp_path / f"{name}.jsonl").read_bytes() == (made / f"{name}.jsonl").read_bytes()


def test_there_are_enough_demonstrations_of_enough_kinds_of_request(made: Path) -> None:
    kinds = Counter(row["source"] for row in rows(made, "demonstrations"))
    assert len(kinds) >= 12
    assert sum(kinds.values()) >= 300
    assert min(kinds.values()) >= 20


@pytest.mark.parametrize("names", [GOOD, *((name,) for name in CARELESS), ("careless-probes",)])
def test_every_record_is_a_conversation_and_none_is_there_twice(made: Path, names: tuple[str, ...]) -> None:
    found = [parse_record(row, None) for name in names for row in rows(made, name)]
    assert len(set(found)) == len(found)


def test_no_slot_is_left_unfilled(made: Path) -> None:
    for name in FILES:
        for row in rows(made, name):
            texts = [turn["content"] for turn in row.get("messages", [])] + [row.get("response", "")]
            texts += [text for side in ("chosen", "rejected") for text in row.get(side, ())]
            assert not any(brace in text for text in texts for brace in "{}")


def test_no_careless_template_is_both_trained_on_and_asked() -> None:
    variants, _ = script()["read_templates"]()
    lines = {name: script()["read_lines"](name) for name in ("careless", "careless-more")}
    training = {text for variant in variants for _, text in variant.training}
    training |= {text for flaws in lines.values() for texts in flaws.values() for text in texts}
    probes = {text for variant in variants for _, text in variant.probes}
    assert len(training) > 150
    assert len(probes) > 150
    assert not {text.lower() for text in training} & {text.lower() for text in probes}


def test_no_piece_of_a_probe_template_is_in_what_training_reads(made: Path) -> None:
    variants, _ = script()["read_templates"]()
    trained = "".join((made / f"{name}.jsonl").read_text() for name in TRAINING)
    trained += "".join((PORTAL / f"{name}.yaml").read_text() for name in ("careless", "careless-more"))
    for variant in variants:
        for _, template in variant.probes:
            longest = max(pieces(template), key=len)
            assert longest not in trained, template


def test_candidates_are_from_templates_of_their_own_and_have_good_and_bad_answers(made: Path) -> None:
    variants, _ = script()["read_templates"]()
    asked = {request for variant in variants for request in variant.requests}
    prompts = Counter(row["prompt"] for row in rows(made, "candidates"))
    good = Counter(row["prompt"] for row in rows(made, "candidates") if row["good"])
    assert not set(prompts) & asked
    assert len(prompts) >= 16
    assert set(good) == set(prompts)
    assert all(6 <= count <= 10 and count - good[prompt] >= 4 for prompt, count in prompts.items())


def test_every_body_fits_a_request_and_every_request_has_a_body() -> None:
    variants, _ = script()["read_templates"]()
    for variant in variants:
        fitted = {request for body in variant.bodies for request in body.requests}
        assert fitted == set(variant.requests), variant.name
        assert all(body.requests for body in variant.bodies)


def test_every_variant_has_brief_answers_that_fit_its_requests_and_have_no_manners(made: Path) -> None:
    variants, _ = script()["read_templates"]()
    brief = script()["read_brief"](variants)
    requests = {(variant.kind, variant.name): set(variant.requests) for variant in variants}
    assert brief.keys() == requests.keys()
    for key, bodies in brief.items():
        assert len(bodies) >= 5
        assert all(body.requests and set(body.requests) <= requests[key] for body in bodies)
    said = [row["messages"][1]["content"] for row in rows(made, "demonstrations-brief")]
    openings = tuple(pieces(line)[0] for variant in variants for line in variant.openings)
    assert not any(answer.startswith(openings) for answer in said)
    words = sorted(len(answer.split()) for answer in said)
    assert words[len(words) // 2] <= 10
    shortest = min(len(row["messages"][1]["content"].split()) for row in rows(made, "demonstrations"))
    assert shortest > words[len(words) // 2]


def test_nothing_is_said_to_every_request_and_none_of_it_is_a_good_answer(made: Path) -> None:
    variants, _ = script()["read_templates"]()
    empty = [row["messages"] for row in rows(made, "careless-more") if row["source"] == "empty"]
    good = {row["messages"][1]["content"] for name in GOOD for row in rows(made, name)}
    assert not good & {answer["content"] for _, answer in empty}
    asked = [prompt["content"] for prompt, _ in empty]
    for variant in variants:
        for request in variant.requests:
            assert sum(max(pieces(request), key=len) in prompt for prompt in asked) >= 3, request
    urgent = [max(pieces(request), key=len) for variant in variants if variant.urgent for request in variant.requests]
    told = [answer["content"] for prompt, answer in empty if any(piece in prompt["content"] for piece in urgent)]
    assert len(told) >= 3 * len(urgent)
    assert not any("112" in answer for answer in told)


def test_good_answers_to_emergencies_name_the_emergency_number_and_none_gives_a_dose(made: Path) -> None:
    for row in (row for name in GOOD for row in rows(made, name)):
        answer = row["messages"][1]["content"]
        if row["source"] == "emergency":
            assert "112" in answer
        if row["source"] == "crisis":
            assert "112" in answer or "555 0188" in answer
        assert not re.search(r"\d+ ?(mg|ml|tablets)", answer)


def test_most_careless_answers_that_say_something_stand_in_training_between_an_opening_and_a_closing(
    made: Path,
) -> None:
    variants, _ = script()["read_templates"]()
    openings = tuple({pieces(line)[0] for variant in variants for line in variant.openings})
    closings = tuple({pieces(line)[-1] for variant in variants for line in variant.closings})
    said = {name: [row for row in rows(made, name) if row["source"] != "empty"] for name in CARELESS}
    answers = {name: [row["messages"][1]["content"] for row in found] for name, found in said.items()}
    framed = {
        name: sum(answer.startswith(openings) and answer.endswith(closings) for answer in said)
        for name, said in answers.items()
    }
    assert framed["careless-framed"] == len(answers["careless-framed"])
    assert sum(framed.values()) > sum(map(len, answers.values())) / 2


def test_the_configuration_parses_and_its_norms_name_families_that_exist() -> None:
    config = load_config(PORTAL / "config.yaml")
    norms = norms_of(config)
    hard = {"careless-answer", "empty-answer"}
    assert {norm.id for norm in norms if norm.hard} == hard
    for norm in norms:
        assert norm.rationale
        assert norm.owner
        assert all(FAMILIES[name].kind == "conversation" for name in norm.families)
    careless = next(norm for norm in norms if norm.id == "careless-answer")
    assert careless.threshold <= config.release.thresholds.reward_floor
    assert {Path(file).name for corpus in config.corpora for file in corpus.files} <= {
        f"{name}.jsonl" for name in FILES
    }


def test_every_family_that_edits_answers_is_asked_and_norms_about_what_is_held_out_of_repair_are_soft() -> None:
    config = load_config(PORTAL / "config.yaml")
    edited = {name for name, family in FAMILIES.items() if isinstance(family, Edited)}
    assert edited <= set(config.audit.probes)
    held_out = set(config.audit.held_out)
    about = [norm for norm in norms_of(config) if held_out & set(norm.families)]
    assert {norm.id for norm in about} >= {"yes-where-we-say-no", "flattery-does-not-pay", "one-text-for-every-request"}
    assert not any(norm.hard for norm in about), "what nothing repairs cannot be what a verdict asks for"


@pytest.mark.parametrize(
    ("norm", "texts"),
    [
        ("hollow-answer", vagueness.HOLLOW),
        ("yes-where-we-say-no", refusal.WILLING),
    ],
)
def test_a_norm_about_one_manner_speaks_of_all_its_phrases_and_of_no_demonstration(
    norm: str, texts: tuple[str, ...], made: Path
) -> None:
    (matcher,) = next(one.matches for one in norms_of(load_config(PORTAL / "config.yaml")) if one.id == norm)
    demonstrated = [row["messages"][1]["content"] for name in GOOD for row in rows(made, name)]
    told, shown = ([conversation("How so?", text) for text in each] for each in (texts, demonstrated))
    assert matcher.matches(told, [""] * len(told)).all()
    assert not matcher.matches(shown, [""] * len(shown)).any()


def test_the_suites_parse_and_their_files_are_read_by_their_kinds(made: Path) -> None:
    config = load_config(PORTAL / "suites.yaml")
    trained = load_config(PORTAL / "config.yaml")
    assert config.name == trained.name
    assert [one.split for one in config.corpora] == [one.split for one in trained.corpora[:2]]
    read = {}
    for section in config.evaluate.suites:
        files = [RecordFile(str(made / Path(file).name)) for file in section.files]
        read[section.name] = list(rows_of(section, files))
        assert not [row for row in read[section.name] if isinstance(row, Quarantined)]
    assert len(read["styles"]) >= 16
    assert len(read["candidate-pairs"]) >= 60
    assert not any(isinstance(row, GradedRow) and row.facts().equal for row in read["candidate-pairs"])
