"""The ratio of two tiny language models, from the models to a sealed artifact."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from pydantic import ValidationError
from transformers import AutoModelForCausalLM

from iirl_core.artifact import ArtifactDraft, Guard, Mode, Provenance, Supervision, load_from, seal, seal_child
from iirl_core.config import Config
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder import fit_encoder, load_encoder, save_encoder
from iirl_core.encoder.ratio import LanguageModel, RatioEncoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.errors import ConfigError
from iirl_core.expertness import Batch, build_expertness
from iirl_core.expertness.log_ratio import LogRatio
from iirl_core.reward_model import RewardModel, assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, patch_at
from tests.iirl_core.encoder.tiny import tiny
from tests.iirl_core.policy.tiny import tiny_policy

GOOD = [conversation(f"Is room {n} open?", f"Yes, room {n} is open until six.") for n in range(8)]
BAD = [conversation(f"Is room {n} open?", f"No idea about {n}, go away now.") for n in range(8)]
ITEMS = [*GOOD[:3], *BAD[:3], conversation("Is it?", ""), conversation("", "word " * 60)]


@cache
def _temporary() -> TemporaryDirectory[str]:
    """Removed when the tests are over."""
    return TemporaryDirectory(prefix="ratio-")


@cache
def folder_of_models() -> Path:
    """An encoder, π_init, and π_SFT: the same after some steps on ``GOOD``."""
    folder = Path(_temporary().name)
    tiny("bert", folder / "bert")
    tiny_policy("llama", folder / "init")
    init = LanguageModel.loaded(folder / "init", max_tokens=128, policy="sha256:0", name="init")
    model = init.model.requires_grad_(True).train()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(15):
        for item in GOOD:
            ids = torch.tensor([init.rendering.answered(item).ids])
            optimiser.zero_grad()
            model(input_ids=ids, labels=ids).loss.backward()
            optimiser.step()
    model.save_pretrained(folder / "sft")
    init.rendering.tokenizer.save_pretrained(folder / "sft")
    return folder


def _encoder(length: int = 128, *, lengths: bool = False) -> RatioEncoder:
    text = fit_encoder(TextEncoderSection(model=str(folder_of_models() / "bert"), max_tokens=200), [])
    assert isinstance(text, TextEncoder)
    sft, init = (
        LanguageModel.loaded(folder_of_models() / name, max_tokens=length, policy=f"sha256:{name}", name=name)
        for name in ("sft", "init")
    )
    return RatioEncoder(text, sft, init, lengths=lengths)


def _config(**section: object) -> Config:
    return config(
        "conversation",
        encoder={"kind": "text", "model": str(folder_of_models() / "bert"), "max_tokens": 200},
        expertness={"family": "log_ratio", "sft": str(folder_of_models() / "sft"), "init": "somebody/model", **section},
    )


def _model() -> RewardModel:
    encoder, sections = _encoder(), _config()
    z_good, z_bad = encoder.encode(GOOD).z, encoder.encode(BAD).z
    expertness = build_expertness(sections.expertness, encoder.width)
    return assemble(sections.mapping, encoder, expertness, z_train=z_good[:5], z_guard=z_good[5:], z_contrast=z_bad)


VARIED = [conversation(f"Is room {n} open?", f"Yes, room {n} is open until six." * (1 + n % 3)) for n in range(9)]
"""Three lengths: what is imitated in them repeats itself."""


def _debiased(share: float) -> RewardModel:
    """Learnt, as training does it, from ``VARIED``, with one negative among them that is to teach nothing."""
    encoder, sections = _encoder(lengths=True), _config(length_debias=share)
    z, z_bad = encoder.encode(VARIED).z, encoder.encode(BAD).z
    expertness = build_expertness(sections.expertness, encoder.width)
    assert isinstance(expertness, LogRatio)
    parts = [z[:4], z[4:], z_bad[:1]]
    expertness.learn(
        Batch(part, torch.full((len(part),), float(index < 2)), torch.ones(len(part)), torch.arange(len(part)))
        for index, part in enumerate(parts)
    )
    return assemble(sections.mapping, encoder, expertness, z_train=z, z_guard=z, z_contrast=z_bad)


def _line(model: RewardModel, z: torch.Tensor) -> tuple[float, float]:
    """Slope and intercept of the signal over the logarithm of one more than the answer's tokens."""
    assert isinstance(model.encoder, RatioEncoder)
    counts = [model.encoder.sft.rendering.answer_tokens(item) for item in VARIED]
    lengths = torch.tensor([math.log1p(count) for count in counts])
    assert torch.allclose(z[:, -2], lengths)
    rows = torch.stack([lengths, torch.ones(len(VARIED))], dim=1)
    slope, intercept = torch.linalg.lstsq(rows.double(), model.rows(z).signal.double()).solution.tolist()
    return slope, intercept


