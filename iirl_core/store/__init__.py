"""Where bytes live: the Store protocol, the local folder, and pointers. S3 lives in ``cluster``."""

from iirl_core.store.absent import get_or_none as get_or_none
from iirl_core.store.directory import DirectoryStore as DirectoryStore
from iirl_core.store.key import check_key as check_key
from iirl_core.store.pointer import move_pointer as move_pointer
from iirl_core.store.pointer import read_pointer as read_pointer
from iirl_core.store.protocol import Store as Store
