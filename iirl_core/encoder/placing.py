"""Where an encoder computes."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from iirl_core.encoder.protocol import Encoder
from iirl_core.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHARE = 0.9
"""Of a GPU's free memory that weights may take; the rest is for what is computed with them."""


def place(encoder: Encoder, device: str) -> None:
    """Compute on ``device`` (torch's name of it) from now on; rows come back to the CPU, where all that follows is
    small. ``cuda`` is all GPUs that this process sees: what does not fit on the first goes on on the next.
    Standardising a trajectory costs less than moving it, so that stays where it is.

    Raises:
        RuntimeError: there is no such device.
        ConfigError: the GPUs together have no room for it.
    """
    if encoder.kind == "conversation":
        from iirl_core.encoder.ratio import RatioEncoder  # transformers takes seconds to import: only for text
        from iirl_core.encoder.text import TextEncoder

        if isinstance(encoder, RatioEncoder):
            for part in (encoder.sft, encoder.init):
                _move(part.model, device)
            encoder = encoder.text
        if isinstance(encoder, TextEncoder):
            _move(encoder.model, device)


def _move(model: PreTrainedModel, device: str) -> None:
    if device != "cuda" or torch.cuda.device_count() < 2:
        try:
            model.to(device)
        except torch.OutOfMemoryError as error:
            raise _no_room(model, "a GPU without that room") from error
        return
    gc.collect()  # the hooks of a divided model hold it, and it them
    torch.cuda.empty_cache()  # what models that are gone left behind counts as taken
    room = {gpu: int(SHARE * torch.cuda.mem_get_info(gpu)[0]) for gpu in range(torch.cuda.device_count())}
    places = places_of(model, room)
    if len(set(places.values())) == 1:
        model.to(next(iter(places.values())))
        return
    from accelerate import dispatch_model  # a second that one GPU need not wait

    dispatch_model(model, places)


def places_of(model: PreTrainedModel, room: Mapping[int, int]) -> dict[str, int]:
    """Which GPU holds what: names of modules → numbers of GPUs, of which each has ``room`` bytes. They are filled in
    order, layers stay whole, and a row passes from one to the next.

    Raises:
        ConfigError: they have no room for all of it.
    """
    left, places = dict(room), dict[str, int]()
    for name, size in _parts_of(model, "", frozenset(model._no_split_modules or ())):
        while left and size > next(iter(left.values())):
            left.pop(next(iter(left)))
        if not left:
            raise _no_room(model, f"GPUs with room for {' + '.join(f'{free / 1e9:.3g}' for free in room.values())} GB")
        places[name] = next(iter(left))
        left[places[name]] -= size
    return places


def _no_room(model: PreTrainedModel, where: str) -> ConfigError:
    needed = sum(parameter.nbytes for parameter in model.parameters())
    return ConfigError(
        f"an encoder of {needed / 1e9:.3g} GB on {where}",
        todo="Give it more of them (train.gpus_per_encoder, audit.gpus_per_scorer, serve.gpus_per_replica), "
        "or hold it in half the bytes: encoder.weights: bf16",
    )


def _parts_of(module: nn.Module, name: str, whole: frozenset[str]) -> Iterator[tuple[str, int]]:
    """What is not divided, in the order of computing, and its bytes."""
    if type(module).__name__ in whole or not any(module.children()):
        yield name, sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))
        return
    before = f"{name}." if name else ""
    for own, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
        yield f"{before}{own}", tensor.nbytes
    for child, part in module.named_children():
        yield from _parts_of(part, f"{before}{child}", whole)