def test_debiasing_takes_away_the_line_of_the_signal_over_the_length_by_its_share() -> None:
    plain, half, whole = (_debiased(share) for share in (0.0, 0.5, 1.0))
    z = whole.encoder.encode(VARIED).z
    slopes = [_line(model, z)[0] for model in (plain, half, whole)]
    assert slopes[0] > 1, "a sum over tokens grows with them"
    assert slopes[1] == pytest.approx(slopes[0] / 2, rel=1e-3)
    assert slopes[2] == pytest.approx(0, abs=1e-3)
    signals = [model.rows(z).signal for model in (plain, whole)]
    assert signals[1].mean().item() == pytest.approx(signals[0].mean().item(), abs=1e-3), "demonstrations' mean stays"
    assert whole.rows(whole.encoder.encode(GOOD).z).signal.min() > whole.rows(whole.encoder.encode(BAD).z).signal.max()


def test_a_debiased_ratio_is_sealed_with_its_line(tmp_path: Path) -> None:
    model, store = _debiased(1.0), DirectoryStore(tmp_path / "store")
    z = model.encoder.encode(VARIED).z
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z, z),
        config=_config(length_debias=1.0),
        corpora=(),
        metrics={},
        provenance=Provenance(Mode.FROZEN_POLICY, Supervision.WEAK),
    )
    artifact = load_from(store, seal(store, draft))
    assert [one.signal for one in artifact.read(ITEMS)] == [one.signal for one in model.read(ITEMS)]
    longer = torch.cat([z[:, :-2], z[:, -2:-1] + 3, z[:, -1:] + 50], dim=1)
    for space in ("input", "latent", "residual"):
        assert torch.equal(model.space(z, space)[0], model.space(longer, space)[0])
    assert model.space(z, "input")[0].shape[-1] == z.shape[1] - 2


@pytest.mark.parametrize(
    ("lengths", "slope"), [([1.0, 1.0, 1.0], 0.0), ([1.0, 1.05, 1.1], 0.0), ([1.0, 2.0, 3.0], 2.0)]
)
def test_where_all_answers_are_about_as_long_there_is_no_line(lengths: list[float], slope: float) -> None:
    module, ratios = LogRatio(1.0), torch.tensor([2.0, 4.0, 6.0])
    batch = Batch(torch.stack([torch.tensor(lengths), ratios], dim=1), torch.ones(3), torch.ones(3), torch.arange(3))
    module.learn([batch])
    assert module.slope.item() == pytest.approx(slope, abs=1e-6)
    with pytest.raises(ConfigError, match="no demonstration with weight"):
        module.learn([replace(batch, weight=torch.zeros(3))])


def _log_probability(folder: Path, item: Conversation, encoder: LanguageModel) -> float:
    """Token by token, by the definition."""
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    answered = encoder.rendering.answered(item)
    total = 0.0
    for place in range(answered.start, len(answered.ids)):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([answered.ids[:place]])).logits[0, -1]
        total += float(logits.log_softmax(dim=-1)[answered.ids[place]])
    return total


def test_the_signal_is_the_log_ratio_of_the_answer_alone() -> None:
    encoder = _encoder()
    z = encoder.encode(GOOD[:1]).z
    wanted = _log_probability(folder_of_models() / "sft", GOOD[0], encoder.sft) - _log_probability(
        folder_of_models() / "init", GOOD[0], encoder.init
    )
    assert LogRatio().signals(z)[0, 0].item() == pytest.approx(wanted, abs=1e-4)
    assert torch.equal(z[:, :-1], encoder.text.encode(GOOD[:1]).z)
    assert z.shape == (1, encoder.width)


