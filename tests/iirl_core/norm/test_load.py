from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.config.norms import BOTH_WAYS, NormSection
from iirl_core.errors import ConfigError
from iirl_core.norm import Bounds, NormKind, Observed, Region, Velocity, judge, norms_digest, norms_of
from iirl_core.norm.document import norm_document
from iirl_core.norm.matcher import Keyword, Regex, Semantic, Source
from iirl_core.probe import FAMILIES


def config(*norms: dict[str, Any], encoder: str = "trajectory") -> Config:
    return Config.model_validate(
        {
            "name": "x",
            "corpora": [{"name": "walks", "files": ["walks.npz"]}],
            "encoder": {"kind": encoder},
            "audit": {"probes": {"uniform": 10, "pairs": 10}},
            "norms": list(norms),
        }
    )


def section(**changes: Any) -> dict[str, Any]:
    base = {"id": "off", "kind": "ceiling", "hard": True, "threshold": 0.1, "families": ["uniform"]}
    return {**base, "rationale": "why", "owner": "me", **changes}


def region(path: Path) -> dict[str, Any]:
    return {"geometry": str(path), "beyond": 0.3, "low": [-1, -1], "high": [1, 1]}


def test_a_region_reads_its_geometry(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("0,0\n0.5,0.25\n")
    (norm,) = norms_of(config(section(region=region(path))))
    assert norm.kind is NormKind.CEILING
    assert isinstance(norm.region, Region)
    assert np.array_equal(norm.region.geometry, [[0, 0], [0.5, 0.25]])


@pytest.mark.parametrize(
    ("text", "complaint"), [("x,y\n0,0\n", "not a table"), ("0,nan\n", "NaN"), ("0,0,0\n", "geometry")]
)
def test_a_geometry_that_cannot_be_used_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "path.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        norms_of(config(section(region=region(path))))


def test_a_missing_geometry_says_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.csv"):
        norms_of(config(section(region=region(tmp_path / "missing.csv"))))


def test_an_id_belongs_to_one_norm() -> None:
    with pytest.raises(ConfigError, match="used twice"):
        norms_of(config(section(), section()))
    with pytest.raises(ConfigError, match="a norm which every audit has"):
        norms_of(config(section(id="is-a-number")))


def test_the_digest_of_norms_follows_their_content_and_not_their_order(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("0,0\n")
    first, second = norms_of(config(section(region=region(path)), section(id="other")))
    assert norms_digest([first, second]) == norms_digest([second, first])
    path.write_text("0,0.001\n")
    moved, _ = norms_of(config(section(region=region(path)), section(id="other")))
    assert norms_digest([moved, second]) != norms_digest([first, second])


@pytest.mark.parametrize("family", BOTH_WAYS)
def test_no_edit_has_to_raise_the_reward_of_a_family_that_edits_both_ways_or_searches(family: str) -> None:
    assert family in FAMILIES
    rise = section(kind="direction", threshold=0.0, raises=True, families=["formatting"])
    assert NormSection.model_validate(rise).raises
    with pytest.raises(ValidationError, match=f"off: raises, but {family} edits"):
        NormSection.model_validate({**rise, "families": ["formatting", family]})
    NormSection.model_validate({**rise, "families": [family], "raises": False})


MATCHES: list[dict[str, Any]] = [
    {"kind": "keyword", "words": ["dose", "chest pain"], "part": "both"},
    {"kind": "regex", "pattern": r"\d+ mg"},
    {"kind": "semantic", "examples": ["Take two."], "least": 0.6, "part": "prompt"},
    {"kind": "source", "sources": ["emergency"]},
]


def test_matchers_are_read_as_they_are_written() -> None:
    (norm,) = norms_of(config(section(matches=MATCHES), encoder="text"))
    assert norm.matches == (
        Keyword(("dose", "chest pain"), "both"),
        Regex(r"\d+ mg", "answer"),
        Semantic(("Take two.",), 0.6, "minilm", "prompt"),
        Source(("emergency",)),
    )


@pytest.mark.parametrize(
    ("matcher", "complaint"),
    [
        ({"kind": "keyword", "words": []}, "at least 1"),
        ({"kind": "keyword", "words": [" "]}, "pattern"),
        ({"kind": "regex", "pattern": "(unclosed"}, "no regular expression"),
        ({"kind": "semantic", "examples": ["a"], "least": 1.5}, "less than or equal to 1"),
        ({"kind": "telepathy"}, "telepathy"),
    ],
)
def test_a_matcher_that_cannot_match_is_refused(matcher: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        config(section(matches=[matcher]), encoder="text")


def test_matchers_of_texts_are_refused_for_trajectories() -> None:
    with pytest.raises(ValidationError, match="off is about texts"):
        config(section(matches=MATCHES[:1]))


def test_weight_and_matchers_are_pinned_by_the_digest() -> None:
    written = [section(), section(weight=2.0), section(matches=MATCHES[:1]), section(matches=MATCHES[1:2])]
    digests = {norms_digest(norms_of(config(one, encoder="text"))) for one in written}
    assert len(digests) == 4


def test_a_weight_is_above_nothing() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        config(section(weight=0))


def agreement(*files: Path, **changes: Any) -> dict[str, Any]:
    named = [str(file) for file in files]
    return section(**{"kind": "agreement", "threshold": 0.1, "families": ["pairs"], "files": named, **changes})


GOOD = '{"prompt": "q", "chosen": "yes", "rejected": "no", "source": "desk"}\n'


def test_an_agreement_reads_its_comparisons_with_their_sources(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(GOOD + '{"prompt": "p", "chosen": "a", "rejected": "b"}\n')
    (tmp_path / "two.jsonl").write_text(GOOD)
    (norm,) = norms_of(config(agreement(tmp_path / "*.jsonl"), encoder="text"))
    assert [source for source, _ in norm.comparisons] == ["desk", "one", "desk"]
    assert norm.comparisons[1][1].chosen.answer == "a"
    (less,) = norms_of(config(agreement(tmp_path / "one.jsonl"), encoder="text"))
    assert norms_digest([less]) != norms_digest([norm])


def test_two_answers_that_should_earn_the_same_are_an_invariance_with_files(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(GOOD)
    (norm,) = norms_of(config({**agreement(tmp_path / "one.jsonl"), "kind": "invariance"}, encoder="text"))
    ((_, pair),) = norm.comparisons
    rewards = (np.array([0.2]), np.array([0.5]))
    for answers in (rewards, rewards[::-1]):
        assert judge(norm, (pair.chosen, pair.rejected), answers).excess == pytest.approx(0.2)


def test_two_answers_cannot_be_apart_and_alike(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(GOOD)
    (tmp_path / "two.jsonl").write_text(GOOD.replace("yes", "perhaps"))
    equal = {**agreement(tmp_path / "one.jsonl"), "kind": "invariance", "id": "equal"}
    with pytest.raises(ConfigError, match=r"contradict .*a comparison's answers 0\.2 apart, and at most 0\.1"):
        norms_of(config(equal, agreement(tmp_path / "one.jsonl", threshold=0.2), encoder="text"))
    assert len(norms_of(config(equal, agreement(tmp_path / "one.jsonl", threshold=0.05), encoder="text"))) == 2
    assert len(norms_of(config(equal, agreement(tmp_path / "two.jsonl", threshold=0.2), encoder="text"))) == 2


SWAPPED = '{"prompt": " Q", "chosen": "No", "rejected": "yes\\n"}\n'


def test_agreements_that_prefer_opposite_answers_contradict_each_other(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(GOOD)
    (tmp_path / "two.jsonl").write_text(SWAPPED)
    one, two = agreement(tmp_path / "one.jsonl", id="one"), agreement(tmp_path / "two.jsonl", id="two", threshold=0.0)
    with pytest.raises(ConfigError, match=r"'one' and 'two' contradict .*answers 'yes' and 'no' to 'q' each is chosen"):
        norms_of(config(one, two, encoder="text"))
    elsewhere = {**two, "matches": [{"kind": "keyword", "words": ["maybe"]}]}
    with pytest.raises(ConfigError, match=r"'one' and 'two' contradict each other"):
        norms_of(config(one, elsewhere, encoder="text"))
    apart = {**one, "matches": [{"kind": "keyword", "words": ["perhaps"]}]}
    assert len(norms_of(config(apart, elsewhere, encoder="text"))) == 2, "each speaks of its own inputs"


def test_an_agreement_that_prefers_both_of_two_answers_contradicts_itself(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(GOOD + GOOD.replace("no", "perhaps"))
    assert len(norms_of(config(agreement(tmp_path / "one.jsonl"), encoder="text"))) == 1
    (tmp_path / "one.jsonl").write_text(GOOD + SWAPPED)
    with pytest.raises(ConfigError, match=r"'off' contradicts itself: of the answers 'yes' and 'no' to 'q' each"):
        norms_of(config(agreement(tmp_path / "one.jsonl"), encoder="text"))


def preferred(path: Path, *orders: str) -> Path:
    """Comparisons of one prompt, such as "ab" where a is chosen and b rejected."""
    path.write_text(
        "".join(f'{{"prompt": "q", "chosen": "{order[0]}", "rejected": "{order[1]}"}}\n' for order in orders)
    )
    return path


def test_agreements_that_prefer_answers_in_a_circle_contradict_each_other(tmp_path: Path) -> None:
    one = agreement(preferred(tmp_path / "one.jsonl", "ab", "ax", "xy"), id="one")
    two = agreement(preferred(tmp_path / "two.jsonl", "bc", "yb"), id="two")
    three = agreement(preferred(tmp_path / "three.jsonl", "cd", "da"), id="three")
    assert len(norms_of(config(one, two, encoder="text"))) == 2
    with pytest.raises(
        ConfigError,
        match=r"norms 'one', 'two' and 'three' contradict each other about pairs: of the answers "
        r"'a', 'b', 'c' and 'd' to 'q' each is chosen before the next, and the last before the first",
    ):
        norms_of(config(one, two, three, encoder="text"))
    apart = [{**each, "matches": [{"kind": "keyword", "words": [each["id"]]}]} for each in (one, two, three)]
    assert len(norms_of(config(*apart, encoder="text"))) == 3, "each speaks of its own inputs"
    with pytest.raises(ConfigError, match=r"'off' contradicts itself: of the answers 'a', 'b' and 'c' to 'q' each"):
        norms_of(config(agreement(preferred(tmp_path / "one.jsonl", "ab", "bc", "ca")), encoder="text"))


def test_a_chain_of_answers_that_lie_farther_apart_than_rewards_can_is_refused(tmp_path: Path) -> None:
    chain = preferred(tmp_path / "one.jsonl", "cd", "ab", "bc")
    assert len(norms_of(config(agreement(chain, threshold=1 / 3), encoder="text"))) == 1
    with pytest.raises(
        ConfigError, match=r"contradicts itself: 3 comparisons lead from 'a' down to 'd', and want 1\.2 between them"
    ):
        norms_of(config(agreement(chain, threshold=0.4), encoder="text"))


def test_a_longer_chain_of_other_norms_hides_no_contradiction(tmp_path: Path) -> None:
    words = ({"kind": "keyword", "words": [word]} for word in ("a", "b"))
    one, two = ({"id": word, "threshold": 0.7, "matches": [match]} for word, match in zip("ab", words, strict=True))
    both = {"id": "both", "threshold": 0.4, "matches": [*one["matches"], *two["matches"]]}
    first = agreement(preferred(tmp_path / "one.jsonl", "ab", "yz"), **one)
    second = agreement(preferred(tmp_path / "two.jsonl", "bc"), **two)
    third = agreement(preferred(tmp_path / "three.jsonl", "xy"), **both)
    assert len(norms_of(config(first, second, encoder="text"))) == 2, "each speaks of its own inputs"
    assert len(norms_of(config(second, third, encoder="text"))) == 2
    above = agreement(preferred(tmp_path / "four.jsonl", "qr", "vw", "wx"), **{**one, "threshold": 0.35})
    longer = agreement(preferred(tmp_path / "five.jsonl", "pq", "xy"), **both)
    with pytest.raises(ConfigError, match=r"3 comparisons lead from 'v' down to 'y', and want 1\.1 between them"):
        norms_of(config(above, second, longer, encoder="text"))
    with pytest.raises(
        ConfigError,
        match=r"norms 'a' and 'both' contradict .* 2 comparisons lead from 'x' down to 'z', and want 1\.1 between them",
    ):
        norms_of(config(first, second, third, encoder="text"))


def test_answers_that_only_case_tells_apart_are_told_apart_by_it(tmp_path: Path) -> None:
    loud, louder = GOOD.replace("yes", "NO"), GOOD.replace("no", "NO").replace("yes", "No")
    (tmp_path / "one.jsonl").write_text(loud + louder)
    assert len(norms_of(config(agreement(tmp_path / "one.jsonl"), encoder="text"))) == 1
    (tmp_path / "one.jsonl").write_text(loud + GOOD.replace("no", "NO").replace("yes", "no"))
    with pytest.raises(ConfigError, match=r"of the answers 'NO' and 'no'"):
        norms_of(config(agreement(tmp_path / "one.jsonl"), encoder="text"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        (GOOD + "{", r"one\.jsonl:2 "),
        (GOOD + '{"prompt": "q", "response": "yes"}\n', r"one\.jsonl:2 .*chosen"),
        ('{"prompt": "q", "chosen": "same", "rejected": "same"}\n', r"one\.jsonl:1 .*same text"),
    ],
)
def test_comparisons_that_cannot_be_asked_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "one.jsonl").write_text(text)
    with pytest.raises(ConfigError, match=f"norm 'off': .*{complaint}"):
        norms_of(config(agreement(tmp_path / "one.jsonl"), encoder="text"))
    with pytest.raises(ConfigError, match=r"norm 'off': no file at .*two\.jsonl"):
        norms_of(config(agreement(tmp_path / "two.jsonl"), encoder="text"))


def test_a_predicate_is_pinned_by_its_source() -> None:
    predicate = section(kind="predicate", function="tests.iirl_core.norm.predicate.judging:no_doses")
    del predicate["threshold"]
    (norm,) = norms_of(config(predicate))
    assert norm.predicate is not None
    assert norm.predicate.seconds == 5.0
    again = replace(norm, predicate=replace(norm.predicate, source=digest_bytes(b"")))
    assert norms_digest([norm]) != norms_digest([again])
    with pytest.raises(ConfigError, match=r"norm 'off': no module no\.such"):
        norms_of(config({**predicate, "function": "no.such:thing"}))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"threshold": None}, "needs a threshold"),
        ({"kind": "predicate", "function": "a.b:c"}, "needs a threshold but a predicate"),
        ({"kind": "predicate", "threshold": None}, "function is what"),
        ({"kind": "predicate", "threshold": None, "function": "no function"}, "pattern"),
        ({"function": "a.b:c"}, "function is what"),
        ({"files": ["a.jsonl"]}, "files are the comparisons of an agreement or an invariance"),
        ({"kind": "agreement", "families": ["pairs"]}, "files is what"),
        ({"kind": "agreement", "families": ["uniform"], "files": ["a.jsonl"]}, r"families: \[pairs\]"),
        ({"kind": "agreement", "families": ["pairs", "uniform"], "files": ["a.jsonl"]}, r"families: \[pairs\]"),
        ({"families": ["pairs"]}, r"families: \[pairs\]"),
        ({"kind": "invariance", "families": ["pairs"]}, r"families: \[pairs\]"),
        ({"kind": "invariance", "families": ["formatting"], "files": ["a.jsonl"]}, r"families: \[pairs\]"),
        ({"seconds": 1.0}, "time of a predicate"),
    ],
)
def test_what_a_kind_does_not_take_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        config(section(**changes), encoder="text")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"kind": "distance", "observed": 0.75}, Observed("distance", 0.75)),
        ({"kind": "bounds", "observed": 0.1}, Observed("bounds", 0.1)),
        ({"kind": "velocity", "observed": 0}, Observed("velocity", 0)),
    ],
)
def test_an_observed_region_waits_to_be_measured(written: dict[str, Any], read: Observed) -> None:
    (norm,) = norms_of(config(section(region=written)))
    assert norm.region == read


