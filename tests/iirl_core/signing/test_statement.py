from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import ArtifactError, Conflict, Gated, NotFound, Tampered
from iirl_core.signing import (
    ApprovalPredicate,
    AuditPredicate,
    Envelope,
    KeyRole,
    Label,
    LabelPredicate,
    Predicate,
    RepairPredicate,
    RevocationPredicate,
    SealPredicate,
    SigningKey,
    Subject,
    TriagePredicate,
    Trust,
    UndoPredicate,
    pae,
    parse_statement,
    sign_statement,
    statement_named,
    statements_of,
    store_statement,
    verify_envelope,
)
from iirl_core.signing.envelope import Signature
from iirl_core.store import DirectoryStore

DIGEST = digest_bytes(b"artifact")
OTHER = digest_bytes(b"another artifact")
SUBJECT = Subject("portal", DIGEST)
SEAL = SealPredicate("portal", "0.1.0", OTHER)
EVERY_PREDICATE: list[Predicate] = [
    SEAL,
    SealPredicate("portal", "0.1.0", None),
    AuditPredicate(3, False, ("2 open findings of no-dosage",), (("audit.json", DIGEST), ("findings.parquet", OTHER))),
    TriagePredicate(3, f"policy:{DIGEST[7:]}", (("f-000000000001", "flaw"), ("f-000000000002", "unsure"))),
    TriagePredicate(3, f"policy:{DIGEST[7:]}", (), 1, (("places.safetensors", OTHER),)),
    LabelPredicate(3, 0, (Label("f-1", "flaw", reward=0.1, cluster="c-1", spread=(("f-2", 0.5), ("f-3", 1.0))),)),
    RepairPredicate(3, digest_bytes(b"suggestion"), "reject", "it touches the ramp"),
    RepairPredicate(3, digest_bytes(b"suggestion"), "accept"),
    LabelPredicate(3, 1, (Label("f-1", "unsure"), Label("f-2", "not a flaw", "it is polite", threshold=0.4))),
    LabelPredicate(3, 2, (Label("f-1", "flaw", order="equal", source="label-studio:1"),)),
    UndoPredicate(3, ("l-1", "l-2/f-3"), "I misread it"),
    ApprovalPredicate("portal", "production", OTHER),
    RevocationPredicate("it praises the wrong dose"),
]


def new_key(role: KeyRole) -> SigningKey:
    return SigningKey(role, ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def keys() -> dict[KeyRole, SigningKey]:
    return {role: new_key(role) for role in KeyRole}


@pytest.fixture(scope="module")
def trust(keys: dict[KeyRole, SigningKey]) -> Trust:
    return Trust.of(*keys.values())


@pytest.mark.parametrize("predicate", EVERY_PREDICATE, ids=lambda one: f"{one.kind}")
def test_what_is_signed_is_what_is_verified(
    predicate: Predicate, keys: dict[KeyRole, SigningKey], trust: Trust
) -> None:
    key = keys[predicate.signer]
    data = sign_statement(key, SUBJECT, predicate)
    verified = verify_envelope(data, trust, type(predicate), DIGEST)
    assert verified.predicate == predicate
    assert (verified.subject, verified.keyid, verified.digest) == (SUBJECT, key.id, digest_bytes(data))
    assert data == sign_statement(key, SUBJECT, predicate)


def test_the_pre_authentication_encoding_is_the_one_of_the_specification() -> None:
    # The example of DSSE's protocol.md; lengths count bytes, not letters.
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", "é".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xa9"


def test_an_envelope_can_be_verified_with_nothing_of_ours(keys: dict[KeyRole, SigningKey]) -> None:
    key = keys[KeyRole.BUILDER]
    document = json.loads(sign_statement(key, SUBJECT, SEAL))
    assert set(document) == {"payload", "payloadType", "signatures"}
    assert document["payloadType"] == "application/vnd.in-toto+json"
    payload = base64.standard_b64decode(document["payload"])
    (signature,) = document["signatures"]
    signed = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    key.private.public_key().verify(base64.standard_b64decode(signature["sig"]), signed, ec.ECDSA(hashes.SHA256()))
    assert signature["keyid"] == hashlib.sha256(key.public_der).hexdigest()
    assert json.loads(payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "portal", "digest": {"sha256": hashlib.sha256(b"artifact").hexdigest()}}],
        "predicateType": "urn:iirl:statement:seal:v1",
        "predicate": {"name": "portal", "version": "0.1.0", "parent": OTHER},
    }


