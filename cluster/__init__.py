"""The only place that knows there is a cluster: Ray, its resources, and the stores that nodes share."""

from cluster.session import Session as Session
from cluster.session import open_session as open_session
