import pytest

from iirl_core.corpus.decontamination import COMMON, evaluation_prompts, prompt_of
from iirl_core.corpus.wording import words_of
from iirl_core.errors import InputError

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def reason(prompts, prompt, everything=None):
    index = evaluation_prompts((f"eval.jsonl:{line}", each) for line, each in enumerate(prompts, start=1))
    return index.reason(prompt, words_of(prompt if everything is None else everything))


def test_an_evaluation_prompt_is_recognised_whatever_its_layout():
    told = "its prompt is the evaluation prompt at eval.jsonl:2"
    assert reason(["Is it shut?", "Is it open?"], "  is it OPEN") == told
    assert reason(["Is it shut?", "Is it open?"], "Is it open now?") is None
    assert reason(["???", "…"], " … ") == told
    assert reason([], "Is it open?") is None


def test_thirteen_words_in_a_row_give_a_prompt_away_wherever_they_stand():
    told = "13 words in a row of it are in the evaluation prompt at eval.jsonl:1"
    answer = "Sure: " + LONG.replace(" ", ", ")
    assert reason([LONG, "other"], "Count!", answer) == told
    assert reason([LONG], "Count!", " ".join(LONG.split()[:12])) is None
    assert reason([LONG], "Count!", LONG.replace("seven", "7")) is None


def test_words_that_many_evaluation_prompts_share_are_a_template_and_give_nothing_away():
    prompts = [f"{LONG} question {number}" for number in range(COMMON + 1)]
    assert reason(prompts, LONG) is None
    assert reason(prompts[:COMMON], LONG) is not None
    assert reason([prompts[0]] * (COMMON + 1), LONG) is not None, "the same prompt many times is one prompt"
    assert reason(prompts, prompts[3]) == "its prompt is the evaluation prompt at eval.jsonl:4"


@pytest.mark.parametrize(
    "document",
    [
        {"prompt": "Is it open?"},
        {"prompt": "Is it open?", "response": "Yes.", "preference_over_gpt4": 0.1},
        {"prompt": "Is it open?", "chosen": ["Yes."], "rejected": ["No.", "Never."]},
        {"prompt": "Is it open?", "chosen": "same", "rejected": "same"},
        {"chosen": "\n\nHuman: Is it open?\n\nAssistant: Yes.", "rejected": "\n\nHuman: Is it open?\n\nAssistant: No."},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it open?"}]},
        {"messages": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Yes."}]},
        {"instruction": "Is it open?", "output": None},
        {"system": "Be brief.", "prompt": "Is it open?"},
    ],
)
def test_every_evaluation_record_has_one_prompt(document):
    assert prompt_of(document) == "Is it open?"


@pytest.mark.parametrize(
    "document", [{}, [], {"prompt": " "}, {"text": "alone"}, {"observations": [[1.0]]}, {"label": 1}]
)
def test_a_record_without_a_prompt_is_refused(document):
    with pytest.raises(InputError):
        prompt_of(document)
