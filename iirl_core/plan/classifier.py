"""Whether a stock classifier of transformers will hold what is learnt, as far as shapes tell."""

from __future__ import annotations

from iirl_core.classifier.refusal import HEADLESS, Shape, refusal
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.config.expertness import HeadSection, JointSection
from iirl_core.config.heads import units_of
from iirl_core.config.section import Section
from iirl_core.plan.backbone import Backbone


def classifier_refusal(encoder: TextEncoderSection, section: Section, backbone: Backbone) -> str | None:
    """Why ``model/`` of a sealed artifact would be no stock classifier, and what would be needed; None where it would
    be one, if the tokenizer allows.
    """
    if not isinstance(section, HeadSection):
        return HEADLESS
    steps = section.steps if isinstance(section, JointSection) else 0
    shape = Shape(
        model_type=backbone.kind,
        scored=backbone.causal,
        remote_code=encoder.trust_remote_code,
        pooling=encoder.pooling,
        averaged=section.combine == "mean",
        width=backbone.width,
        units=section.members * units_of(section, backbone.width),
        line=steps <= 1,
        shift=float(steps > 0),  # a constant of its own that is learnt; a discriminator's line has none
    )
    return refusal(shape)
