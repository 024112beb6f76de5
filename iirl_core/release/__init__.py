"""Releases: which digest a channel means, why, and who said so."""

from iirl_core.release.channel import read_channel as read_channel
from iirl_core.release.channel import release as release
from iirl_core.release.channel import revoke as revoke
from iirl_core.release.channel import rollback as rollback
from iirl_core.release.decide import Decision as Decision
from iirl_core.release.decide import Facts as Facts
from iirl_core.release.decide import Gate as Gate
from iirl_core.release.decide import believed as believed
from iirl_core.release.decide import decide_admission as decide_admission
from iirl_core.release.decide import decide_release as decide_release
from iirl_core.release.decide import decide_rollback as decide_rollback
from iirl_core.release.dossier import Dossier as Dossier
from iirl_core.release.dossier import audit_file as audit_file
from iirl_core.release.dossier import read_dossier as read_dossier
from iirl_core.release.logged import logged_release as logged_release
from iirl_core.release.release import Release as Release
from iirl_core.release.release import channel_key as channel_key
from iirl_core.release.release import verify_release as verify_release
from iirl_core.release.resolve import resolve as resolve
