"""The log: everything that happened, in one append-only chain that tells when it was changed."""

from iirl_core.log.chain import append as append
from iirl_core.log.chain import append_once as append_once
from iirl_core.log.chain import entries as entries
from iirl_core.log.chain import entries_backwards as entries_backwards
from iirl_core.log.chain import head as head
from iirl_core.log.chain import verify_chain as verify_chain
from iirl_core.log.entry import Entry as Entry
from iirl_core.log.event import Event as Event
from iirl_core.log.event import EventKind as EventKind
