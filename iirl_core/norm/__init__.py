"""Norms: typed rules, how they are read from the configuration, and how a reward is judged by one."""

from iirl_core.norm.document import norm_document as norm_document
from iirl_core.norm.document import norms_digest as norms_digest
from iirl_core.norm.judge import judge as judge
from iirl_core.norm.judge import judge_all as judge_all
from iirl_core.norm.judgement import Judgement as Judgement
from iirl_core.norm.load import norms_of as norms_of
from iirl_core.norm.measuring import measured_on as measured_on
from iirl_core.norm.norm import Norm as Norm
from iirl_core.norm.norm import NormKind as NormKind
from iirl_core.norm.number import NUMBER as NUMBER
from iirl_core.norm.number import norm_of as norm_of
from iirl_core.norm.observed import Observed as Observed
from iirl_core.norm.region import Bounds as Bounds
from iirl_core.norm.region import Region as Region
from iirl_core.norm.region import Velocity as Velocity
from iirl_core.norm.rule import rule_of as rule_of
