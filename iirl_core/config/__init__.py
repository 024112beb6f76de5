"""The configuration: one YAML drives every verb. Pydantic stands at this door and nowhere behind it."""

from iirl_core.config.config import Config as Config
from iirl_core.config.load import load_config as load_config
