from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from benchmarks.learning import Lesson
from benchmarks.tuned import SECTION, tuned_head
from iirl_core.artifact import Provenance
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder import fit_encoder
from tests.iirl_core.encoder.tiny import tiny


def _rows(section: TextEncoderSection) -> Callable[[Sequence[Conversation]], torch.Tensor]:
    encoder = fit_encoder(section, [])
    return lambda items: encoder.encode(items).z


@pytest.mark.parametrize("paired", [False, True])
def test_an_encoder_learns_with_its_head_what_is_good(tmp_path: Path, paired: bool) -> None:
    good, bad = (tuple(conversation(f"{n}?", f"{word} {n}") for n in range(40)) for word in ("yes, gladly", "no"))
    section = TextEncoderSection(model=tiny("bert", tmp_path), max_tokens=32)
    score = tuned_head(Lesson(good, bad, Provenance(), paired=paired), 0, _rows(section), section)
    assert (score(good) > score(bad)).mean() > 0.9


def test_one_class_alone_trains_no_encoder() -> None:
    with pytest.raises(ValueError, match="one class"):
        tuned_head(Lesson((conversation("a", "b"),), None, Provenance()), 0, lambda _: torch.zeros(1, 1), SECTION)
