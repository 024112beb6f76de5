import json
import math

import pytest

from benchmarks.figures import Figure, figure, number, table, write_results


def test_a_figure_is_the_median_and_is_judged_against_its_bound():
    fast = figure("ratio", [0.7, 0.9, 0.85], "×", at_least=0.8)
    assert (fast.value, fast.met, fast.target, fast.spread) == (0.85, True, "≥ 0.8", "0.7 – 0.9")
    assert figure("delay", [3.5, 2.5, 4.0], "ms", at_most=3).met is False
    assert figure("rows", [10], "").met is None


def test_a_figure_without_runs_or_with_two_bounds_is_refused():
    with pytest.raises(ValueError, match="at least one run"):
        figure("ratio", [], "×")
    with pytest.raises(ValueError, match="at most one bound"):
        figure("ratio", [1.0], "×", at_least=0.5, at_most=2)


def test_results_are_written_in_the_shape_of_the_convention_and_printed(tmp_path, capsys):
    path = write_results(
        "demo", [figure("ratio", [0.9, 1.0], "×", at_least=0.8, baseline=5)], "a note", tmp_path / "a/b.json"
    )
    document = json.loads(path.read_text())
    assert set(document) == {"name", "date", "commit", "machine", "figures", "notes"}
    assert document["figures"]["ratio"] == {
        "value": 0.95,
        "unit": "×",
        "target": "≥ 0.8",
        "met": True,
        "baseline": 5,
        "runs": [0.9, 1.0],
    }
    printed = capsys.readouterr().out
    assert "ratio" in printed
    assert "a note" in printed


def test_a_figure_that_json_cannot_say_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_results("demo", [Figure("ratio", math.nan, "×")], json_path=tmp_path / "x.json")


def test_a_missed_target_stands_out_in_the_table():
    assert " NO" in table([figure("ratio", [0.5], "×", at_least=0.8)])


@pytest.mark.parametrize(("value", "text"), [(4812.4, "4,812"), (0.93123, "0.9312"), (3, "3"), (0.0, "0")])
def test_numbers_read_well(value, text):
    assert number(value) == text
