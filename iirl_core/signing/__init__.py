"""Keys, trust, and signed statements about digests."""

from iirl_core.signing.envelope import Envelope as Envelope
from iirl_core.signing.envelope import pae as pae
from iirl_core.signing.fields import Fields as Fields
from iirl_core.signing.fields import is_digest as is_digest
from iirl_core.signing.keys import KeyRole as KeyRole
from iirl_core.signing.keys import SigningKey as SigningKey
from iirl_core.signing.keys import generate_key as generate_key
from iirl_core.signing.keys import load_private_key as load_private_key
from iirl_core.signing.predicates import ApprovalPredicate as ApprovalPredicate
from iirl_core.signing.predicates import AuditPredicate as AuditPredicate
from iirl_core.signing.predicates import Predicate as Predicate
from iirl_core.signing.predicates import RevocationPredicate as RevocationPredicate
from iirl_core.signing.predicates import SealPredicate as SealPredicate
from iirl_core.signing.predicates import TriagePredicate as TriagePredicate
from iirl_core.signing.statement import Statement as Statement
from iirl_core.signing.statement import Subject as Subject
from iirl_core.signing.statement import Verified as Verified
from iirl_core.signing.statement import parse_statement as parse_statement
from iirl_core.signing.statement import sign_statement as sign_statement
from iirl_core.signing.statement import statement_named as statement_named
from iirl_core.signing.statement import statements_of as statements_of
from iirl_core.signing.statement import store_statement as store_statement
from iirl_core.signing.statement import verify_envelope as verify_envelope
from iirl_core.signing.trust import Trust as Trust
