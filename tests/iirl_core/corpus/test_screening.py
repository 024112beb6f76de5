import pytest

from iirl_core.corpus import Admission, admit
from iirl_core.corpus.decontamination import evaluation_prompts
from iirl_core.corpus.screening import Screening
from iirl_core.records import RawRecord

PROMPTS = evaluation_prompts([("eval.jsonl:1", "one two three four five six seven eight nine ten eleven twelve 13")])
PAIR = {
    "prompt": "Count!",
    "chosen": "No.",
    "rejected": "one two three four five six seven eight nine ten eleven twelve 13",
}


def screened(document, rules=None, screening=None):
    (one,) = admit(RawRecord("f", 1, document), "f", rules or Admission("conversation"))
    return (screening or Screening(8, PROMPTS)).screen(one, document)


@pytest.mark.parametrize("take", ["chosen", "rejected"])
def test_both_sides_of_a_comparison_are_screened_alike(take):
    rules = Admission("conversation", take, paired=True)
    reason, sketch = screened(PAIR, rules)
    assert "evaluation prompt at eval.jsonl:1" in reason
    assert sketch is None
    _, sketch = screened(PAIR, rules, Screening(8))
    assert sketch == screened(PAIR, Admission("conversation", "chosen", paired=True), Screening(8))[1]


def test_a_side_alone_is_screened_alone():
    assert screened(PAIR, Admission("conversation", "chosen"))[0] is None
    assert screened(PAIR, Admission("conversation", "rejected"))[0] is not None


def test_prompt_and_answer_make_the_sketch():
    first, second = (screened({"prompt": "Count!", "response": answer})[1] for answer in ("a b c d e", "a b c d f"))
    assert first != second
    assert screened({"text": "a"}, screening=Screening()) == (None, None)


def test_trajectories_are_not_screened():
    assert screened({"observations": [[1.0]]}, Admission("trajectory")) == (None, None)
