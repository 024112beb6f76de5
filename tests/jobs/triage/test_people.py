"""People in the terminal: list, show, label, undo."""

from __future__ import annotations

import io

import pytest
import yaml
from rich.console import Console

from iirl_core.canonical import digest_bytes
from iirl_core.errors import ConfigError, InputError, NotFound, Tampered
from iirl_core.log import entries
from iirl_core.release import audit_file
from iirl_core.signing import LabelPredicate, statements_of
from jobs import triage
from jobs.__main__ import main
from jobs.history import PLACES
from jobs.triage.labelling import label, undo
from jobs.triage.listing import list_clusters
from jobs.triage.opening import Opened, open_review
from jobs.triage.showing import show
from tests.jobs.triage.audited import ROUND, Audited
from tests.jobs.wheel import quiet


def opened(audited: Audited) -> Opened:
    return open_review(audited.session, audited.config(), None)


def listed(audited: Audited) -> str:
    printed = io.StringIO()
    list_clusters(audited.session, audited.config(), console=Console(file=printed, width=200))
    return printed.getvalue()


def shown(audited: Audited, *on: str) -> str:
    printed = io.StringIO()
    show(audited.session, audited.config(), on=on, console=Console(file=printed, width=200))
    return printed.getvalue()


def test_people_see_clusters_and_whom_to_look_at(laid_out: Audited) -> None:
    text, review = listed(laid_out), opened(laid_out).review
    assert len(review.clusters) > 1
    for cluster in review.clusters[:5]:
        assert cluster.id in text
        assert all(name in text for name in cluster.representatives)
    outcome = list_clusters(laid_out.session, laid_out.config(), console=Console(file=io.StringIO()))
    assert outcome.next == f"iirl triage show CONFIG.yaml --on {review.clusters[0].id}"


def test_a_finding_is_shown_with_its_input_its_norm_and_what_was_said(laid_out: Audited) -> None:
    cluster = opened(laid_out).review.clusters[0]
    label(laid_out.session, laid_out.config("ann"), on=[cluster.representatives[0]], word="flaw", reward=0.0)
    text = shown(laid_out, cluster.id)
    for name in cluster.representatives:
        assert name in text
    assert "far-is-low (reward ≤ 0.15: What no demonstrator came near earns nothing.)" in text
    assert "observation" in text
    assert "flaw, says ann, right reward 0" in text


def test_a_label_is_signed_by_the_person_logged_and_spreads(laid_out: Audited) -> None:
    review = opened(laid_out).review
    cluster = max(review.clusters, key=lambda one: len(one.findings))
    outcome = label(laid_out.session, laid_out.config("ann"), on=[cluster.id], word="flaw")
    assert len(cluster.findings) > len(cluster.representatives)
    assert f"labelled {len(cluster.representatives)} findings" in outcome.made
    after = opened(laid_out)
    assert {after.person(said.by) for said in after.review.said} == {"ann"}
    reached = [one for one in after.review.settled.values() if not one.direct]
    assert reached
    assert all(one.sources[0] in {said.id for said in after.review.said} for one in reached)
    event = list(entries(laid_out.store))[-1].event
    (statement,) = statements_of(laid_out.store, laid_out.root, LabelPredicate.kind)
    assert (event.kind, event.by) == ("label", after.review.said[0].by)
    assert event.detail("statement") == digest_bytes(statement)


def test_undoing_a_label_undoes_what_spread_from_it_and_deletes_nothing(laid_out: Audited) -> None:
    cluster = max(opened(laid_out).review.clusters, key=lambda one: len(one.findings))
    ann = laid_out.config("ann")
    label(laid_out.session, ann, on=[cluster.representatives[0]], word="flaw")
    (said,) = opened(laid_out).review.said
    one = said.label.spread[0][0]
    undo(laid_out.session, ann, on=[f"{said.id}/{one}"], because="not that one")
    assert one not in opened(laid_out).review.settled
    assert len(opened(laid_out).review.settled) == len(said.label.spread)
    undo(laid_out.session, ann, on=[said.id])
    assert not opened(laid_out).review.settled
    assert opened(laid_out).review.said == (said,)
    assert "(taken back)" in shown(laid_out, said.id, said.label.finding)
    assert "taken back before" in undo(laid_out.session, ann, on=[said.id]).made
    assert [entry.event.kind for entry in entries(laid_out.store)][-3:] == ["label", "undo", "undo"]


