"""What an audit is made from: the configuration's corpora, and every former finding along the chain."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from iirl_core.artifact import Artifact
from iirl_core.audit import TriageLabel
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.corpus import identity_of
from iirl_core.demonstration import Demonstration
from iirl_core.norm import Norm, Observed, measured_on
from iirl_core.observation import observations
from iirl_core.probe import Material, Probe, material_of
from iirl_core.probe.adaptive import OBSERVED
from iirl_core.store.protocol import Store
from jobs.audit.environment import training_of
from jobs.audit.language_model import writing_of
from jobs.history import PastRound, Question, words_on_questions
from jobs.learnt import corpus_behind

MOST = 4096
"""Inputs of each role that travel to the scorers: what families perturb is a sample, however large the corpora."""


def gather_material(
    store: Store, config: Config, artifact: Artifact, norms: tuple[Norm, ...], history: Sequence[PastRound]
) -> tuple[tuple[Norm, ...], Material]:
    """Demonstrations to perturb (never the unseen ones), probe corpora, and former findings of hard norms; and the
    norms, their observed regions measured on these demonstrations.

    Raises:
        NotFound: a corpus was never ingested.
    """
    corpus = chain.from_iterable(
        corpus_behind(store, artifact.manifest, section).demonstrations()
        for section in config.corpora
        if section.role == "probes"
    )
    demonstrations, asked = _demonstrations(store, config, artifact), _sample(corpus, config.seed)
    norms = measured_on(norms, [one.input for one in demonstrations])
    material = material_of(
        artifact.model,
        norms,
        [one.input for one in demonstrations],
        [one.input for one in asked],
        tuple(_former(history)),
        sources=[one.source for one in demonstrations],
        corpus_sources=[one.source for one in asked],
        situations=config.audit.situations,
    )
    wanted = OBSERVED in config.audit.probes
    seen = tuple(_observed(store, history, artifact.digest)) if wanted else ()
    return norms, replace(material, observed=seen, training=training_of(config), writing=writing_of(store, config))


def _observed(store: Store, history: Sequence[PastRound], digest: Digest) -> Iterator[Probe]:
    """Of the artifact and of those before it that were audited, each input once and at most ``MOST``, the newest
    first.
    """
    seen: set[str] = set()
    for one in dict.fromkeys((digest, *(past.digest for past in reversed(history)))):
        for observation in observations(store, one):
            name = str(identity_of(observation.input))
            if len(seen) == MOST:
                return
            if name not in seen:
                seen.add(name)
                note = f"{observation.reason}: {observation.note}"
                yield Probe((observation.input,), "observed", "observed", note)


def measured(store: Store, config: Config, artifact: Artifact, norms: tuple[Norm, ...]) -> tuple[Norm, ...]:
    """The norms as an audit judges by them: their observed regions measured on the demonstrations.

    Raises:
        NotFound: a corpus was never ingested.
    """
    if not any(isinstance(norm.region, Observed) for norm in norms):
        return norms
    return measured_on(norms, [one.input for one in _demonstrations(store, config, artifact)])


def _demonstrations(store: Store, config: Config, artifact: Artifact) -> list[Demonstration]:
    found = chain.from_iterable(
        corpus_behind(store, artifact.manifest, section).demonstrations(split)
        for section in config.playing("demonstrations")
        for split in ("train", "guard")
    )
    return _sample(found, config.seed)


def _former(history: Sequence[PastRound]) -> Iterator[Probe]:
    """Each once, under the label and the norm with which it was first found; without those of which people last said
    that they are no flaws.
    """
    words = words_on_questions(history)
    seen: set[Question] = {question for question, word in words.items() if word is TriageLabel.NOT_A_FLAW}
    for past in history:
        for finding in past.findings():
            key = (finding.norm, finding.label)
            if finding.hard and key not in seen:
                seen.add(key)
                yield Probe(finding.inputs, finding.family, finding.label, finding.note, finding.norm, finding.source)


def _sample(records: Iterable[Demonstration], seed: int) -> list[Demonstration]:
    """At most ``MOST``, each as likely as any other (Vitter 1985, algorithm R), in constant memory."""
    rng = random.Random(seed)
    kept: list[Demonstration] = []
    for number, item in enumerate(records):
        if number < MOST:
            kept.append(item)
        elif (place := rng.randrange(number + 1)) < MOST:
            kept[place] = item
    return kept
