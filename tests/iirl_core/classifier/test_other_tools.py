"""A sealed artifact's ``model/`` in the hands of TRL, RewardBench and vLLM."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, BatchEncoding

from iirl_core.artifact import Artifact
from iirl_core.classifier.tokenizing import written
from iirl_core.demonstration import Conversation
from tests.iirl_core.classifier.test_classifier import ASKED, BAD, BRADLEY_TERRY, GOOD, LINE, PLAIN, sealed, signals
from tests.iirl_core.encoder.tiny import CHAT, Kind, config_of, tiny, tokenizer_of

KINDS: list[tuple[Kind, str, dict[str, Any]]] = [
    ("bert", "mean", PLAIN),
    ("bert", "cls", PLAIN),
    ("roberta", "mean", PLAIN),
    ("llama", "last", LINE),
    ("qwen2", "last", {**BRADLEY_TERRY, "hidden": 0}),
]
NEED_TRL = "needs the extra bench"
NEED_VLLM = "needs vLLM, see CONTRIBUTING.md"
NEED_REWARDBENCH = "needs: pip install --no-deps rewardbench==0.1.4"
OURS = {"bf16": False, "use_cpu": True, "report_to": "none", "disable_tqdm": True}


@pytest.fixture(scope="module", params=KINDS, ids=lambda one: f"{one[0]}-{one[1]}")
def artifact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    kind, pooling, family = request.param
    folder = tmp_path_factory.mktemp("sealed")
    return sealed(folder, tiny(kind, folder / kind, heads=1), family, pooling=pooling)


def folder_of(artifact: Artifact) -> str:
    return str(artifact.folder / "model")


def messages(item: Conversation) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in item.messages]


def test_trl_rewards_a_policys_answers_by_it(artifact: Artifact, tmp_path: Path) -> None:
    """``GRPOTrainer(reward_funcs=FOLDER)``; RLOO's does the same. It writes conversations and adds no special token."""
    trl = pytest.importorskip("trl", reason=NEED_TRL)
    datasets = pytest.importorskip("datasets", reason=NEED_TRL)
    tokenizer = tokenizer_of("qwen2")
    tokenizer.chat_template = CHAT
    tokenizer.pad_token = "<|endoftext|>"
    trainer = trl.GRPOTrainer(
        model=AutoModelForCausalLM.from_config(config_of("qwen2", len(tokenizer))),
        reward_funcs=folder_of(artifact),
        args=trl.GRPOConfig(str(tmp_path / "policy"), per_device_train_batch_size=2, num_generations=2, **OURS),
        train_dataset=datasets.Dataset.from_list([{"prompt": messages(item)[:-1]} for item in ASKED]),
        processing_class=tokenizer,
    )
    prompts, completions = ([messages(item)[part] for item in ASKED] for part in (slice(-1), slice(-1, None)))
    given = trainer._calculate_rewards([{"prompt": one} for one in prompts], prompts, completions, [[0]] * len(ASKED))
    assert (given[:, 0].cpu() - signals(artifact, ASKED)).abs().max() < 1e-4


def test_trl_evaluates_it_on_comparisons(artifact: Artifact, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason=NEED_TRL)
    datasets = pytest.importorskip("datasets", reason=NEED_TRL)
    pairs = [{"chosen": messages(good), "rejected": messages(bad)} for good, bad in zip(GOOD, BAD, strict=True)]
    rows = datasets.Dataset.from_list(pairs)
    settings = trl.RewardConfig(str(tmp_path / "reward"), per_device_eval_batch_size=3, max_length=None, **OURS)
    trainer = trl.RewardTrainer(folder_of(artifact), settings, train_dataset=rows, eval_dataset=rows)
    gaps = signals(artifact, GOOD) - signals(artifact, BAD)
    found = trainer.evaluate()
    assert found["eval_accuracy"] == pytest.approx(
        float((gaps > 0).float().mean()), abs=0.05
    )  # a mean of batches' means
    assert found["eval_loss"] == pytest.approx(float(-functional.logsigmoid(gaps).mean()), abs=1e-4)


