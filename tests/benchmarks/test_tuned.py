from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.learning import Lesson
from benchmarks.tuned import LAYERS, lower_layers, tuned_head
from iirl_core.artifact import Provenance
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.demonstration import conversation
from iirl_core.encoder.text import fit_text
from tests.iirl_core.encoder.tiny import tiny


@pytest.mark.parametrize("paired", [False, True])
def test_an_encoder_learns_with_its_head_what_is_good(tmp_path: Path, paired: bool) -> None:
    good, bad = (tuple(conversation(f"{n}?", f"{word} {n}") for n in range(40)) for word in ("yes, gladly", "no"))
    section = TextEncoderSection(model=tiny("bert", tmp_path), max_tokens=32)
    score = tuned_head(Lesson(good, bad, Provenance(), paired=paired), 0, lambda: fit_text(section))
    assert (score(good) > score(bad)).mean() > 0.9


def test_one_class_alone_trains_no_encoder() -> None:
    with pytest.raises(ValueError, match="one class"):
        tuned_head(Lesson((conversation("a", "b"),), None, Provenance()), 0)


def test_only_the_lower_layers_are_there_to_be_trained() -> None:
    assert len(lower_layers().model.encoder.layer) == LAYERS
