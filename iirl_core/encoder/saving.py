"""Encoders ↔ files: safetensors and JSON only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from iirl_core.canonical import JsonValue
from iirl_core.config.encoding import Pooling, Truncation, Weights
from iirl_core.config.rows import RowKind
from iirl_core.encoder.pooling import POOLINGS
from iirl_core.encoder.protocol import Encoder
from iirl_core.encoder.trajectory import Terminal, TrajectoryEncoder
from iirl_core.errors import ArtifactError, ConfigError

if TYPE_CHECKING:
    from iirl_core.encoder.rendering import Around, Rendering
    from iirl_core.encoder.text import TextEncoder

STANDARDISER = "standardiser.safetensors"
TEXT: dict[str, JsonValue] = {"padding": "right"}
"""How this package's text encoder works, written down for readers; another way would give other rewards."""
TRUNCATION = "truncation"
TRUNCATIONS: dict[Truncation, JsonValue] = {"context": "context-start, then answer-end", "left": "left"}
"""In a text encoder's document: what of a text that is too long is cut."""
RATIO = "ratio"
"""In a text encoder's document: two language models lie beside it, in ``sft`` and ``init``."""
LENGTHS = "lengths"
"""Beside those two: it also says how long answers are."""
LAYERS = "layers"
"""In a text encoder's document: it lies in the folder of a classifier, and has so many hidden layers."""
AROUND = "around"
"""Beside them: the ids put before and after a text, which the classifier's tokenizer leaves to its template."""

WEIGHTS = "weights"
"""In a text encoder's document, where its matrices are not held in fp32: how they are."""