def test_a_key_signs_only_what_its_role_may_sign(keys: dict[KeyRole, SigningKey]) -> None:
    with pytest.raises(ArtifactError, match="the builder's key"):
        sign_statement(keys[KeyRole.APPROVER], SUBJECT, SEAL)


def test_what_cannot_be_a_digest_is_not_signed(keys: dict[KeyRole, SigningKey]) -> None:
    with pytest.raises(ArtifactError, match="64 hexadecimal"):
        sign_statement(keys[KeyRole.BUILDER], Subject("x", Digest("sha256:12")), SEAL)


@pytest.mark.parametrize("policy", ["a person", "policy:", "policy:abc", "policy:sha256:" + "0" * 64, DIGEST])
def test_triage_is_signed_by_a_policy_and_never_by_a_person(policy: str) -> None:
    with pytest.raises(ArtifactError, match="triage by"):
        TriagePredicate(1, policy, ())


def test_an_unknown_key_is_named(trust: Trust) -> None:
    stranger = new_key(KeyRole.BUILDER)
    with pytest.raises(Gated, match=f"unknown key {stranger.id[:12]}"):
        verify_envelope(sign_statement(stranger, SUBJECT, SEAL), trust, SealPredicate, DIGEST)


def test_a_key_trusted_in_another_role_is_not_enough(keys: dict[KeyRole, SigningKey], trust: Trust) -> None:
    # The auditor's key, held by who pretends that it is a builder's.
    forged = sign_statement(SigningKey(KeyRole.BUILDER, keys[KeyRole.AUDITOR].private), SUBJECT, SEAL)
    with pytest.raises(Gated, match="signed by the auditor's key"):
        verify_envelope(forged, trust, SealPredicate, DIGEST)


def test_a_statement_about_another_digest_is_refused(keys: dict[KeyRole, SigningKey], trust: Trust) -> None:
    data = sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL)
    with pytest.raises(Tampered, match=f"is about {DIGEST[:19]}; expected {OTHER[:19]}"):
        verify_envelope(data, trust, SealPredicate, OTHER)


def test_a_statement_of_another_kind_is_refused(keys: dict[KeyRole, SigningKey], trust: Trust) -> None:
    data = sign_statement(keys[KeyRole.APPROVER], SUBJECT, RevocationPredicate("bad"))
    with pytest.raises(Tampered, match="kind revocation; expected approval"):
        verify_envelope(data, trust, ApprovalPredicate, DIGEST)


def _edit_payload(document: dict[str, object]) -> None:
    payload = base64.b64decode(str(document["payload"])).replace(b"0.1.0", b"0.1.1")
    document["payload"] = base64.b64encode(payload).decode()


def _swap_signature(document: dict[str, object]) -> None:
    signatures = document["signatures"]
    assert isinstance(signatures, list)
    signatures[0]["sig"] = base64.b64encode(b"no signature at all").decode()


@pytest.mark.parametrize("edit", [_edit_payload, _swap_signature])
def test_an_edited_envelope_has_a_bad_signature(
    edit: Callable[[dict[str, object]], None], keys: dict[KeyRole, SigningKey], trust: Trust
) -> None:
    document = json.loads(sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL))
    edit(document)
    with pytest.raises(Tampered, match="bad signature"):
        verify_envelope(json.dumps(document).encode(), trust, SealPredicate, DIGEST)


def test_a_keyid_is_a_hint_that_proves_nothing(keys: dict[KeyRole, SigningKey], trust: Trust) -> None:
    document = json.loads(sign_statement(new_key(KeyRole.BUILDER), SUBJECT, SEAL))
    document["signatures"][0]["keyid"] = keys[KeyRole.BUILDER].id
    with pytest.raises(Tampered, match="bad signature"):
        verify_envelope(json.dumps(document).encode(), trust, SealPredicate, DIGEST)