@pytest.fixture
def rewardbench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """RewardBench's pipeline, by its file: the package as a whole wants another transformers. It only runs on CUDA."""
    package = importlib.util.find_spec("rewardbench")
    if package is None or not package.submodule_search_locations:
        pytest.skip(NEED_REWARDBENCH)
    path = Path(next(iter(package.submodule_search_locations))) / "models" / "pipeline.py"
    spec = importlib.util.spec_from_file_location("rewardbench_pipeline", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(BatchEncoding, "to", lambda batch, device: batch)
    return module


def test_rewardbench_scores_texts_by_it(artifact: Artifact, rewardbench: ModuleType) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder_of(artifact))
    texts = [written(tokenizer, item) for item in ASKED]
    model = AutoModelForSequenceClassification.from_pretrained(folder_of(artifact))
    pipe = rewardbench.RewardBenchPipeline("text-classification", model=model, tokenizer=tokenizer)
    given = pipe(texts, batch_size=8, truncation=True, padding=True, max_length=tokenizer.model_max_length)
    expected = signals(artifact, ASKED)
    assert (given[:, 0] - expected).abs().max() < 1e-4
    tokenizer.padding_side = "left"  # as its command line does; BERT counts positions from the left, so one at a time
    alone = [pipe([text], truncation=False, padding=True, max_length=512) for text in texts]
    assert (torch.cat(alone)[:, 0] - expected).abs().max() < 1e-4


def test_vllm_classifies_texts_by_it(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    vllm = pytest.importorskip("vllm", reason=NEED_VLLM)
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    model = vllm.LLM(folder_of(artifact), runner="pooling", dtype="float32", enforce_eager=True, disable_log_stats=True)
    tokenizer = AutoTokenizer.from_pretrained(folder_of(artifact))
    texts = [written(tokenizer, item) for item in ASKED]
    bert = json.loads((artifact.folder / "model" / "config.json").read_text())["model_type"] == "bert"
    for activated in (True,) if bert else (True, False):  # without, vLLM leaves out the tanh within BERT's head
        asked = vllm.PoolingParams(use_activation=activated)
        given = torch.tensor([one.outputs.probs for one in model.classify(texts, pooling_params=asked, use_tqdm=False)])
        assert (given[:, 0] - signals(artifact, ASKED)).abs().max() < 1e-4


def test_vllm_is_told_all_that_it_needs(artifact: Artifact) -> None:
    """``architectures`` names a class that it has; one label and ``regression`` make ``/classify`` give the number as
    it is (``get_classification_act_fn``), ``sentence_transformers`` scores too; no ``method`` turns a language model
    into a classifier; the weights are named as the class has them, and the index names their file alone.
    """
    folder = artifact.folder / "model"
    config, tokenizer = (json.loads((folder / name).read_text()) for name in ("config.json", "tokenizer_config.json"))
    family = config["model_type"]
    stem = {"bert": "Bert", "roberta": "Roberta", "llama": "Llama", "qwen2": "Qwen2"}[family]
    assert config["architectures"] == [f"{stem}ForSequenceClassification"]
    assert (config["problem_type"], config["id2label"]) == ("regression", {"0": "signal"})
    assert config["sentence_transformers"]["activation_fn"] == "torch.nn.modules.linear.Identity"
    assert not {"classifier_from_token", "method", "auto_map"} & set(config)
    assert config["pad_token_id"] is not None
    assert tokenizer["model_max_length"] <= config["max_position_embeddings"]
    names = set(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"])
    heads = {
        "bert": {"bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"},
        "roberta": {
            f"classifier.{part}" for part in ("dense.weight", "dense.bias", "out_proj.weight", "out_proj.bias")
        },
    }
    head = heads.get(family, {"score.weight"})
    base = family if family in heads else "model"
    assert head <= names
    assert all(name.startswith(f"{base}.") for name in names - head)
