"""A text model's unpatched signal as a stock sequence classifier of transformers, exact and without code of its own."""

from iirl_core.classifier.saving import save_classifier as save_classifier
from iirl_core.classifier.saving import tell_patches as tell_patches