def test_given_bounds_and_velocities_are_read() -> None:
    bounds, velocity, forward = norms_of(
        config(
            section(region={"kind": "bounds", "low": [-1, 0], "high": [1, 2]}),
            section(id="fast", region={"kind": "velocity", "most": [0.5, 1]}),
            section(id="back", region={"kind": "velocity", "low": [0.1, -1], "high": [9, 1]}),
        )
    )
    assert isinstance(bounds.region, Bounds)
    assert bounds.region.high.tolist() == [1, 2]
    assert isinstance(velocity.region, Velocity)
    assert (velocity.region.low.tolist(), velocity.region.high.tolist()) == ([-0.5, -1], [0.5, 1])
    assert norm_document(velocity)["region"] == {"faster": [0.5, 1]}, "as it was written before there were ranges"
    assert norm_document(forward)["region"] == {"slower": [0.1, -1], "faster": [9, 1]}


@pytest.mark.parametrize(
    ("region", "complaint"),
    [
        ({"kind": "bounds"}, "low and high, or observed"),
        ({"kind": "bounds", "low": [0], "high": [1], "observed": 0.1}, "low and high, or observed"),
        ({"kind": "velocity"}, "most, or observed"),
        ({"kind": "velocity", "low": [0]}, "most, or observed"),
        ({"kind": "velocity", "most": [1], "low": [0]}, "most, or observed"),
        ({"kind": "velocity", "most": [-1]}, "greater than or equal to 0"),
        ({"kind": "distance", "observed": 0}, "greater than 0"),
        ({"kind": "sphere"}, "sphere"),
        ({"beyond": 0.3}, "geometry"),
    ],
)
def test_a_region_that_says_nothing_is_refused(region: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        config(section(region=region))


def test_bounds_that_hold_nothing_together_are_refused() -> None:
    for region in ({"low": [1], "high": [0]}, {"low": [0, 0], "high": [1]}):
        with pytest.raises(ConfigError, match="bounds"):
            norms_of(config(section(region={"kind": "bounds", **region})))


def test_a_region_is_refused_for_texts() -> None:
    with pytest.raises(ValidationError, match="off has a region"):
        config(section(region={"kind": "distance", "observed": 1}), encoder="text")
