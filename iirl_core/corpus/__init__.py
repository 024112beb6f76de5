"""Corpora: named, sharded, validated sets of demonstrations, with a manifest."""

from iirl_core.corpus.admission import Admission as Admission
from iirl_core.corpus.admission import admission_of as admission_of
from iirl_core.corpus.admission import admit as admit
from iirl_core.corpus.corpus import Corpus as Corpus
from iirl_core.corpus.corpus import read_corpus as read_corpus
from iirl_core.corpus.forgetting import Dropped as Dropped
from iirl_core.corpus.forgetting import find_dropped as find_dropped
from iirl_core.corpus.forgetting import forgot as forgot
from iirl_core.corpus.forgetting import renamed as renamed
from iirl_core.corpus.forgetting import without as without
from iirl_core.corpus.identity import identity_of as identity_of
from iirl_core.corpus.identity import split_of as split_of
from iirl_core.corpus.leaving import check_left as check_left
from iirl_core.corpus.manifest import CorpusManifest as CorpusManifest
from iirl_core.corpus.manifest import Shard as Shard
from iirl_core.corpus.manifest import SourceFile as SourceFile
from iirl_core.corpus.origin import Origin as Origin
from iirl_core.corpus.origin import origin_of as origin_of
from iirl_core.corpus.publishing import publish_corpus as publish_corpus
from iirl_core.corpus.publishing import write_corpus as write_corpus
from iirl_core.corpus.tables import SCHEMAS as SCHEMAS
from iirl_core.corpus.tables import demonstrations_of as demonstrations_of
from iirl_core.corpus.tables import table_of as table_of
