"""Records in: every accepted file and shape → inputs; bad rows → Quarantined; chat templates → messages."""

from iirl_core.records.parse import document_of as document_of
from iirl_core.records.parse import parse_answers as parse_answers
from iirl_core.records.parse import parse_comparison as parse_comparison
from iirl_core.records.parse import parse_record as parse_record
from iirl_core.records.parse import parse_sides as parse_sides
from iirl_core.records.query import conversation_of_query as conversation_of_query
from iirl_core.records.raw import Quarantined as Quarantined
from iirl_core.records.raw import RawRecord as RawRecord
from iirl_core.records.raw import RecordFile as RecordFile
from iirl_core.records.reading import open_records as open_records
from iirl_core.records.segment import segments as segments
from iirl_core.records.segment import shares as shares
from iirl_core.records.templates import messages_of as messages_of