def test_what_was_imitated_has_the_larger_ratio() -> None:
    signals = LogRatio().signals(_encoder().encode([*GOOD, *BAD]).z)[0]
    assert signals[:8].min() > signals[8:].max() + 1


def test_a_row_does_not_depend_on_what_else_is_in_the_batch() -> None:
    encoder = _encoder()
    whole = encoder.encode(ITEMS).z
    assert torch.equal(whole[:, -1], torch.cat([encoder.encode([item]).z[:, -1] for item in ITEMS]))


def test_what_a_language_model_cuts_is_told() -> None:
    tokens = [count and count.truncated for count in _encoder(length=48).encode([*GOOD[:1], ITEMS[-1]]).tokens]
    assert tokens == [True, True]
    assert [count and count.truncated for count in _encoder().encode(GOOD[:1]).tokens] == [False]


def test_a_saved_encoder_encodes_alike(tmp_path: Path) -> None:
    encoder = _encoder()
    document = save_encoder(encoder, tmp_path)
    assert torch.equal(load_encoder(tmp_path, document).encode(ITEMS).z, encoder.encode(ITEMS).z)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".safetensors", ".json", ".jinja"}


def test_patches_and_support_do_not_see_the_ratio() -> None:
    model = _model()
    z = model.encoder.encode(GOOD).z
    other = torch.cat([z[:, :-1], z[:, -1:] + 50], dim=1)
    for space in ("input", "latent", "residual"):
        assert torch.equal(model.space(z, space)[0], model.space(other, space)[0])
    assert torch.equal(model.rows(z).support_distance, model.rows(other).support_distance)
    assert (model.rows(other).signal - model.rows(z).signal).min() > 49
    assert model.space(z, "input")[0].shape[-1] == z.shape[1] - 1


def test_a_sealed_ratio_reads_and_is_patched_like_any_reward(tmp_path: Path) -> None:
    model, store = _model(), DirectoryStore(tmp_path / "store")
    z = model.encoder.encode(GOOD).z
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z[5:], z[:5]),
        config=_config(),
        corpora=(),
        metrics={},
        provenance=Provenance(Mode.FROZEN_POLICY, Supervision.WEAK),
    )
    artifact = load_from(store, seal(store, draft))
    assert [one.reward for one in artifact.read(ITEMS)] == [one.reward for one in model.read(ITEMS)]
    assert min(one.reward for one in artifact.read(GOOD[5:])) > 0.5 > max(one.reward for one in artifact.read(BAD))
    assert (artifact.manifest.expertness["sft"], artifact.manifest.expertness["init"]) == ("sft", "somebody/model")
    assert "no head of its own" in str(artifact.manifest.classifier)
    patch = patch_at(artifact.model, ITEMS[-1], strength=0.01)
    child = load_from(store, seal_child(store, artifact, [patch]))
    assert child.read(ITEMS[-1:])[0].evidence.suppressed > 0


def test_its_loss_is_that_of_a_discriminator_with_this_logit() -> None:
    z = torch.tensor([[0.0, 2.0], [0.0, -1.0], [0.0, 9.0]])
    expert, weight = torch.tensor([1.0, 1.0, 0.0]), torch.tensor([1.0, 3.0, 1.0])
    wanted = (math.log1p(math.exp(-2)) + 3 * math.log1p(math.exp(1))) / 4
    assert LogRatio().loss(Batch(z, expert, weight, torch.arange(3))).item() == pytest.approx(wanted, rel=1e-5)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"max_tokens 512; expected at most the 256"):
        LanguageModel.loaded(folder_of_models() / "init", max_tokens=512, policy="", name="init")
    with pytest.raises(ConfigError, match="causal language model"):
        LanguageModel.loaded(folder_of_models() / "nothing", max_tokens=64, policy="", name="nothing")
    sections = {"family": "log_ratio", "sft": "a", "init": "b"}
    with pytest.raises(ValidationError, match="a frozen text encoder"):
        config(expertness=sections, mapping={"kind": "sigmoid"})
