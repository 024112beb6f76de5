"""Policies: language models that are used only to make text (π_init, π_SFT), with their provenance."""

from iirl_core.policy.manifest import Initial as Initial
from iirl_core.policy.manifest import PolicyManifest as PolicyManifest
from iirl_core.policy.storing import Policy as Policy
from iirl_core.policy.storing import load_policy as load_policy
from iirl_core.policy.storing import point_policy as point_policy
from iirl_core.policy.storing import publish_policy as publish_policy
from iirl_core.policy.storing import read_policy_manifest as read_policy_manifest
from iirl_core.policy.storing import resolve_policy as resolve_policy
