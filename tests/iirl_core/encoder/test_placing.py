from __future__ import annotations

import pytest
import torch

from iirl_core.demonstration import conversation
from iirl_core.encoder import place
from iirl_core.encoder.placing import places_of
from iirl_core.encoder.text import TextEncoder
from iirl_core.errors import ConfigError
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


def test_gpus_are_filled_in_order_and_layers_stay_whole() -> None:
    encoder = text_encoder()
    assert isinstance(encoder, TextEncoder)
    size = sum(tensor.nbytes for tensor in (*encoder.model.parameters(), *encoder.model.buffers()))
    assert set(places_of(encoder.model, {0: size, 1: size}).values()) == {0}
    layer = sum(parameter.nbytes for parameter in encoder.model.encoder.layer[0].parameters())
    places = places_of(encoder.model, {0: size - 3 * layer, 2: 2 * layer, 3: size})
    assert places["embeddings"] == 0
    assert [places[f"encoder.layer.{n}"] for n in range(6)] == [0, 0, 0, 2, 2, 3]
    named = {name for name, _ in encoder.model.named_parameters()}
    assert all(any(name.startswith(f"{part}.") for part in places) for name in named)


def test_gpus_without_room_are_refused_with_what_would_help() -> None:
    encoder = text_encoder()
    assert isinstance(encoder, TextEncoder)
    with pytest.raises(
        ConfigError, match=r"of 0.0909 GB on GPUs with room for 0.05 \+ 0.001 GB.*encoder.weights: bf16"
    ):
        places_of(encoder.model, {0: 50_000_000, 1: 1_000_000})


def test_one_gpu_without_room_is_refused_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = text_encoder()
    assert isinstance(encoder, TextEncoder)

    def full(_: str) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(encoder.model, "to", full)
    with pytest.raises(ConfigError, match=r"of 0.0909 GB on a GPU without that room.*encoder.weights: bf16"):
        place(encoder, "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="no two GPUs")
def test_two_gpus_give_the_rows_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = text_encoder()
    here = encoder.encode(ITEMS).z
    room = {0: (60_000_000, 0), 1: (10**9, 0)}
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda gpu: room.get(gpu, (0, 0)))
    place(encoder, "cuda")
    assert torch.allclose(here, encoder.encode(ITEMS).z, atol=1e-4)