def save_encoder(encoder: Encoder, folder: Path) -> dict[str, JsonValue]:
    """Write the weights into ``folder`` (made if need be) and return the document from which they are read again.

    Equal encoders write equal bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = document_of(encoder)
    if RATIO in document:
        from iirl_core.encoder.ratio import RatioEncoder  # transformers takes seconds to import: only for text

        beside = cast(RatioEncoder, encoder)
        beside.sft.save(folder / "sft")
        beside.init.save(folder / "init")
        encoder = beside.text
    if isinstance(encoder, TrajectoryEncoder):
        save_file({"mean": encoder.mean.contiguous(), "scale": encoder.scale.contiguous()}, folder / STANDARDISER)
    else:
        text = cast("TextEncoder", encoder)
        text.model.save_pretrained(folder)
        text.rendering.tokenizer.save_pretrained(folder)
    return document


def document_of(encoder: Encoder, *, within: bool = False) -> dict[str, JsonValue]:
    """All but the weights. ``within``: they lie in the folder of a text classifier, as its first layers.

    Raises:
        ArtifactError: it is no encoder of this package.
    """
    if isinstance(encoder, TrajectoryEncoder):
        return {
            "kind": "trajectory",
            "rows": encoder.rows,
            "observations": encoder.observations,
            "actions": encoder.actions,
            "terminal": encoder.terminal,
            **({} if encoder.horizon is None else {"horizon": encoder.horizon}),
            **({} if encoder.window == 1 else {"window": encoder.window}),
        }
    from iirl_core.encoder.ratio import RatioEncoder  # transformers takes seconds to import: only for text
    from iirl_core.encoder.text import TextEncoder

    if isinstance(encoder, RatioEncoder):
        ratio: dict[str, JsonValue] = {"sft": encoder.sft.document(), "init": encoder.init.document()}
        if encoder.lengths:
            ratio[LENGTHS] = True
        return {**document_of(encoder.text), RATIO: ratio}
    if not isinstance(encoder, TextEncoder):
        raise ArtifactError(f"an encoder of type {type(encoder).__name__}", "one of this package")
    return {
        "kind": "text",
        "chat_template": encoder.rendering.template,
        "max_tokens": encoder.rendering.max_tokens,
        TRUNCATION: TRUNCATIONS[encoder.rendering.truncation],
        **TEXT,
        "pooling": encoder.pooling,
        "batch": encoder.batch,
        "trust_remote_code": encoder.trust_remote_code,
        **({} if encoder.weights == "fp32" else {WEIGHTS: encoder.weights}),
        **({LAYERS: encoder.model.config.num_hidden_layers} if within else {}),
        **(_around_of(encoder.rendering) if within or encoder.rendering.puts_more else {}),
    }


def _around_of(rendering: Rendering) -> dict[str, JsonValue]:
    before, after = rendering.around
    return {AROUND: [list(before), list(after)]}


def load_encoder(folder: Path, document: JsonValue, *, trust_remote_code: bool = False) -> Encoder:
    """The inverse of ``save_encoder``. A folder may hold more layers than the ``layers`` of the document: those of a
    classifier, which are left out.

    Raises:
        ArtifactError: the document or the files do not describe an encoder, it works in a way that is not ours, or it
            needs code of its own and ``trust_remote_code`` was not given.
    """
    if not isinstance(document, dict) or document.get("kind") not in ("text", "trajectory"):
        raise ArtifactError(f"encoder {document}", "kind text or trajectory")
    if document.get("trust_remote_code") and not trust_remote_code:
        raise ArtifactError("this encoder runs code of its own", todo="Load it with trust_remote_code=True")
    for name, ours in TEXT.items() if document["kind"] == "text" else ():
        if document.get(name) != ours:
            raise ArtifactError(f"an encoder whose {name} is {document.get(name)!r}", f"{ours!r}")
    if document.get(WEIGHTS, "fp32") not in get_args(Weights):
        raise ArtifactError(f"an encoder whose weights are held in {document[WEIGHTS]!r}", ", ".join(get_args(Weights)))
    if document["kind"] == "text" and document.get("pooling") not in POOLINGS:
        raise ArtifactError(f"an encoder whose pooling is {document.get('pooling')!r}", ", ".join(POOLINGS))
    try:
        return _trajectory(folder, document) if document["kind"] == "trajectory" else _text(folder, document)
    except (ConfigError, KeyError, TypeError, ValueError, OSError, SafetensorError) as error:
        raise ArtifactError(f"the encoder in {folder.name} cannot be read ({error})") from error


def _trajectory(folder: Path, document: dict[str, JsonValue]) -> Encoder:
    tensors = load_file(folder / STANDARDISER)
    shape = int(cast(int, document["observations"])), int(cast(int, document["actions"]))
    terminal, horizon = cast(Terminal, document.get("terminal")), cast("int | None", document.get("horizon"))
    statistics, window = (tensors["mean"], tensors["scale"]), int(cast(int, document.get("window", 1)))
    return TrajectoryEncoder(cast(RowKind, document["rows"]), *shape, *statistics, terminal, horizon, window)


def _text(folder: Path, document: dict[str, JsonValue]) -> Encoder:
    from iirl_core.encoder.text import load_text  # transformers takes seconds to import: only for text

    weights = cast(Weights, document.get(WEIGHTS, "fp32"))
    text = load_text(
        folder,
        template=str(document["chat_template"]),
        max_tokens=int(cast(int, document["max_tokens"])),
        truncation=_truncation(document),
        batch=int(cast(int, document["batch"])),
        pooling=cast(Pooling, document["pooling"]),
        trust_remote_code=bool(document["trust_remote_code"]),
        weights=weights,
        layers=int(cast(int, document[LAYERS])) if LAYERS in document else None,
        around=_around(document),
    )
    if RATIO not in document:
        return text
    from iirl_core.encoder.ratio import LanguageModel, RatioEncoder

    told = cast(dict[str, dict[str, JsonValue]], document[RATIO])
    models = (LanguageModel.told(folder / name, told[name], weights) for name in ("sft", "init"))
    return RatioEncoder(text, *models, lengths=LENGTHS in told)


def _truncation(document: dict[str, JsonValue]) -> Truncation:
    said = document.get(TRUNCATION)
    for truncation, written in TRUNCATIONS.items():
        if said == written:
            return truncation
    raise ArtifactError(
        f"an encoder whose {TRUNCATION} is {said!r}", " or ".join(repr(written) for written in TRUNCATIONS.values())
    )


def _around(document: dict[str, JsonValue]) -> Around | None:
    """None where the tokenizer itself says it."""
    if AROUND not in document:
        return None
    before, after = cast(list[list[int]], document[AROUND])
    return tuple(int(one) for one in before), tuple(int(one) for one in after)
