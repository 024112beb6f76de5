from __future__ import annotations

import pytest
import torch

from iirl_core.demonstration import conversation
from iirl_core.encoder import place
from tests.iirl_core.artifact.samples import text_encoder

ITEMS = [conversation("Is it open?", "Until six. " * n) for n in range(1, 9)]


def test_a_device_that_is_not_there_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises((RuntimeError, AssertionError)):
        place(text_encoder(), "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_rows_of_the_cpu_and_gives_them_back_to_it() -> None:
    encoder = text_encoder()
    here = encoder.encode(ITEMS).z
    place(encoder, "cuda")
    try:
        there = encoder.encode(ITEMS).z
    finally:
        place(encoder, "cpu")
    assert there.device.type == "cpu"
    assert torch.allclose(here, there, atol=1e-4)
