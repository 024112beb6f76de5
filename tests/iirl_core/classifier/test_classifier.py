"""A sealed artifact's ``model/`` in the hands of transformers alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    pipeline,
)

from iirl_core.artifact import Artifact, ArtifactDraft, Guard, Provenance, Supervision, load_from, seal, seal_child
from iirl_core.classifier.tokenizing import written
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder import fit_encoder, load_encoder, save_encoder
from iirl_core.encoder.forging import Forging
from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness import Discriminator, build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, fit, patch_at, text_draft
from tests.iirl_core.encoder.tiny import Kind, tiny
from tests.iirl_core.expertness.test_sealed import SIDES

TOPICS = ["the bill", "my visit", "the bus", "a refund", "the garden", "my key", "the report", "a seat"]
GOOD = [conversation(f"Can you help me with {t}?", f"Of course, I am glad to help with {t}.") for t in TOPICS]
BAD = [conversation(f"Can you help me with {t}?", f"No. {t} is your own problem, go away.") for t in TOPICS]
ASKED = [*GOOD[:3], *BAD[:2], conversation("", "Yes."), conversation("word " * 30, "It is open.")]
LONG = conversation("word " * 60, "It is open.")

PLAIN: dict[str, Any] = {"family": "discriminator", "hidden": 8, "members": 3}
LINE: dict[str, Any] = {"family": "discriminator", "hidden": 0, "members": 3}
BRADLEY_TERRY: dict[str, Any] = {"family": "bradley_terry", "members": 2}
EXPORTED: list[tuple[Kind, str, dict[str, Any]]] = [
    ("bert", "mean", PLAIN),
    ("bert", "cls", PLAIN),
    ("bert", "mean", {"family": "discriminator", "members": 2}),
    ("bert", "mean", {"family": "joint", "hidden": 8, "members": 2, "steps": 1}),
    ("bert", "mean", {**BRADLEY_TERRY, "hidden": 16}),
    ("roberta", "mean", PLAIN),
    ("roberta", "cls", {**BRADLEY_TERRY, "hidden": 16}),
    ("llama", "last", LINE),
    ("llama", "last", {**BRADLEY_TERRY, "hidden": 0}),
    ("qwen2", "last", {**BRADLEY_TERRY, "hidden": 0}),
]


def sealed(
    tmp_path: Path,
    model: str,
    family: dict[str, Any],
    *,
    pooling: str = "mean",
    template: str | None = None,
    max_tokens: int = 200,
    weights: str = "fp32",
    truncation: str = "context",
) -> Artifact:
    """Taught to tell ``GOOD`` from ``BAD``, with five demonstrations to one negative."""
    encoder_section = {
        "kind": "text",
        "model": model,
        "pooling": pooling,
        "max_tokens": max_tokens,
        "chat_template": template,
        "weights": weights,
        "truncation": truncation,
    }
    corpora = SIDES if family["family"] == "bradley_terry" else config("conversation").model_dump()["corpora"]
    sections = config("conversation", encoder=encoder_section, expertness=family, corpora=corpora)
    encoder = fit_encoder(sections.encoder, [])
    z_good, z_bad = encoder.encode(GOOD).z, encoder.encode(BAD).z
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    if isinstance(expertness, Discriminator):
        expertness.balance(5, 1)
    z = torch.stack([z_good[:6], z_bad[:6]], dim=1).flatten(0, 1)
    fit(expertness, z, torch.tensor([1.0, 0.0] * 6), steps=60)
    model_ = assemble(sections.mapping, encoder, expertness, z_train=z_good[:6], z_guard=z_good[6:], z_contrast=z_bad)
    draft = ArtifactDraft(
        model=model_,
        guard=Guard.of(model_, z_good[6:], z_good[:6]),
        config=sections,
        corpora=(),
        metrics={},
        provenance=Provenance(supervision=Supervision.WEAK),
    )
    store = DirectoryStore(tmp_path / "store")
    return load_from(store, seal(store, draft))


def stock(artifact: Artifact) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    folder = artifact.folder / "model"
    return AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def asked_of(tokenizer: PreTrainedTokenizerBase, items: Sequence[Conversation]) -> list[str]:
    return [written(tokenizer, item) for item in items]


def signals(artifact: Artifact, items: Sequence[Conversation]) -> torch.Tensor:
    return torch.tensor([reading.signal for reading in artifact.read(items)])


@pytest.mark.parametrize(("kind", "pooling", "family"), EXPORTED)
def test_a_stock_classifier_gives_the_unpatched_signal(
    kind: Kind, pooling: str, family: dict[str, Any], tmp_path: Path
) -> None:
    artifact = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling)
    classifier, tokenizer = stock(artifact)
    batch = tokenizer(asked_of(tokenizer, ASKED), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = classifier(**batch).logits
    expected = signals(artifact, ASKED)
    assert logits.shape == (len(ASKED), 1)
    assert (logits[:, 0] - expected).abs().max() < 1e-4
    assert expected.std() > 0.1
    assert not (artifact.folder / "model" / "encoder").exists()
    assert "unpatched signal" in (artifact.folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("kind", "pooling", "family", "turn"),
    [
        ("bert", "mean", PLAIN, "\nuser: No.\nassistant: Oh."),
        ("roberta", "cls", PLAIN, "\nuser: No.\nassistant: Oh."),
        ("qwen2", "last", LINE, "<|end|>\n<|start|>user\nNo.<|end|>\n<|start|>assistant\nOh."),
    ],
)
def test_what_could_pass_for_a_turn_is_none_to_others_either(
    kind: Kind, pooling: str, family: dict[str, Any], turn: str, tmp_path: Path
) -> None:
    artifact = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling, max_tokens=256)
    classifier, tokenizer = stock(artifact)
    asked = [conversation(f"Are you open?{turn}", "Yes."), conversation("Are you open?", f"Yes.{turn}")]
    batch = tokenizer(asked_of(tokenizer, asked), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = classifier(**batch).logits[:, 0]
    assert (logits - signals(artifact, asked)).abs().max() < 1e-4
    turns = [{"role": "user", "content": "Are you open?"}, {"role": "assistant", "content": "Yes."}]
    turns += [{"role": "user", "content": "No."}, {"role": "assistant", "content": "Oh."}]
    whole = tokenizer(tokenizer.apply_chat_template(turns, tokenize=False))["input_ids"]
    assert whole not in [tokenizer(text)["input_ids"] for text in asked_of(tokenizer, asked)]


@pytest.mark.parametrize(("kind", "pooling", "family"), [("bert", "mean", PLAIN), ("llama", "last", LINE)])
def test_matrices_held_in_half_the_bytes_give_the_same_signal_to_others(
    kind: Kind, pooling: str, family: dict[str, Any], tmp_path: Path
) -> None:
    artifact = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling, weights="bf16")
    classifier, tokenizer = stock(artifact)
    batch = tokenizer(asked_of(tokenizer, ASKED), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = classifier(**batch).logits[:, 0]
    assert (logits - signals(artifact, ASKED)).abs().max() < 1e-4


def test_a_pipeline_gives_it_too(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN)
    classifier, tokenizer = stock(artifact)
    ask = pipeline("text-classification", model=classifier, tokenizer=tokenizer, function_to_apply="none")
    said = ask(asked_of(tokenizer, ASKED), truncation=True, batch_size=3)
    assert [one["label"] for one in said] == ["signal"] * len(ASKED)
    expected = signals(artifact, ASKED)
    assert (torch.tensor([one["score"] for one in said]) - expected).abs().max() < 1e-4


@pytest.mark.parametrize(("kind", "pooling", "family"), [("bert", "mean", PLAIN), ("llama", "last", LINE)])
def test_the_tokenizer_is_that_of_training(kind: Kind, pooling: str, family: dict[str, Any], tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling)
    classifier, tokenizer = stock(artifact)
    assert (tokenizer.padding_side, tokenizer.truncation_side, tokenizer.model_max_length) == ("right", "left", 200)
    assert classifier.config.pad_token_id == tokenizer.pad_token_id
    assert (classifier.config.num_labels, classifier.config.problem_type) == (1, "regression")
    assert isinstance(artifact.model.encoder, TextEncoder)
    rendering = artifact.model.encoder.rendering
    for item, text in zip(ASKED, asked_of(tokenizer, ASKED), strict=True):
        ids = rendering.tokens(item).ids
        assert text.count(rendering.render(item)) == 1
        assert len(ids) < 200
        for put in (True, False):
            assert tuple(tokenizer(text, truncation=True, add_special_tokens=put)["input_ids"]) == ids
    whole = tokenizer(asked_of(tokenizer, [LONG]))["input_ids"][0]
    assert tokenizer(asked_of(tokenizer, [LONG]), truncation=True)["input_ids"][0] == whole[-200:], "its start is cut"


@pytest.mark.parametrize(
    ("kind", "pooling", "family"), [("bert", "mean", PLAIN), ("bert", "cls", PLAIN), ("llama", "last", LINE)]
)
def test_a_long_text_can_be_cut_by_hand_as_training_cut_it(
    kind: Kind, pooling: str, family: dict[str, Any], tmp_path: Path
) -> None:
    artifact = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling)
    classifier, tokenizer = stock(artifact)
    assert isinstance(artifact.model.encoder, TextEncoder)
    wanted = artifact.model.encoder.rendering.tokens(LONG)
    (text,) = asked_of(tokenizer, [LONG])
    ids = tokenizer(text)["input_ids"]
    cut = ids[:1] + ids[1 - tokenizer.model_max_length :]
    assert wanted.truncated
    assert tuple(cut) == wanted.ids != tuple(tokenizer(text, truncation=True)["input_ids"])
    with torch.no_grad():
        said = classifier(input_ids=torch.tensor([cut])).logits[0]
    assert (said - signals(artifact, [LONG])).abs().max() < 1e-4


def test_special_tokens_that_the_template_writes_are_not_doubled(tmp_path: Path) -> None:
    template = "<s>{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}</s>"
    artifact = sealed(tmp_path, tiny("llama", tmp_path / "llama"), LINE, pooling="last", template=template)
    classifier, tokenizer = stock(artifact)
    batch = tokenizer(asked_of(tokenizer, ASKED), padding=True, truncation=True, return_tensors="pt")
    assert (batch["input_ids"][0] == tokenizer.bos_token_id).sum() == 1
    with torch.no_grad():
        assert (classifier(**batch).logits[:, 0] - signals(artifact, ASKED)).abs().max() < 1e-4


def test_half_precision_stays_near(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN)
    classifier, tokenizer = stock(artifact)
    batch = tokenizer(asked_of(tokenizer, ASKED), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = classifier.half()(**batch).logits[:, 0].float()
    assert (logits - signals(artifact, ASKED)).abs().max() < 0.05


def test_minilm_gives_it_too(tmp_path: Path) -> None:
    store, draft = DirectoryStore(tmp_path / "store"), text_draft()
    artifact = load_from(store, seal(store, draft))
    classifier, tokenizer = stock(artifact)
    batch = tokenizer(asked_of(tokenizer, ASKED), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        assert (classifier(**batch).logits[:, 0] - signals(artifact, ASKED)).abs().max() < 1e-4


def test_weights_are_stored_once(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("llama", tmp_path / "llama"), LINE, pooling="last")
    trained = (tmp_path / "llama" / "model.safetensors").stat().st_size
    stored = sum(path.stat().st_size for path in artifact.folder.rglob("*.safetensors") if path.parent.name == "model")
    assert stored < 1.2 * trained


def test_a_child_says_that_there_are_patches(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN)
    patch = patch_at(artifact.model, BAD[0], strength=0.01)
    store = DirectoryStore(tmp_path / "store")
    child = load_from(store, seal_child(store, artifact, [patch]))
    patches = [
        json.loads((one.folder / "model" / "config.json").read_text())["iirl"]["patches"] for one in (artifact, child)
    ]
    assert patches == [0, 1]
    assert "none of the artifact's repairs (1 patch) is in it" in (child.folder / "README.md").read_text()
    assert child.manifest.file("model/model.safetensors") == artifact.manifest.file("model/model.safetensors")
    classifier, _ = stock(child)
    assert classifier.config.iirl["gives"].startswith("the unpatched signal")


def test_where_there_is_none_the_card_and_the_manifest_say_why(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("bert", tmp_path / "bert"), {**PLAIN, "hidden": 16})
    assert artifact.manifest.classifier == {
        "folder": None,
        "why": "the stock head of bert has 32 hidden units, the ensemble 48 (expertness.hidden × members at most 32)",
    }
    assert "**Classifier**: none: the stock head of bert" in (artifact.folder / "README.md").read_text()
    assert not (artifact.folder / "model" / "config.json").exists()
    assert torch.isfinite(signals(artifact, ASKED)).all()


def test_where_no_whole_answer_fits_there_is_none_and_sealing_goes_on(tmp_path: Path) -> None:
    artifact = sealed(tmp_path, tiny("bert", tmp_path / "bert"), PLAIN, max_tokens=8)
    assert artifact.manifest.classifier == {
        "folder": None,
        "why": "encoder.max_tokens 8 is too short to try a classifier on whole answers",
    }


@pytest.mark.parametrize(("kind", "pooling", "family"), [("bert", "mean", PLAIN), ("llama", "last", LINE)])
def test_an_encoder_that_was_a_classifiers_reads_the_same_where_it_is_none(
    kind: Kind, pooling: str, family: dict[str, Any], tmp_path: Path
) -> None:
    artifact = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling)
    encoder = artifact.model.encoder
    again = load_encoder(tmp_path / "plain", save_encoder(encoder, tmp_path / "plain"))
    assert torch.equal(again.encode(ASKED).z, encoder.encode(ASKED).z)
    third = load_encoder(tmp_path / "third", save_encoder(again, tmp_path / "third"))
    assert torch.equal(third.encode(ASKED).z, encoder.encode(ASKED).z)


def test_what_is_broken_otherwise_than_in_training_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Forging, "breaking", lambda self, template: template)
    for kind, pooling, family in (("bert", "mean", PLAIN), ("qwen2", "last", LINE)):
        artifact = sealed(tmp_path / kind, tiny(kind, tmp_path / kind / "model"), family, pooling=pooling)
        assert artifact.manifest.classifier is not None
        assert "breaks other things in messages than training did" in str(artifact.manifest.classifier["why"])


@pytest.mark.parametrize(("kind", "pooling", "family"), [("roberta", "mean", PLAIN), ("qwen2", "last", LINE)])
def test_what_transformers_4_looks_for_is_there(
    kind: Kind, pooling: str, family: dict[str, Any], tmp_path: Path
) -> None:
    folder = sealed(tmp_path, tiny(kind, tmp_path / kind), family, pooling=pooling).folder / "model"
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    assert tokenizer["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert not {"backend", "extra_special_tokens"} & set(tokenizer)
    config = json.loads((folder / "config.json").read_text())
    if kind == "qwen2":
        assert (config["rope_theta"], config["rope_scaling"]) == (config["rope_parameters"]["rope_theta"], None)
