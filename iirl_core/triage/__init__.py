"""Triage: what a written policy says of findings, and what people say of them."""

from iirl_core.triage.acting import acted_on as acted_on
from iirl_core.triage.acting import shaped_by_people as shaped_by_people
from iirl_core.triage.cluster import Cluster as Cluster
from iirl_core.triage.cluster import clusters_of as clusters_of
from iirl_core.triage.labelling import check_undo as check_undo
from iirl_core.triage.labelling import news as news
from iirl_core.triage.labelling import next_sequence as next_sequence
from iirl_core.triage.labelling import placed as placed
from iirl_core.triage.places import Places as Places
from iirl_core.triage.places import places_of as places_of
from iirl_core.triage.policy import triage as triage
from iirl_core.triage.proposing import NormChange as NormChange
from iirl_core.triage.proposing import norm_changes as norm_changes
from iirl_core.triage.review import Review as Review
from iirl_core.triage.right import Right as Right
from iirl_core.triage.right import rights as rights
from iirl_core.triage.said import Said as Said
from iirl_core.triage.said import Withdrawn as Withdrawn
from iirl_core.triage.said import said_in as said_in
from iirl_core.triage.said import withdrawn_in as withdrawn_in
from iirl_core.triage.settling import Settled as Settled
from iirl_core.triage.settling import settle as settle