def test_two_who_contradict_each_other_are_recorded_and_a_third_decides(laid_out: Audited) -> None:
    finding = opened(laid_out).review.clusters[0].representatives[0]
    label(laid_out.session, laid_out.config("ann"), on=[finding], word="flaw")
    outcome = label(
        laid_out.session, laid_out.config("bob"), on=[finding], word="not-a-flaw", because="walks may end here",
        threshold=0.99,
    )  # fmt: skip
    assert "1 disputed" in outcome.made
    text = listed(laid_out)
    assert f"waits for another person: {finding} (1 flaw, 1 not a flaw), disputed" in text
    assert "far-is-low is wrong on 1 findings, say bob: walks may end here" in text
    assert "proposed thresholds of far-is-low: 0.99" in text
    assert "nothing spreads" in text
    laid_out.person("cy")
    label(laid_out.session, laid_out.config("cy"), on=[finding], word="flaw")
    assert "waits for another person" not in listed(laid_out)
    assert laid_out.past().labels[finding] == "flaw"


def test_saying_the_same_twice_is_saying_it_once(laid_out: Audited) -> None:
    finding = opened(laid_out).review.findings[0].id
    for _ in range(2):
        outcome = label(laid_out.session, laid_out.config("ann"), on=[finding, finding], word="unsure")
    assert outcome.made == "nothing new was said"
    assert len(opened(laid_out).review.said) == 1


def test_who_has_no_key_of_his_own_labels_nothing(laid_out: Audited) -> None:
    finding = opened(laid_out).review.findings[0].id
    (laid_out.folder / "ann" / "reviewer.key").unlink()
    with pytest.raises(ConfigError, match="iirl key new reviewer"):
        label(laid_out.session, laid_out.config("ann"), on=[finding], word="flaw")


def test_nobody_takes_back_what_another_said(laid_out: Audited) -> None:
    finding = opened(laid_out).review.findings[0].id
    label(laid_out.session, laid_out.config("ann"), on=[finding], word="flaw")
    (said,) = opened(laid_out).review.said
    with pytest.raises(InputError, match="say otherwise with your own"):
        undo(laid_out.session, laid_out.config("bob"), on=[said.id])


def test_what_is_not_there_or_was_not_laid_out_or_was_changed_is_one_line(audited: Audited) -> None:
    with pytest.raises(ConfigError, match=r"was not laid out for people\. iirl triage CONFIG\.yaml"):
        open_review(audited.session, audited.config(), None)
    triage.run(audited.session, audited.config(), quiet())
    for name in ("f-nothing", "c-nothing", "l-nothing"):
        with pytest.raises(InputError, match="in this round"):
            show(audited.session, audited.config(), on=[name])
    key = audit_file(audited.root, ROUND, PLACES)
    audited.store.put(key, audited.store.get(key)[:-4] + b"\0\0\0\0")
    with pytest.raises(Tampered, match=f"{PLACES} of round 1 .* was changed"):
        open_review(audited.session, audited.config(), None)


def test_findings_of_an_artifact_that_is_gone_cannot_be_laid_out(audited: Audited) -> None:
    for key in list(audited.store.list(f"artifacts/{audited.root.replace(':', '-')}/")):
        (audited.store.root / key).unlink()
    with pytest.raises(NotFound, match="there is no artifact"):
        triage.run(audited.session, audited.config(), quiet(), reference=audited.root)


def test_the_command_line_says_it_all(laid_out: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    path = laid_out.folder / "ann.yaml"
    path.write_text(yaml.safe_dump(laid_out.config("ann").model_dump(mode="json")))
    review = opened(laid_out).review
    first = review.clusters[0].representatives[0]
    for words, code, said in (
        (["list", str(path)], 0, review.clusters[0].id),
        (["show", str(path), "--on", first], 0, first),
        (["label", str(path), "--on", first, "--as", "not-a-flaw"], 2, "why the norm is wrong here"),
        (["label", str(path), "--on", first, "--as", "not-a-flaw", "--because", "it may"], 0, "labelled 1 findings"),
        (["label", str(path), "--on", first, "--as", "flaw", "--reward", "0", "--alone"], 0, "labelled 1 findings"),
        (["undo", str(path), "--on", "l-nothing"], 2, "there is no label"),
    ):
        assert main(["triage", *words]) == code
        captured = capsys.readouterr()
        assert said in captured.out + captured.err
    (settled,) = opened(laid_out).review.settled.items()
    assert (settled[0], settled[1].label) == (first, "flaw")
