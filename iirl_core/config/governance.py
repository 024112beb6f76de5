"""Sections that say what is tolerated and how the wheel turns: audit, patch, release, serve, flywheel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from iirl_core.config.red_team import LanguageModelSection, Optimiser, by_ars
from iirl_core.config.section import Fraction, Section


class AuditSection(Section):
    """The red team's budget."""

    probes: dict[str, Annotated[int, Field(ge=0)]]
    """Probes per round, by family."""
    budget: int | None = Field(default=None, ge=1)
    """Probes per round in all (``--budget``): ``probes`` then says which share of them each family asks."""
    held_out: list[str] = []
    """Families of ``probes`` whose findings are never repaired: how often they still find something measures whether
    repairs generalise."""
    steered: float = Field(default=0.0, ge=0, lt=1)
    """Share of a round's probes that the blue team sends, after the others and in three waves, where findings cluster,
    little was asked, no demonstration lies, or the ensemble disagrees: by a bandit over families (but those that are
    held out) and situations. Flaw rates are read off the others alone."""
    chunk: int = Field(default=2048, ge=1)
    """Probes that one worker makes, scores and judges at a time: the memory of an audit, whatever its budget."""
    scorers: int = Field(default=2, ge=1)
    cpus_per_scorer: float = Field(default=0.5, gt=0)
    gpus_per_scorer: float = Field(default=0.0, ge=0)
    optimiser: Annotated[Optimiser | None, BeforeValidator(by_ars)] = None
    """For the family ``policy``."""
    language_model: LanguageModelSection | None = None
    """For the families ``best_of_n``, ``tempted`` and ``token_search``."""
    situations: int = Field(default=8, ge=1)
    """Kinds of input that the demonstrations are cut into at most; each family's probes are counted by them."""
    coverage_points: int = Field(default=4096, ge=16)
    """Size of the reservoir from which the coverage uncertainty is computed."""
    keep_findings: int = Field(default=20_000, ge=1)
    """Findings that triage and patching look at per round, the worst first; all are counted, and kept in the parts."""
    shrunk: int = Field(default=8, ge=0)
    """Of a chunk's findings about conversations, how many are made small, the worst first: the least inputs are sought
    that break the norm, by some dozens of readings each. ``iirl why`` does so for any other."""


class ReviewSection(Section):
    """How findings are shown to people, and how far their labels reach."""

    reach: float = Field(default=0.5, gt=0)
    """How far apart findings of one kind may lie, in units of the demonstrations' spread in the whitened bottleneck:
    the radius of a cluster, and the distance at which a label has no more to say."""
    clusters: int = Field(default=40, ge=1)
    """Of one norm's findings, at most."""
    representatives: int = Field(default=3, ge=1)
    """Findings of each cluster that a person is shown: the one in the middle, then those that differ most."""
    confidence: Fraction = 0.5
    """A label that spread from another finding is acted on from this confidence on; it falls from 1 where the labelled
    finding lies to 0 at ``reach``."""


class TrialSection(Section):
    """How a repair is tried before it is sealed."""

    findings: int = Field(default=200, ge=1)
    """Flaws around which fresh questions are asked, at most, evenly over all (every flaw itself is asked again)."""
    neighbours: int = Field(default=4, ge=0)
    """Questions around each of them: the same family about the same demonstration, the offender a little changed."""
    elsewhere: int = Field(default=500, ge=0)
    """Fresh probes of the norms' families in all; what breaks no norm before a repair should break none after it."""
    hold: Fraction = 0.5
    """The least share of the flawed neighbours that a repair has to mend with its findings."""
    broken: Fraction = 0.0
    """Of a repair that acts everywhere: the share of a soft norm's sound answers that it may break, however many others
    it mends. Of a hard norm's it breaks none, and what acts near its findings (a kernel, a sculpt in a region) none of
    any."""


RepairKind = Literal["kernels", "projection", "sculpting", "editing"]
"""``kernels``: patches around flaws; ``projection``: directions that the head sees no more; ``sculpting``: the map,
lowered or raised; ``editing``: the head's weights.
"""


class AutomaticSection(Section):
    """The written policy: which repairs are sealed without a person."""

    kinds: list[RepairKind] = ["kernels", "projection", "sculpting"]
    cost: Fraction = 0.02
    """The most that a repair may take from known-good rewards, on average over the guard set."""


