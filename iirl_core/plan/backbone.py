"""The shape of a transformers backbone, from its ``config.json``, and how many parameters that makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iirl_core.errors import ConfigError

ENCODERS = ("bert", "roberta", "xlm-roberta")
DECODERS = ("llama", "mistral", "qwen2", "qwen3")

QWEN3_HEAD = 128
"""What transformers takes where a Qwen3 configuration says nothing."""


@dataclass(frozen=True)
class Linear:
    """One matrix product of a layer, by its name inside the layer."""

    name: str
    inputs: int
    outputs: int
    bias: bool

    @property
    def parameters(self) -> int:
        """Weight and bias."""
        return self.inputs * self.outputs + (self.outputs if self.bias else 0)


@dataclass(frozen=True)
class Backbone:
    """What ``AutoModel`` builds of a configuration: no language model's head, a BERT's pooler included.

    ``linears`` are those of one of ``layers`` equal layers, ``norms`` the parameters of that layer's normalisations;
    ``query`` and ``key_value`` are the widths of a token's queries and of its keys (or values), ``inner`` that of the
    feed-forward part; ``embeddings`` are looked up and multiply nothing, ``rest`` is what stands before and after the
    layers, the ``unused`` of it behind the last hidden states, where no row of z looks. ``gated``: two products feed
    the activation (Shazeer 2020), with root-mean-square normalisations before them; else one does, with layer
    normalisations after. ``causal``: a token sees only those before it.
    """

    kind: str
    layers: int
    width: int
    heads: int
    query: int
    key_value: int
    inner: int
    linears: tuple[Linear, ...]
    norms: int
    embeddings: int
    rest: int
    unused: int
    gated: bool
    causal: bool

    @property
    def products(self) -> int:
        """Weights of all layers that multiply a token's row."""
        return self.layers * sum(linear.inputs * linear.outputs for linear in self.linears)

    @property
    def layer(self) -> int:
        """Parameters of one layer."""
        return sum(linear.parameters for linear in self.linears) + self.norms

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.layers * self.layer + self.embeddings + self.rest

    def adapters(self, rank: int, targets: tuple[str, ...] | None) -> int:
        """Parameters that LoRA adds: ``rank·(inputs + outputs)`` for each targeted product (Hu et al., arXiv
        2106.09685, §4.1). A target is a product's name or its last part, as peft takes it; None: every product.

        Raises:
            ConfigError: a target matches no product.
        """
        names = [linear.name for linear in self.linears]
        for target in targets or ():
            if not any(_matches(name, target) for name in names):
                known = ", ".join(sorted({name.rpartition(".")[2] for name in names}))
                raise ConfigError(
                    f"encoder.lora.targets: no product of {self.kind} is named {target}", f"one of {known}"
                )
        chosen = [one for one in self.linears if targets is None or any(_matches(one.name, each) for each in targets)]
        return self.layers * sum(rank * (linear.inputs + linear.outputs) for linear in chosen)


def _matches(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def backbone_of(document: Mapping[str, object]) -> Backbone:
    """From the JSON of ``config.json``.

    Raises:
        ConfigError: its ``model_type`` is none of those whose shape is known here, or a size is missing.
    """
    kind = document.get("model_type")
    if kind not in (*ENCODERS, *DECODERS):
        raise ConfigError(f"a backbone of model_type {kind}", f"one of {', '.join((*ENCODERS, *DECODERS))}")
    try:
        return _encoder(str(kind), document) if kind in ENCODERS else _decoder(str(kind), document)
    except KeyError as error:
        raise ConfigError(f"a backbone of model_type {kind} whose config.json has no {error.args[0]}") from error


def _size(document: Mapping[str, object], name: str, default: int | None = None) -> int:
    value = document.get(name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise KeyError(name)
    return value


def _encoder(kind: str, document: Mapping[str, object]) -> Backbone:
    """BERT (Devlin et al. 2018) and its kin: absolute positions, token types, biases everywhere, a pooler."""
    width, inner = _size(document, "hidden_size"), _size(document, "intermediate_size")
    rows = _size(document, "vocab_size") + _size(document, "max_position_embeddings")
    rows += _size(document, "type_vocab_size")
    names = [*(f"attention.self.{name}" for name in ("query", "key", "value")), "attention.output.dense"]
    return Backbone(
        kind=kind,
        layers=_size(document, "num_hidden_layers"),
        width=width,
        heads=_size(document, "num_attention_heads"),
        query=width,
        key_value=width,
        inner=inner,
        linears=(
            *(Linear(name, width, width, bias=True) for name in names),
            Linear("intermediate.dense", width, inner, bias=True),
            Linear("output.dense", inner, width, bias=True),
        ),
        norms=4 * width,
        embeddings=rows * width,
        rest=2 * width + width * width + width,  # the embeddings' normalisation and the pooler
        unused=width * width + width,
        gated=False,
        causal=False,
    )


def _decoder(kind: str, document: Mapping[str, object]) -> Backbone:
    """Llama (Touvron et al. 2023) and its kin: rotary positions, grouped queries, gated feed-forward parts."""
    width, inner = _size(document, "hidden_size"), _size(document, "intermediate_size")
    heads = _size(document, "num_attention_heads")
    head = _size(document, "head_dim", QWEN3_HEAD if kind == "qwen3" else width // heads)
    query, key_value = heads * head, _size(document, "num_key_value_heads", heads) * head
    told, mlp = bool(document.get("attention_bias", False)), bool(document.get("mlp_bias", False))
    before = kind == "qwen2" or (told and kind != "mistral")
    return Backbone(
        kind=kind,
        layers=_size(document, "num_hidden_layers"),
        width=width,
        heads=heads,
        query=query,
        key_value=key_value,
        inner=inner,
        linears=(
            Linear("self_attn.q_proj", width, query, bias=before),
            Linear("self_attn.k_proj", width, key_value, bias=before),
            Linear("self_attn.v_proj", width, key_value, bias=before),
            Linear("self_attn.o_proj", query, width, bias=before and kind != "qwen2"),
            Linear("mlp.gate_proj", width, inner, bias=mlp and kind == "llama"),
            Linear("mlp.up_proj", width, inner, bias=mlp and kind == "llama"),
            Linear("mlp.down_proj", inner, width, bias=mlp and kind == "llama"),
        ),
        norms=2 * width + (2 * head if kind == "qwen3" else 0),
        embeddings=_size(document, "vocab_size") * width,
        rest=width,
        unused=0,
        gated=True,
        causal=True,
    )
