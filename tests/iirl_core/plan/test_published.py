"""Plans of published backbones, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from iirl_core.plan import backbone_of, hours, states, training_flops
from iirl_core.plan.memory import Stage
from iirl_core.plan.published import PUBLISHED

QWEN, LLAMA_8B, LLAMA_70B = "Qwen/Qwen3-0.6B", "meta-llama/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3-70B"
H100 = 989e12


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        (QWEN, 596_049_920),  # its output embeddings are its input embeddings
        (LLAMA_8B, 8_030_261_248 - 128_256 * 4_096),  # as published, without the language model's head
        (LLAMA_70B, 70_553_706_496 - 128_256 * 8_192),
    ],
)
def test_parameters_are_the_published_ones(name: str, parameters: int) -> None:
    assert backbone_of(PUBLISHED[name]).parameters == parameters


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        # ZeRO, §5, with 2 + 2 + 12 bytes a parameter on 8 devices: 16·Ψ, 4·Ψ + 12·Ψ/8, 2·Ψ + 14·Ψ/8, 16·Ψ/8.
        (QWEN, (9.537, 3.278, 2.235, 1.192)),
        (LLAMA_8B, (120.079, 41.277, 28.143, 15.010)),
        (LLAMA_70B, (1112.049, 382.267, 260.636, 139.006)),
    ],
)
def test_all_of_a_backbone_trained_in_bf16_takes_16_bytes_a_parameter_less_what_devices_share(
    name: str, gigabytes: tuple[float, ...]
) -> None:
    trained = backbone_of(PUBLISHED[name]).parameters
    for stage, expected in zip((0, 1, 2, 3), gigabytes, strict=True):
        found = states(trained, 0, precision="bf16", stage=stage, devices=8)
        assert found.device / 1e9 == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(
    ("stage", "device", "host"),
    # ZeRO-Offload, §4.1: 12 bytes a parameter, and from stage 2 the gradients' 2, are on the host, shared by 8.
    [(1, 30.020, 11.257), (2, 15.010, 13.134), (3, 1.876, 13.134)],
)
def test_eight_billion_offloaded_leave_weights_and_gradients(stage: Stage, device: float, host: float) -> None:
    trained = backbone_of(PUBLISHED[LLAMA_8B]).parameters
    found = states(trained, 0, precision="bf16", stage=stage, devices=8, offload="cpu")
    assert found.device / 1e9 == pytest.approx(device, abs=0.001)
    assert found.host / 1e9 == pytest.approx(host, abs=0.001)


@pytest.mark.parametrize(
    ("name", "adapters", "gigabytes"),
    [
        # rank·(in + out) of q, k, v, o, gate, up, down in each layer; weights of 2 bytes, adapters of 16.
        (QWEN, 28 * 16 * (3072 + 2048 + 2048 + 3072 + 3 * 4096), 1.354),
        (LLAMA_8B, 32 * 16 * (8192 + 5120 + 5120 + 8192 + 3 * 18432), 15.681),
        (LLAMA_70B, 80 * 16 * (16384 + 9216 + 9216 + 16384 + 3 * 36864), 142.320),
    ],
)
def test_adapters_leave_the_backbone_at_2_bytes_a_parameter(name: str, adapters: int, gigabytes: float) -> None:
    shape = backbone_of(PUBLISHED[name])
    assert shape.adapters(16, None) == adapters
    found = states(adapters, shape.parameters, precision="bf16", stage=0, devices=1)
    assert found.device / 1e9 == pytest.approx(gigabytes, abs=0.001)


@pytest.mark.parametrize(
    ("name", "full", "lora"),
    [
        # 10⁹ tokens in texts of 1,024 at 40% of 989 TFLOP/s: (6·N + 6·L·s·d)·10⁹, and with adapters (4·N + 6·L·s·d +
        # 6·A)·10⁹; N without embeddings, queries of width d.
        (QWEN, (6 * 440_401_920 + 6 * 28 * 1024 * 2048) * 1e9, (4 * 440_401_920 + 6 * 28 * 1024 * 2048) * 1e9),
        (LLAMA_8B, (6 * 6_979_321_856 + 6 * 32 * 1024 * 4096) * 1e9, (4 * 6_979_321_856 + 6 * 32 * 1024 * 4096) * 1e9),
        (
            LLAMA_70B,
            (6 * 68_451_041_280 + 6 * 80 * 1024 * 8192) * 1e9,
            (4 * 68_451_041_280 + 6 * 80 * 1024 * 8192) * 1e9,
        ),
    ],
)
def test_hours_are_six_operations_a_weight_and_token(name: str, full: float, lora: float) -> None:
    shape = backbone_of(PUBLISHED[name])
    trained = 1e9 * training_flops(shape, 1024, tuning="full")
    assert trained == pytest.approx(full, rel=1e-9)
    adapters = shape.adapters(16, None)
    assert 1e9 * training_flops(shape, 1024, tuning="lora", adapters=adapters) == pytest.approx(
        lora + 6e9 * adapters, rel=1e-9
    )
    assert hours(trained, H100, 0.4) == pytest.approx(full / (0.4 * 989e12) / 3600)


def test_eight_billion_parameters_learn_ten_to_the_nine_tokens_in_thirty_hours_of_an_h100() -> None:
    shape = backbone_of(PUBLISHED[LLAMA_8B])
    assert hours(1e9 * training_flops(shape, 1024, tuning="full"), H100, 0.4) == pytest.approx(30.0, abs=0.1)