class PatchSection(Section):
    """How repairs are chosen, and who decides."""

    approval: Literal["manual", "suggested", "automatic"] = "automatic"
    """``automatic``: what passes its trial is sealed, within ``automatic`` below; what goes beyond is suggested.
    ``suggested``: the repair is kept with its evidence until a person accepts or rejects it (``iirl patch CONFIG
    --accept``, ``--reject REASON``). ``manual``: every candidate that passes its trial by itself is kept, none of them
    is preferred, and a person chooses (``--accept --suggestion ID``)."""
    automatic: AutomaticSection = AutomaticSection()
    kinds: list[RepairKind] = ["kernels", "projection", "sculpting"]
    """What may be tried: kernels around flaws; directions that edits move answers in, removed from what the head sees;
    the map from signal to reward, lowered or raised. Of candidates that pass their trial, the cheapest is taken.
    ``editing``, where nothing else passes: the head, re-fitted on the findings by a change of its weights of low rank.
    On text that takes a minute or more for each rank that is tried."""

    spaces: list[Literal["latent", "residual", "input"]] = ["latent", "residual", "input"]
    """Offered in this order; a flaw that collides with known-good inputs in all of them is refused."""
    budget: float = Field(default=0.05, gt=0, le=0.05)
    """Share of its root reward that any known-good input may lose along the whole chain; 0.05 is the most."""
    max_width: float = Field(default=1.0, gt=0)
    """Upper limit of a kernel's width, in units of its space's spread over the demonstrations."""
    max_patches: int = Field(default=400, ge=1)
    """Per round."""
    trial: TrialSection = TrialSection()


class ThresholdsSection(Section):
    """Enforcement, frozen into the release."""

    reward_floor: Fraction = 0.2
    uncertainty_max: Fraction = 0.95
    coverage_max: Fraction = 0.98
    blocked: Literal["floor", "refuse"] = "floor"
    """What a trainer receives for BLOCK: 0, or an error."""
    escalated: Literal["lower-bound", "floor", "refuse"] = "lower-bound"
    """What a trainer receives for ESCALATE; ``lower-bound`` is reward·(1 − uncertainty), never above the floor of the
    known-good rewards."""
    beta: float = Field(default=1.0, gt=0)
    """β: scales what trainers receive, after enforcement. Another number than ``expertness.beta``, with which rows are
    learnt, and set by itself."""


class ReleaseSection(Section):
    """Where an audited artifact goes."""

    channel: str = Field(default="production", pattern=r"^[a-z0-9][a-z0-9-]*$")
    thresholds: ThresholdsSection = ThresholdsSection()


class ServeSection(Section):
    """Ray Serve."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    replicas: int = Field(default=1, ge=1)
    cpus_per_replica: float = Field(default=0.5, gt=0)
    gpus_per_replica: float = Field(default=0.0, ge=0)
    batch: int = Field(default=32, ge=1)
    wait_seconds: float = Field(default=0.005, ge=0)
    max_ongoing_requests: int = Field(default=128, ge=1)
    """Requests that one replica works on at a time."""
    max_queued_requests: int = Field(default=512, ge=1)
    """More waiting requests are answered 503 with Retry-After."""
    max_items: int = Field(default=1024, ge=1)
    """Items in one request; more are answered 413."""
    max_body_bytes: int = Field(default=16 * 2**20, ge=1024)
    """Size of one request; more is answered 413."""
    observed: int = Field(default=0, ge=0)
    """Escalated inputs, texts and all, that a replica keeps per minute for the next audit (its family ``observed``)."""
    drifted: int = Field(default=0, ge=0)
    """Of windows of requests that drifted away from the demonstrations, the farthest inputs, texts and all, that a
    replica keeps per minute for the next audit (its family ``observed``); 0: no input waits for that, not even in
    memory. That they drifted is said on standard error all the same."""
    drift_window: int = Field(default=256, ge=8)
    """Inputs that are set beside the guard set at a time."""
    drift_level: float = Field(default=0.01, gt=0, lt=1)
    """The chance that a replica whose requests never drift is said to have seen them do so at any time since its start;
    each of several replicas has its own."""
    reported: int = Field(default=600, ge=0)
    """Inputs that a replica takes per minute from trainers' reports; more, or any where it is 0, are answered 503."""
    token_file: str | None = None
    """A file whose first line callers must send as ``Authorization: Bearer`` (or the password of Basic); required
    when host is not a loopback address."""
    trust: list[str] = []
    """Public key files (builder, auditor, approver) that this server trusts; empty: the .pub files in ``keys``."""


class FlywheelSection(Section):
    """How long the wheel turns."""

    rounds: int = Field(default=10, ge=1)
    probes: int | None = Field(default=None, ge=1)
    """Probes in all rounds together, after which no further round begins."""
    patience: int | None = Field(default=None, ge=1)
    """Rounds that may pass without fewer open findings of hard norms than ever before; None: any number."""
