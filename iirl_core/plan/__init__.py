"""What training would take, from shapes alone: parameters, bytes, FLOPs. Pure functions; nothing is loaded or run."""

from iirl_core.plan.backbone import Backbone as Backbone
from iirl_core.plan.backbone import Linear as Linear
from iirl_core.plan.backbone import backbone_of as backbone_of
from iirl_core.plan.classifier import classifier_refusal as classifier_refusal
from iirl_core.plan.compute import forward_flops as forward_flops
from iirl_core.plan.compute import hours as hours
from iirl_core.plan.compute import search_flops as search_flops
from iirl_core.plan.compute import training_flops as training_flops
from iirl_core.plan.head import Head as Head
from iirl_core.plan.head import head_of as head_of
from iirl_core.plan.language_model import LanguageModelShape as LanguageModelShape
from iirl_core.plan.language_model import language_model_of as language_model_of
from iirl_core.plan.language_model import reading_bytes as reading_bytes
from iirl_core.plan.language_model import reading_flops as reading_flops
from iirl_core.plan.memory import Memory as Memory
from iirl_core.plan.memory import activations as activations
from iirl_core.plan.memory import states as states