def test_one_good_signature_among_others_is_enough(keys: dict[KeyRole, SigningKey], trust: Trust) -> None:
    good = json.loads(sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL))
    stranger = json.loads(sign_statement(new_key(KeyRole.BUILDER), SUBJECT, SEAL))
    good["signatures"] = stranger["signatures"] + good["signatures"]
    verified = verify_envelope(json.dumps(good).encode(), trust, SealPredicate, DIGEST)
    assert verified.keyid == keys[KeyRole.BUILDER].id


def test_no_signature_is_said(keys: dict[KeyRole, SigningKey], trust: Trust) -> None:
    document = json.loads(sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL))
    document["signatures"] = []
    with pytest.raises(Gated, match="carries no signature"):
        verify_envelope(json.dumps(document).encode(), trust, SealPredicate, DIGEST)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"payload":"!","payloadType":"application/vnd.in-toto+json","signatures":[]}',
        b'{"payload":"e30=","payloadType":"text/plain","signatures":[]}',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}',
        b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":{}}',
        Envelope("application/vnd.in-toto+json", b'{"_type":"https://in-toto.io/Statement/v0.1"}', ()).to_bytes(),
    ],
)
def test_what_is_no_statement_is_tampered(data: bytes) -> None:
    with pytest.raises(Tampered):
        parse_statement(data)


def test_statements_are_kept_beside_their_subject_and_storing_again_is_a_no_op(
    tmp_path: Path, keys: dict[KeyRole, SigningKey]
) -> None:
    store = DirectoryStore(tmp_path)
    seal = sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL)
    revocation = sign_statement(keys[KeyRole.APPROVER], SUBJECT, RevocationPredicate("bad"))
    key = store_statement(store, seal)
    assert key == f"statements/{DIGEST.replace(':', '-')}/seal-{digest_bytes(seal)[7:19]}.json"
    assert store_statement(store, seal) == key
    store_statement(store, revocation)
    assert sorted(statements_of(store, DIGEST)) == sorted([seal, revocation])
    assert list(statements_of(store, DIGEST, "seal")) == [seal]
    assert list(statements_of(store, OTHER)) == []
    assert statement_named(store, DIGEST, "seal", digest_bytes(seal)) == seal


def test_other_bytes_in_the_place_of_a_statement_are_noticed(tmp_path: Path, keys: dict[KeyRole, SigningKey]) -> None:
    store = DirectoryStore(tmp_path)
    seal = sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL)
    with pytest.raises(NotFound):
        statement_named(store, DIGEST, "seal", digest_bytes(seal))
    store.put(store_statement(store, seal), b"{}")
    with pytest.raises(Tampered, match="stored seal statement"):
        statement_named(store, DIGEST, "seal", digest_bytes(seal))
    with pytest.raises(Conflict):
        store_statement(store, seal)


def _envelope_of(key: SigningKey, statement: dict[str, object]) -> bytes:
    payload = json.dumps(statement).encode()
    kind = "application/vnd.in-toto+json"
    return Envelope(kind, payload, (Signature(key.id, key.sign(pae(kind, payload))),)).to_bytes()


@pytest.mark.parametrize("digests", [[], ["12"], ["../../../etc"], [DIGEST[7:].upper()]])
def test_a_statement_about_nothing_that_is_a_digest_is_not_one(
    digests: list[str], keys: dict[KeyRole, SigningKey], tmp_path: Path
) -> None:
    statement = json.loads(Envelope.from_bytes(sign_statement(keys[KeyRole.BUILDER], SUBJECT, SEAL)).payload)
    statement["subject"] = [{"name": "portal", "digest": {"sha256": digest}} for digest in digests]
    data = _envelope_of(keys[KeyRole.BUILDER], statement)
    for read in (parse_statement, lambda data: store_statement(DirectoryStore(tmp_path), data)):
        with pytest.raises(Tampered, match="a statement about"):
            read(data)
