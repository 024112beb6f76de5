from collections import Counter

import numpy as np
import pytest

from iirl_core.config.corpora import SplitSection
from iirl_core.corpus import identity_of, split_of
from iirl_core.corpus.identity import identity_and_key
from iirl_core.demonstration import Conversation, Message, Trajectory, conversation


def test_equal_content_has_equal_identity_and_any_change_another():
    base = Trajectory([[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0]])
    others = [
        Trajectory([[1.0, 2.0], [3.0, 5.0]], [[1.0], [2.0]]),
        Trajectory([[1.0, 2.0], [3.0, 4.0]], [[1.0], [3.0]]),
        Trajectory([[1.0, 2.0], [3.0, 4.0]]),
        Trajectory([[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0]], terminal=True),
        Trajectory([[1.0], [2.0], [3.0], [4.0], [1.0], [2.0]]),
        conversation("a", "b"),
        conversation("a", "c"),
        Conversation((Message("system", "a"), Message("assistant", "b"))),
    ]
    assert identity_of(base) == identity_of(Trajectory(np.array([[1, 2], [3, 4]]), np.array([[1], [2]])))
    assert len({identity_of(each) for each in [base, *others]}) == len(others) + 1


def test_the_prompt_decides_the_split_and_without_one_the_record():
    first, second = conversation("same", "one"), conversation("same", "two")
    assert identity_and_key(first)[1] == identity_and_key(second)[1]
    assert identity_and_key(first)[1] != identity_and_key(conversation("other", "one"))[1]
    bare, other = (Conversation((Message("assistant", answer),)) for answer in ("one", "two"))
    assert identity_and_key(bare)[1] != identity_and_key(other)[1]


def test_no_message_can_pass_for_two():
    whole = Conversation((Message("user", "a" + "assistant 1\nb"), Message("assistant", "c")))
    parts = Conversation((Message("user", "a"), Message("assistant", "b"), Message("assistant", "c")))
    assert identity_of(whole) != identity_of(parts)


def test_splits_follow_their_fractions():
    counts = Counter(split_of(f"key {index}", SplitSection()) for index in range(20_000))
    assert counts["train"] / 20_000 == pytest.approx(0.7, abs=0.02)
    assert counts["guard"] / 20_000 == pytest.approx(0.15, abs=0.02)


def test_a_fraction_of_zero_gets_nothing():
    only = SplitSection(train=0, guard=1, unseen=0)
    assert {split_of(f"key {index}", only) for index in range(1000)} == {"guard"}


def test_a_larger_training_share_only_moves_records_into_training():
    small, large = SplitSection(train=0.5, guard=0.25, unseen=0.25), SplitSection(train=0.7, guard=0.15, unseen=0.15)
    keys = [f"key {index}" for index in range(500)]
    assert all(split_of(key, large) == "train" for key in keys if split_of(key, small) == "train")
