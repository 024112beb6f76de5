"""Families that ask about states: one-step trajectories (two steps where a row is a transition); or about pieces."""

from iirl_core.probe.trajectory.ascent import Ascent as Ascent
from iirl_core.probe.trajectory.boundary import Boundary as Boundary
from iirl_core.probe.trajectory.correlated import Correlated as Correlated
from iirl_core.probe.trajectory.evolution import Evolution as Evolution
from iirl_core.probe.trajectory.excursion import Excursion as Excursion
from iirl_core.probe.trajectory.far import Far as Far
from iirl_core.probe.trajectory.perturbed import Perturbed as Perturbed
from iirl_core.probe.trajectory.policy import Policy as Policy
from iirl_core.probe.trajectory.retimed import Retimed as Retimed
from iirl_core.probe.trajectory.uniform import Uniform as Uniform
