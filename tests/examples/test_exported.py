"""What the examples learn is held by a stock classifier, where the family can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.classifier.folding import fold
from iirl_core.classifier.refusal import Shape, refusal
from iirl_core.config import Config, load_config
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, HeadSection, JointSection
from iirl_core.expertness import build_expertness
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.expertness.heads import Heads

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ENCODERS = {
    "minilm": ("bert", False, 384),
    "Qwen/Qwen3-0.6B": ("qwen3", True, 1024),
    "meta-llama/Meta-Llama-3-8B-Instruct": ("llama", True, 4096),
    "meta-llama/Meta-Llama-3-70B-Instruct": ("llama", True, 8192),
}
"""Model type, whether its stock head is a line, and the width."""


TUNED_TO = {"portal/config.yaml", "portal/suites.yaml"}
"""Whose figures are of wider heads; its README says so."""


def examples() -> dict[str, Config]:
    """Those that learn a small network from texts."""
    paths = [path for path in EXAMPLES.glob("*/*.yaml") if "expertness:" in path.read_text(encoding="utf-8")]
    found = {str(path.relative_to(EXAMPLES)): load_config(path) for path in paths}
    texts = {name: config for name, config in found.items() if config.encoder.kind == "text"}
    return {name: config for name, config in texts.items() if isinstance(config.expertness, HeadSection)}


def shape(config: Config) -> Shape:
    assert isinstance(config.encoder, TextEncoderSection)
    kind, scored, width = ENCODERS[config.encoder.model]
    module = build_expertness(config.expertness, width)
    assert isinstance(module, Heads)
    if isinstance(module, Discriminator):
        module.balance(3, 1)
    folded = fold(module)
    return Shape(
        kind,
        scored=scored,
        remote_code=False,
        pooling=config.encoder.pooling,
        averaged=module.combine == "mean",
        width=width,
        units=0 if module.linear else module.members * module.head.shape[1],
        line=folded is not None,
        shift=0.0 if folded is None else folded.bias,
    )


def test_every_head_over_texts_fits_a_stock_classifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IIRL_DATA", str(tmp_path))
    refused = {name: str(why) for name, config in examples().items() if (why := refusal(shape(config))) is not None}
    assert set(refused) == {*TUNED_TO, "families/joint.yaml"}
    assert all("expertness.hidden × members at most 384" in refused[name] for name in TUNED_TO)
    assert "expertness.steps: 1" in refused["families/joint.yaml"], "four sigmoids make no line"
    assert {"afd/config.yaml", "families/tuned.yaml", "real/hh.yaml", "gpu/qwen3-0.6b.yaml"} <= set(examples())


@pytest.mark.parametrize("section", [DiscriminatorSection(), BradleyTerrySection(), JointSection(steps=1)])
def test_a_head_whose_size_nobody_gave_fits_too(section: HeadSection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IIRL_DATA", ".")
    config = load_config(EXAMPLES / "real" / "hh.yaml")
    assert refusal(shape(config.model_copy(update={"expertness": section}))) is None
