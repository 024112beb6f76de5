from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from iirl_core.config.encoding import LoraSection
from iirl_core.config.imitation import ImitateSection
from iirl_core.demonstration import conversation
from iirl_core.encoder.rendering import PLAIN_TEMPLATE
from iirl_core.errors import ConfigError
from iirl_core.policy.imitation import Imitation, load_initial, save_policy, trained
from iirl_core.policy.noise import Draw
from iirl_core.policy.sampling import Reader, Sampler
from tests.iirl_core.encoder.tiny import Kind
from tests.iirl_core.policy.tiny import tiny_policy

ITEMS = [conversation("Open?", "Yes."), conversation("Open on Sunday, or closed?", "From ten to four.")]


def _padded(rows: list[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_the_loss_is_the_mean_surprise_of_the_answers_tokens_alone(tmp_path: Path, kind: Kind) -> None:
    model, rendering = load_initial(ImitateSection(model="", max_tokens=128), Path(tiny_policy(kind, tmp_path)))
    answered = [rendering.answered(item) for item in ITEMS]
    weight = torch.tensor([1.0, 0.5])
    expected, tokens = 0.0, 0.0
    for one, w in zip(answered, weight.tolist(), strict=True):
        logs = model(input_ids=torch.tensor([one.ids])).logits[0].log_softmax(dim=-1).detach()
        said = [float(logs[place - 1, one.ids[place]]) for place in range(one.start, len(one.ids))]
        expected, tokens = expected - w * sum(said), tokens + w * len(said)
    ids, mask = _padded([one.ids for one in answered])
    loss = Imitation(model)(ids, mask, torch.tensor([one.start for one in answered]), weight)
    assert float(loss.detach()) == pytest.approx(expected / tokens, rel=1e-4)


def test_imitation_makes_the_answers_likelier_and_leaves_what_was_saved_as_it_was_learnt(tmp_path: Path) -> None:
    section = ImitateSection(model="", max_tokens=128)
    model, rendering = load_initial(section, Path(tiny_policy("llama", tmp_path / "init")))
    answered = [rendering.answered(item) for item in ITEMS]
    ids, mask = _padded([one.ids for one in answered])
    batch = (ids, mask, torch.tensor([one.start for one in answered]), torch.ones(2))
    module = Imitation(model)
    optimiser = torch.optim.AdamW(module.parameters(), lr=1e-2)
    first = float(module(*batch).detach())
    for _ in range(30):
        optimiser.zero_grad()
        module(*batch).backward()
        optimiser.step()
    last = float(module(*batch).detach())
    assert last < first / 2
    for name in ("one", "two"):
        save_policy(model, rendering, tmp_path / name)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    again, how = load_initial(section, tmp_path / "one")
    assert all(torch.equal(one, two) for one, two in zip(again.parameters(), model.parameters(), strict=True))
    assert how.template == PLAIN_TEMPLATE == AutoTokenizer.from_pretrained(tmp_path / "one").chat_template
    assert how.answered(ITEMS[0]) == answered[0]
    stock = AutoModelForCausalLM.from_pretrained(tmp_path / "one")
    assert float(Imitation(stock)(*batch).detach()) == pytest.approx(last, rel=1e-4)


def test_adapters_alone_are_trained_and_merged_they_say_what_was_learnt_in_a_plain_model(tmp_path: Path) -> None:
    section = ImitateSection(model="", max_tokens=128, lora=LoraSection(rank=4))
    folder = Path(tiny_policy("llama", tmp_path))
    model, rendering = load_initial(section, folder)
    answered = [rendering.answered(item) for item in ITEMS]
    batch = (*_padded([one.ids for one in answered]), torch.tensor([one.start for one in answered]), torch.ones(2))
    untrained = float(Imitation(load_initial(section, folder)[0])(*batch).detach())
    module = Imitation(model, section.lora)
    assert float(module(*batch).detach()) == pytest.approx(untrained, rel=1e-6), "fresh ones change nothing"
    learnt = {name: one for name, one in module.named_parameters() if one.requires_grad}
    assert all("lora_" in name for name in learnt)
    assert not any("lm_head" in name or "embed" in name for name in learnt)
    optimiser = torch.optim.AdamW(learnt.values(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        module(*batch).backward()
        optimiser.step()
    last = float(module(*batch).detach())
    assert last < 0.9 * untrained
    weights = {name: one.detach().clone() for name, one in learnt.items()}
    plain = trained(load_initial(section, folder)[0], weights, section.lora)
    save_policy(plain, rendering, tmp_path / "kept")
    again, _ = load_initial(ImitateSection(model="", max_tokens=128), tmp_path / "kept")
    assert float(Imitation(again)(*batch).detach()) == pytest.approx(last, rel=1e-4)
    with pytest.raises(ConfigError, match=r"imitate\.lora\.targets: no linear layer is named lm_head"):
        load_initial(section.model_copy(update={"lora": LoraSection(targets=["lm_head"])}), folder)


def test_what_cannot_be_imitated_with_is_refused(tmp_path: Path) -> None:
    folder = Path(tiny_policy("llama", tmp_path))
    with pytest.raises(ConfigError, match="at most the model's 256"):
        load_initial(ImitateSection(model="x", max_tokens=512), folder)
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_initial(ImitateSection(model="x"), tmp_path / "nothing")


def test_a_policy_without_all_its_weights_is_none(tmp_path: Path) -> None:
    folder = Path(tiny_policy("llama", tmp_path))
    path = folder / "model.safetensors"
    left = {name: tensor for name, tensor in load_file(path).items() if "layers.1.mlp" not in name}
    save_file(left, path, {"format": "pt"})
    with pytest.raises(ConfigError, match=r"another model's: model\.layers\.1\.mlp"):
        load_initial(ImitateSection(model="x", max_tokens=64), folder)
    with pytest.raises(ConfigError, match=r"another model's: model\.layers\.1\.mlp"):
        Sampler(folder, Reader(folder, None, "tiny"), Draw(1.0, 1.0), max_new_tokens=4, batch=1)


def test_trained_weights_that_do_not_fit_are_no_policy(tmp_path: Path) -> None:
    model, _ = load_initial(ImitateSection(model="", max_tokens=64), Path(tiny_policy("llama", tmp_path)))
    weights = {name: tensor.clone() for name, tensor in Imitation(model).named_parameters()}
    name = next(iter(weights))
    weights[name] = weights[name] + 1
    assert torch.equal(trained(model, weights).get_input_embeddings().weight, weights[name])
    with pytest.raises(RuntimeError, match="do not fit"):
        trained(model, {each: tensor for each, tensor in weights.items() if each != name})


def test_layers_that_are_computed_again_give_the_same_gradient(tmp_path: Path) -> None:
    section = ImitateSection(model="", max_tokens=128)
    gradients = []
    for checkpointing in (False, True):
        model, rendering = load_initial(section, Path(tiny_policy("llama", tmp_path)))
        answered = [rendering.answered(item) for item in ITEMS]
        ids, mask = _padded([one.ids for one in answered])
        module = Imitation(model, checkpointing=checkpointing)
        module(ids, mask, torch.tensor([one.start for one in answered]), torch.ones(2)).backward()
        gradients.append([parameter.grad for parameter in module.parameters()])
    assert all(torch.allclose(one, two, atol=1e-6) for one, two in zip(*gradients, strict=True))
