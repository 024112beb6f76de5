"""The only place that knows there is a cluster: Ray, its resources, and the stores that nodes share."""

from cluster.environment import prepare_environment

prepare_environment()  # before the imports below, or anyone's, can load Ray

from cluster.session import Session as Session  # noqa: E402
from cluster.session import open_session as open_session  # noqa: E402
from cluster.store import open_store as open_store  # noqa: E402
