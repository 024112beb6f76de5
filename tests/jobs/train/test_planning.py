"""A dry run says what training would take, and what it cannot know; it stays the configuration as YAML."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from iirl_core.canonical import digest_bytes
from iirl_core.config import Config
from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.expertness import DiscriminatorSection, MixtureSection
from iirl_core.config.planning import PlanSection
from iirl_core.corpus import write_corpus
from iirl_core.demonstration import Trajectory, conversation
from iirl_core.errors import ConfigError
from iirl_core.plan import backbone_of, forward_flops, head_of, language_model_of, reading_flops, search_flops
from iirl_core.policy import Initial, point_policy, publish_policy
from iirl_core.store import DirectoryStore
from jobs.__main__ import main
from jobs.train.planning import plan_lines
from tests.iirl_core.plan.shapes import LLAMA3_8B, MINILM, tiny
from tests.jobs.train.made import changed, demonstration, make_corpora, walks, walks_config


def backbone(folder: Path, shape: dict[str, object]) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(shape), encoding="utf-8")
    return str(folder)


def text_config(folder: Path, model: str, **sections: object) -> Config:
    return Config.model_validate(
        {
            "name": "manners",
            "store": str(folder / "store"),
            "corpora": [
                {"name": "polite", "files": ["polite.jsonl"]},
                {"name": "rude", "files": ["rude.jsonl"], "role": "negatives"},
            ],
            "encoder": {"kind": "text", "model": model, "max_tokens": 128},
            "expertness": {"family": "discriminator", "hidden": 384, "members": 4},
            "mapping": {"kind": "sigmoid"},
            "train": {"batch": 8, "epochs": 3},
            "audit": {"probes": {"empty": 10}},
            **sections,
        }
    )


def write_texts(store: DirectoryStore, name: str, count: int, tokens: int | None) -> None:
    """``count`` records of the train split; ``tokens`` of each, as if ingest had counted them."""
    items = [demonstration(conversation(f"Question {index}?", name), "train") for index in range(count)]
    manifest = write_corpus(store, name, items)
    if tokens is not None:
        key = f"{manifest.folder}/manifest.json"
        store.put(key, json.dumps({**json.loads(store.get(key)), "tokens": tokens * count}).encode())


def line(lines: list[str], start: str) -> str:
    return next(text for text in lines if text.strip().startswith(start))


def test_parameters_and_bytes_are_told_for_every_stage(tmp_path: Path) -> None:
    lines = plan_lines(text_config(tmp_path, backbone(tmp_path / "model", MINILM), train={"zero_stage": 2}))
    assert "22,713,216 parameters (bert, 6 layers of 384), frozen" in line(lines, "encoder")
    assert "592,900 parameters (discriminator)" in line(lines, "head")
    stages = [text.split() for text in lines if "ZeRO" in text]
    assert [text[:3] if text[0] == "*" else text[:2] for text in stages] == [
        ["ZeRO", "0"],
        ["ZeRO", "1"],
        ["*", "ZeRO", "2"],
        ["ZeRO", "3"],
    ]
    assert stages[0][2:4] == ["2.37", "MB"]


@pytest.mark.parametrize(
    ("shape", "pooling", "head", "said"),
    [
        (MINILM, "mean", {}, "a stock classifier, if its tokenizer allows"),
        (MINILM, "mean", {"hidden": 384}, "(expertness.hidden × members at most 384)"),
        (LLAMA3_8B, "last", {}, "a stock classifier, if its tokenizer allows"),
        (LLAMA3_8B, "last", {"hidden": 8}, "(expertness.hidden: 0)"),
        (LLAMA3_8B, "mean", {}, "(encoder.pooling: last)"),
    ],
)
def test_whether_others_can_load_it_is_told_before_anything_is_spent(
    tmp_path: Path, shape: dict[str, object], pooling: str, head: dict[str, int], said: str
) -> None:
    encoder = {"kind": "text", "model": backbone(tmp_path / "model", shape), "pooling": pooling}
    config = text_config(tmp_path, "", encoder=encoder, expertness={"family": "discriminator", **head})
    assert line(plan_lines(config), "model/").endswith(said)
    again = [text for text in plan_lines(changed(config, train={"parent": "root"})) if text.startswith("model/")]
    assert again == ([line(plan_lines(config), "model/")] if head else []), "a parent's open head is not known here"


def test_ranks_divide_what_their_stage_divides(tmp_path: Path) -> None:
    model = backbone(tmp_path / "model", MINILM)
    train = {"workers": 4, "batch": 8, "gpus_per_worker": 1}
    lines = plan_lines(text_config(tmp_path, model, train=train, plan={"memory_gb": 0.001}))
    assert "each GPU, of 4" in line(lines, "training")
    assert line(lines, "ZeRO 3").split()[2:8] == ["593", "kB", "593", "kB", "1.78", "MB"]
    assert line(lines, "ZeRO 0").split()[2:8] == ["2.37", "MB", "2.37", "MB", "4.74", "MB"]
    assert "plan.memory_gb" in line(lines, "too much")


def test_steps_tokens_and_hours_follow_from_what_was_ingested(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    write_texts(store, "polite", 30, tokens=50)
    write_texts(store, "rude", 10, tokens=90)
    model = backbone(tmp_path / "model", MINILM)
    corrupted = {"family": "discriminator", "corrupted": {"empty": 0.5, "shuffled": 0.5}}
    lines = plan_lines(text_config(tmp_path, model, expertness=corrupted))
    assert "26: 3 epochs of about 70 rows, 8 a step" in line(lines, "steps")
    assert "70 texts of about 60, encoded once" in line(lines, "tokens")
    assert "40% of 0.05 TFLOP/s" in line(lines, "CPU-hours")
    assert not [text for text in lines if text.startswith(("compute", "CPU-hours")) and "at most" in text]
    assert not [text for text in lines if text.startswith("not known")]
    mixture = {"expertness": {"family": "autoencoder_mixture"}, "mapping": {"kind": "exponential"}}
    assert "of about 30 rows" in line(plan_lines(text_config(tmp_path, model, **mixture)), "steps")


def test_choosing_a_mixtures_size_is_counted_where_it_is_left_open(tmp_path: Path) -> None:
    for name in ("polite", "rude"):
        write_texts(DirectoryStore(tmp_path / "store"), name, 30, tokens=50)

    def compute(train: dict[str, object], **size: int) -> str:
        chosen = {"family": "autoencoder_mixture", **size}
        config = text_config(tmp_path, model, expertness=chosen, mapping={"kind": "exponential"}, train=train)
        return line(plan_lines(config), "compute")

    model, steps = backbone(tmp_path / "model", MINILM), {"batch": 8}
    wanted = f"at most {search_flops(MixtureSection(experts=2), 384):.3g} to choose the head's size, at most "
    assert wanted in compute(steps, experts=2)
    assert "size" not in compute(steps, experts=2, bottleneck=4)
    inherited = compute({**steps, "parent": "root"}, experts=2)
    assert "size" not in inherited, "it is the parent's"
    assert inherited.split()[1:3] == ["at", "most"], "which may be smaller"


def test_hours_are_at_most_so_many_where_any_of_the_work_is(tmp_path: Path) -> None:
    write_comparisons(DirectoryStore(tmp_path / "store"), 300, samples=90)

    def told(config: Config) -> tuple[bool, bool]:
        """Whether operations and hours are said to be at most what they say."""
        lines = plan_lines(config)
        return (
            line(lines, "compute").split()[1:3] == ["at", "most"],
            line(lines, "CPU-hours").split()[1:3] == ["at", "most"],
        )

    model = backbone(tmp_path / "model", MINILM)
    tuned = {"kind": "text", "model": model, "max_tokens": 128, "tuning": "full"}
    assert told(text_config(tmp_path, model)) == (False, False)
    assert told(text_config(tmp_path, model, encoder=tuned)) == (True, True), "fewer may calibrate"
    assert told(refit_config(tmp_path, {"by": "random", "keep": 50})) == (False, False)
    assert told(refit_config(tmp_path, {"near": "answers", "keep": 50})) == (True, True), "fewer tokens may select"
    stopping = text_config(tmp_path, model, train={"held_out": {"every": 1, "patience": 2}})
    assert told(stopping) == (True, True), "training may stop early"
    assert "at most" in line(plan_lines(stopping), "steps")


def test_an_encoder_that_is_trained_counts_with_the_head(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 20, tokens=60)
    model = backbone(tmp_path / "model", MINILM)
    train = {"batch": 8, "epochs": 3, "workers": 2}

    def planned(encoder: dict[str, object], **more: object) -> list[str]:
        section = {"kind": "text", "model": model, "max_tokens": 128, **encoder}
        return plan_lines(text_config(tmp_path, model, encoder=section, train={**train, **more}))

    frozen, full = planned({}), planned({"tuning": "full"})
    lora = planned({"tuning": "lora", "lora": {"rank": 4, "targets": ["query"]}})
    assert "384), trained too" in line(full, "encoder")
    assert "frozen beside 18,432 of adapters" in line(lora, "encoder")
    heads = [int(line(lines, "trainable").split()[1].replace(",", "")) for lines in (frozen, full, lora)]
    assert heads == [592_900, 592_900 + 22_713_216 - 147_840, 592_900 + 18_432]
    assert "120 texts of about 60, over all epochs" in line(full, "tokens")

    def flops(lines: list[str]) -> float:
        return float(line(lines, "compute").split(" to calibrate, ")[1].split()[0])

    assert flops(lora) == pytest.approx(flops(full) * 2 / 3, rel=0.1)
    again = planned({"tuning": "full"}, gradient_checkpointing=True)
    assert flops(again) == pytest.approx(flops(full) * 4 / 3, rel=0.05)

    def column(lines: list[str], number: int) -> list[str]:
        cells = line(lines, "ZeRO 2").split()
        return cells[2 + 2 * number : 4 + 2 * number]

    parts = planned({"tuning": "full"}, accumulation=4)
    kept = [float(column(lines, 3)[0]) for lines in (full, parts)]
    assert kept[1] == pytest.approx(kept[0] / 4, rel=0.02)
    host = planned({"tuning": "full"}, offload="cpu")
    assert column(full, 5) == ["0", "B"]
    assert column(host, 2) == ["0", "B"]
    assert column(host, 5)[1] == "MB"


def test_an_encoder_of_lower_layers_costs_as_many_and_a_head_that_learns_first_an_encoding_more(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 20, tokens=60)
    shape = backbone_of(MINILM)
    model = backbone(tmp_path / "model", MINILM)

    def planned(layers: int, **train: object) -> list[str]:
        section = {"kind": "text", "model": model, "max_tokens": 128, "tuning": "full", "layers": layers}
        return plan_lines(text_config(tmp_path, model, encoder=section, train={"batch": 8, "epochs": 3, **train}))

    lower = planned(2)
    assert f"{shape.parameters - 4 * shape.layer:,} parameters (bert, 2 layers of 384)" in line(lower, "encoder")
    first = planned(2, head_epochs=600)
    assert "after 600 epochs of the head alone" in line(first, "steps")
    stopping = planned(2, head_epochs=600, held_out={"fraction": 0.2, "every": 1, "patience": 1})
    assert "after at most 600 epochs of the head alone" in line(stopping, "steps")
    encoding = 40 * 60 * forward_flops(replace(shape, layers=2), 60)
    assert f"at most {encoding:.3g} to encode for the head" in line(first, "compute")

    def training(lines: list[str]) -> float:
        return float(line(lines, "compute").rpartition(" to train")[0].rpartition(" ")[2])

    assert training(first) - training(lower) == pytest.approx(6 * 592_900 * 40 * 600, rel=0.02)
    with pytest.raises(ConfigError, match=r"encoder\.layers 7; expected at most the model's 6"):
        planned(7)


def test_hours_follow_the_assumptions_that_are_told(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    write_texts(store, "polite", 30, tokens=50)
    write_texts(store, "rude", 10, tokens=90)
    model = backbone(tmp_path / "model", LLAMA3_8B)
    gpus = {"batch": 8, "workers": 2, "gpus_per_worker": 1}
    usual = line(plan_lines(text_config(tmp_path, model, train=gpus)), "GPU-hours")
    assert "on 2: 40% of an H100's 989 TFLOP/s" in usual
    slow = {"peak_tflops": 1.0, "utilisation": 0.5}
    told = line(plan_lines(text_config(tmp_path, model, train=gpus, plan=slow)), "GPU-hours")
    assert "on 2: 50% of 1 TFLOP/s" in told
    assert float(told.split()[1]) == pytest.approx(40 * 60 * 2 * 7.0e9 / 1e12 / 0.5 / 3600, rel=0.2)


def test_a_trained_encoder_pays_for_its_states_and_for_each_epoch(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    write_texts(store, "polite", 30, tokens=50)
    write_texts(store, "rude", 10, tokens=50)
    model = backbone(tmp_path / "model", LLAMA3_8B)
    encoder = {"kind": "text", "model": model, "max_tokens": 128, "tuning": "full"}
    gpus = {"batch": 8, "epochs": 3, "workers": 8, "gpus_per_worker": 1, "zero_stage": 3, "precision": "bf16"}
    lines = plan_lines(text_config(tmp_path, model, encoder=encoder, train=gpus))
    assert "7,504,924,672 parameters (llama, 32 layers of 4096), trained too" in line(lines, "encoder")
    shape, head = backbone_of(LLAMA3_8B), head_of(DiscriminatorSection(hidden=384, members=4), 4096)
    assert head is not None
    trained = shape.parameters + head.parameters
    assert f"{trained:,} parameters" in line(lines, "trainable")
    gathered = 2 * max(shape.layer, shape.embeddings)
    assert line(lines, "* ZeRO 3").split()[3:9] == [
        *f"{(2 * trained / 8 + gathered) / 1e9:.3g} GB".split(),
        *f"{2 * trained / 8 / 1e9:.3g} GB".split(),
        *f"{12 * trained / 8 / 1e9:.3g} GB".split(),
    ]
    assert "120 texts of about 50, over all epochs" in line(lines, "tokens")
    less = {**gpus, "gradient_checkpointing": True, "offload": "cpu", "accumulation": 1}
    cheap = plan_lines(text_config(tmp_path, model, encoder=encoder, train=less))
    assert "at most 1,024 tokens" in line(cheap, "each step")
    row = line(cheap, "* ZeRO 3").split()
    assert row[5:9] == ["0", "B", "0", "B"]
    assert row[-2:] == [f"{14 * trained / 8 / 1e9:.3g}", "GB"]


def test_an_encoder_in_half_the_bytes_over_two_gpus_fits_where_a_whole_one_does_not(tmp_path: Path) -> None:
    model = backbone(tmp_path / "model", LLAMA3_8B)

    def planned(weights: str, **train: object) -> list[str]:
        encoder = {"kind": "text", "model": model, "max_tokens": 128, "batch": 1, "weights": weights}
        given = {"batch": 8, "gpus_per_worker": 1, **train}
        return plan_lines(text_config(tmp_path, model, encoder=encoder, train=given, plan={"memory_gb": 10}))

    whole, half, divided = planned("fp32"), planned("bf16"), planned("bf16", gpus_per_encoder=2)
    assert any(text.strip() == "each keeps at most 4.29 GB of encoded rows in its host's memory" for text in whole)
    assert "each actor: 30 GB of fp32 weights," in line(whole, "encoding")
    assert "each actor: 15 GB of bf16 weights," in line(half, "encoding")
    assert "over 2 GPUs" in line(divided, "encoding")
    refused = [
        [text for text in lines if text.startswith("too much      to encode")] for lines in (whole, half, divided)
    ]
    assert [len(lines) for lines in refused] == [1, 1, 0]


def test_a_share_of_a_gpu_has_that_share_of_its_memory(tmp_path: Path) -> None:
    model = backbone(tmp_path / "model", LLAMA3_8B)
    encoder = {"kind": "text", "model": model, "max_tokens": 128, "batch": 1, "weights": "bf16"}

    def told(share: float) -> list[str]:
        train = {"batch": 8, "gpus_per_worker": 1, "gpus_per_encoder": share}
        lines = plan_lines(text_config(tmp_path, model, encoder=encoder, train=train, plan={"memory_gb": 20}))
        return [text for text in lines if text.startswith("too much      to encode")]

    assert told(1) == []
    (line,) = told(0.5)
    assert line.endswith("of the 10 GB that plan.memory_gb says, of 0.5 GPU")


def test_adapters_leave_the_encoder_frozen_beside_them(tmp_path: Path) -> None:
    model = backbone(tmp_path / "model", LLAMA3_8B)
    encoder = {"kind": "text", "model": model, "tuning": "lora", "lora": {"rank": 8, "targets": ["q_proj", "v_proj"]}}
    lines = plan_lines(text_config(tmp_path, model, encoder=encoder))
    adapters = 32 * 8 * (4096 + 4096 + 4096 + 1024)
    head = int(line(lines, "head").split()[1].replace(",", ""))
    assert f"{head + adapters:,} parameters" in line(lines, "trainable")
    assert line(lines, "* ZeRO 1").split()[3] == f"{4 * (7_504_924_672 + head + adapters) / 1e9:.3g}"
    with pytest.raises(ConfigError, match="no product of llama is named query"):
        plan_lines(text_config(tmp_path, model, encoder={**encoder, "lora": {"targets": ["query"]}}))


def test_what_is_held_out_is_not_learnt_from(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 40, tokens=50)
    model = backbone(tmp_path / "model", MINILM)
    lines = plan_lines(text_config(tmp_path, model, train={"batch": 8, "held_out": {"fraction": 0.25}}))
    assert "of about 60 rows" in line(lines, "steps")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("nobody/nothing-of-that-name", "the backbone (nobody/nothing-of-that-name, which is not on this machine)"),
        ("{folder}", "a backbone of model_type mamba; expected one of"),
    ],
)
def test_what_is_not_known_is_said(tmp_path: Path, model: str, said: str) -> None:
    folder = backbone(tmp_path / "model", {"model_type": "mamba"})
    lines = plan_lines(text_config(tmp_path, model.format(folder=folder)))
    unknown = [text for text in lines if text.startswith("not known")]
    assert said in unknown[0]
    assert "corpus polite, which is not ingested: rows, steps, tokens, hours" in unknown[1]
    assert not [text for text in lines if "ZeRO" in text]


def test_a_store_elsewhere_is_not_asked_and_uncounted_tokens_are_not_guessed(tmp_path: Path) -> None:
    model = backbone(tmp_path / "model", MINILM)
    remote = plan_lines(text_config(tmp_path, model, store="s3://bucket/prefix"))
    assert "s3://bucket/prefix, which a plan does not look into" in line(remote, "not known")
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 16, tokens=None)
    lines = plan_lines(text_config(tmp_path, model))
    assert "12: 3 epochs of about 32 rows" in line(lines, "steps")
    assert "how long the texts are, which was not counted" in line(lines, "not known")


def test_what_corpora_do_not_say_is_assumed_and_said_to_be(tmp_path: Path) -> None:
    model = backbone(tmp_path / "model", MINILM)
    rows = plan_lines(text_config(tmp_path, model, plan={"rows": 800}))
    assert "300: 3 epochs of about 800 rows" in line(rows, "steps")
    assert line(rows, "assumed").endswith("800 rows in an epoch (plan.rows)")
    assert "plan.tokens" in line(rows, "not known")
    both = plan_lines(text_config(tmp_path, model, plan={"rows": 800, "tokens": 500}))
    assert "800 texts of about 128, encoded once" in line(both, "tokens"), "no longer than the encoder reads"
    assert line(both, "CPU-hours")
    assert not [text for text in both if text.startswith("not known")]
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 16, tokens=None)
    counted = plan_lines(text_config(tmp_path, model, plan={"rows": 800, "tokens": 50}))
    assert "of about 32 rows" in line(counted, "steps"), "what is there is not assumed"
    assert "32 texts of about 50" in line(counted, "tokens")
    steps = walks_config(tmp_path / "elsewhere").model_copy(update={"plan": PlanSection(rows=640)})
    assert "200: 20 epochs of about 640 rows" in line(plan_lines(steps), "steps")


def ratio_config(folder: Path, **sections: object) -> Config:
    """By a π_SFT that the store has, or is to have, and a π_init of the same shape in a folder."""
    init = backbone(folder / "init", tiny("llama", vocab_size=5000))
    family = {"family": "log_ratio", "sft": "polite-sft", "init": init, "max_tokens": 40}
    return text_config(folder, backbone(folder / "model", MINILM), expertness=family, **sections)


def keep_policy(store: DirectoryStore, folder: Path) -> None:
    manifest = publish_policy(
        store,
        folder,
        name="polite-sft",
        initial=Initial("init", digest_bytes(b"init")),
        corpora=(),
        config={},
        environment={},
        metrics={},
    )
    point_policy(store, manifest)


def test_both_policies_of_a_log_ratio_are_counted_and_no_step_is_taken(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    write_texts(store, "polite", 30, tokens=50)
    write_texts(store, "rude", 10, tokens=50)
    config = ratio_config(tmp_path)
    keep_policy(store, tmp_path / "init")
    lines, policy = plan_lines(config), language_model_of(tiny("llama", vocab_size=5000))
    said = [text for text in lines if text.startswith("policy")]
    assert [text.split()[1] for text in said] == ["sft", "init"]
    assert all(f"{policy.parameters:,} parameters (llama, 3 layers of 32), frozen" in text for text in said)
    assert f"{4 * (22_713_216 + 2 * policy.parameters) / 1e6:.3g} MB of fp32 weights" in line(lines, "encoding")
    assert "over about 30 rows to learn from: log_ratio takes no steps" in line(lines, "one pass")
    assert not [text for text in lines if text.startswith(("steps", "training")) or "ZeRO" in text]
    assert "40 texts of about 50, encoded once" in line(lines, "tokens")
    assert "3.2e+03 tokens: both policies read each text, about 40 of it" in line(lines, "reading")
    encoding = 40 * 50 * forward_flops(backbone_of(MINILM), 50)
    reading = 2 * 40 * 40 * reading_flops(policy, 40)
    wanted = f"{encoding + reading:.3g} FLOPs: {encoding:.3g} to encode, {reading:.3g} to read by both policies"
    assert wanted in line(lines, "compute")
    assert float(line(lines, "CPU-hours").split()[1]) == pytest.approx((encoding + reading) / 0.02e12 / 3600, rel=0.05)
    assert not [text for text in lines if text.startswith("not known")]


def test_a_policy_that_nobody_made_yet_leaves_bytes_and_hours_unknown(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 10, tokens=50)
    lines = plan_lines(ratio_config(tmp_path))
    said = "expertness.sft (polite-sft, which is not in the store, nor on this machine): parameters, bytes, hours"
    assert line(lines, "not known").endswith(said)
    assert [text.split()[1] for text in lines if text.startswith("policy")] == ["init"]
    elsewhere = line(plan_lines(ratio_config(tmp_path, store="s3://bucket/prefix")), "not known")
    assert "polite-sft, which is not on this machine; a plan does not look into s3://bucket/prefix" in elsewhere
    assert not [text for text in lines if text.startswith(("encoding", "compute", "CPU-hours", "steps"))]


def refit_config(folder: Path, select: dict[str, object], **sections: object) -> Config:
    corpora = [
        {"name": "polite", "files": ["pairs.jsonl"], "take": "chosen", "paired": True},
        {"name": "rude", "files": ["pairs.jsonl"], "take": "rejected", "paired": True, "role": "negatives"},
        {"name": "answers", "files": ["answers.jsonl"], "role": "samples", "origin": {"policy": "clerk"}},
    ]
    train = {"parent": "root", "batch": 64, "epochs": 2, "select": {"model": str(folder / "model"), **select}}
    return text_config(
        folder,
        backbone(folder / "model", MINILM),
        corpora=corpora,
        expertness={"family": "bradley_terry", "hidden": 96},
        train=train,
        **sections,
    )


def write_comparisons(store: DirectoryStore, pairs: int, samples: int) -> None:
    for name, count in (("polite", pairs), ("rude", pairs), ("answers", samples)):
        write_texts(store, name, count, tokens=50)


def test_a_re_fit_takes_the_steps_of_what_each_round_keeps(tmp_path: Path) -> None:
    write_comparisons(DirectoryStore(tmp_path / "store"), 300, samples=90)
    lines = plan_lines(refit_config(tmp_path, {"near": "answers", "keep": 50, "rounds": 3}))
    assert "50 of 300 comparisons in each of 3 rounds, the nearest to the samples" in line(lines, "selection")
    assert "9: 3 rounds of 2 epochs of about 100 rows, 64 a step" in line(lines, "steps")
    assert "300 texts of about 50, encoded once in each round" in line(lines, "tokens")
    assert "690 answers of comparisons and samples, once" in line(lines, "embedding")
    each, head = 50 * forward_flops(backbone_of(MINILM), 50), int(line(lines, "head").split()[1].replace(",", ""))
    wanted = (
        f"at most {690 * each:.3g} to select, {300 * each:.3g} to encode, {6.0 * head * 9 * 64:.3g} to fit the head"
    )
    assert wanted in line(lines, "compute")
    share = plan_lines(refit_config(tmp_path, {"near": "answers", "keep": 0.1}))
    assert "30 of 300 comparisons, the nearest" in line(share, "selection")
    assert " 1: 2 epochs of about 60 rows" in line(share, "steps")
    more = plan_lines(refit_config(tmp_path, {"near": "answers", "keep": 4000}))
    assert "18: 2 epochs of about 600 rows" in line(more, "steps"), "no more than there are"


def test_a_re_fit_on_comparisons_at_random_embeds_nothing(tmp_path: Path) -> None:
    write_comparisons(DirectoryStore(tmp_path / "store"), 300, samples=90)
    lines = plan_lines(refit_config(tmp_path, {"by": "random", "keep": 50}))
    assert "50 of 300 comparisons, drawn at random" in line(lines, "selection")
    assert "3: 2 epochs of about 100 rows" in line(lines, "steps")
    assert not [text for text in lines if text.startswith(("embedding", "sentences"))]
    assert "select" not in line(lines, "compute")


def test_how_many_comparisons_reach_a_threshold_is_not_known_beforehand(tmp_path: Path) -> None:
    write_comparisons(DirectoryStore(tmp_path / "store"), 300, samples=90)
    near = {"near": "answers", "threshold": 0.8}
    lines = plan_lines(refit_config(tmp_path, near))
    assert "of 300 comparisons, those whose cosine to a sample reaches 0.8" in line(lines, "selection")
    assert "how many comparisons reach train.select.threshold" in line(lines, "not known")
    assert not [text for text in lines if text.startswith(("steps", "compute"))]
    told = plan_lines(refit_config(tmp_path, near, plan={"rows": 64}))
    assert " 2: 2 epochs of about 64 rows" in line(told, "steps")
    bound = plan_lines(refit_config(tmp_path, {**near, "keep": 50}))
    assert "at most 50 of 300" in line(bound, "selection")
    assert "at most 3: 2 epochs of about 100 rows" in line(bound, "steps")
    assert [part.startswith("at most ") for part in line(bound, "compute").split(": ")[1].split(", ")] == [True] * 3


def test_samples_that_are_not_there_leave_the_hours_of_a_re_fit_unknown(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    for name in ("polite", "rude"):
        write_texts(store, name, 300, tokens=50)
    lines = plan_lines(refit_config(tmp_path, {"near": "answers", "keep": 50}))
    assert "3: 2 epochs of about 100 rows" in line(lines, "steps")
    assert "corpus answers, which is not ingested: how many texts train.select embeds" in line(lines, "not known")
    assert not [text for text in lines if text.startswith(("embedding", "compute", "CPU-hours"))]


def test_trajectories_have_a_head_once_they_are_ingested(tmp_path: Path) -> None:
    config = walks_config(tmp_path)
    assert not [text for text in plan_lines(config) if text.startswith("head")]
    make_corpora(DirectoryStore(tmp_path / "store"))
    lines = plan_lines(config)
    assert "parameters (autoencoder_mixture)" in line(lines, "head")
    assert "at most" not in line(lines, "head")
    left = config.expertness.model_copy(update={"experts": None, "bottleneck": None})
    largest = config.expertness.model_copy(update={"experts": 4, "bottleneck": 2})
    said = line(plan_lines(config.model_copy(update={"expertness": left})), "head")
    head = head_of(largest, 3)
    assert head is not None
    assert f"at most {head.parameters:,} parameters (autoencoder_mixture, its size chosen by held-out error)" in said
    assert "how many steps the trajectories have" in line(lines, "not known")


@pytest.mark.parametrize(
    ("encoder", "acting", "width"),
    [
        ({"rows": "state-actions"}, True, 4),
        ({"rows": "transitions"}, True, 7),
        ({"rows": "changes"}, False, 6),
        ({"rows": "windows", "window": 5}, False, 15),
    ],
)
def test_the_head_is_as_wide_as_the_rows(tmp_path: Path, encoder: dict[str, object], acting: bool, width: int) -> None:
    config = walks_config(tmp_path)
    config = config.model_copy(update={"encoder": TrajectoryEncoderSection.model_validate(encoder)})
    store = DirectoryStore(tmp_path / "store")
    make_corpora(store)
    there = [text for text in plan_lines(config) if text.startswith("head")]
    assert bool(there) != acting, "nobody knows the width of actions that the corpus lacks"
    acts = np.zeros((30, 1), dtype=np.float32)
    walking = [Trajectory(item.observations, acts) for item in walks(4, 0.05, seed=0) if isinstance(item, Trajectory)]
    for name in ("walks", "wanderings"):
        write_corpus(store, name, [demonstration(item) for item in walking])
    head = head_of(config.expertness, width)
    assert head is not None
    assert f" {head.parameters:,} parameters" in line(plan_lines(config), "head")


def test_a_dry_run_of_train_stays_yaml_and_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = text_config(tmp_path, backbone(tmp_path / "model", MINILM))
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    assert main(["train", str(path), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "# plan: " in printed
    assert yaml.safe_load(printed)["train"]["batch"] == 8
    assert not (tmp_path / "store").exists()
    assert main(["audit", str(path), "--dry-run"]) == 0
    assert "# plan" not in capsys.readouterr().out


def test_a_bottleneck_as_wide_as_the_rows_is_refused_where_the_width_is_known(tmp_path: Path) -> None:
    wide = {"family": "autoencoder_mixture", "experts": 1, "bottleneck": 384}
    mixture = {"expertness": wide, "mapping": {"kind": "exponential"}}
    with pytest.raises(ConfigError, match="bottleneck 384 lets all 384 numbers of a row through"):
        plan_lines(text_config(tmp_path, backbone(tmp_path / "model", MINILM), **mixture))
    assert "the backbone" in line(plan_lines(text_config(tmp_path, "nobody/nothing", **mixture)), "not known")
