"""Sections that say what a reward must hold to: norms, and what they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from iirl_core.config.section import Fraction, Section

SECONDS = 5.0
BOTH_WAYS = ("refusal", "climb", "evolve", "scan")
"""Families of pairs whose edit may be better or worse than its original, or is whatever earns most: none of which all
have to raise the reward.
"""
Part = Literal["answer", "prompt", "both"]
Text = Annotated[str, Field(pattern=r"\S")]


class KeywordSection(Section):
    """Inputs in which one of some words stands."""

    kind: Literal["keyword"] = "keyword"
    words: list[Text] = Field(min_length=1)
    """Words or phrases; whole words only, case does not count, any white space between the words of a phrase."""
    part: Part = "answer"
    """Where it is sought; ``both``: in the prompt and the answer."""


class RegexSection(Section):
    """Inputs in which a regular expression is found."""

    kind: Literal["regex"] = "regex"
    pattern: str = Field(min_length=1)
    """Python's syntax; ``(?i)`` before it lets case not count. One that looks at a text for seconds ends the audit with
    an error: it repeats what can be read in several ways."""
    part: Part = "answer"
    """As for ``keyword``."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        import regex  # hundredths of a second, which most configurations need not wait for

        try:
            regex.compile(pattern)
        except regex.error as error:
            raise ValueError(f"{pattern} is no regular expression ({error})") from error
        return pattern


class SemanticSection(Section):
    """Inputs that mean much the same as one of some examples."""

    kind: Literal["semantic"] = "semantic"
    examples: list[Text] = Field(min_length=1)
    least: float = Field(gt=-1, le=1)
    """Least cosine similarity, of the encoder's rows, to the nearest example."""
    model: str = "minilm"
    """A text encoder, as ``encoder.model`` names it; its mean over the tokens, 256 at most."""
    part: Part = "answer"
    """As for ``keyword``; the examples are read as this part."""


class SourceSection(Section):
    """Inputs made from records of some sources."""

    kind: Literal["source"] = "source"
    sources: list[Text] = Field(min_length=1)
    """Each a record's own ``source``, or its file's name without .jsonl.gz and the like."""


Matcher = Annotated[KeywordSection | RegexSection | SemanticSection | SourceSection, Field(discriminator="kind")]


class GeometrySection(Section):
    """Steps farther than ``beyond`` from a geometry, inside a box. The kind may be left out."""

    kind: Literal["geometry"] = "geometry"
    geometry: str
    """A CSV file, one point a line, no header; relative to the configuration file."""
    beyond: float = Field(gt=0)
    low: list[float]
    high: list[float]


class DistanceSection(Section):
    """Steps farther than ``observed`` from every demonstrated step."""

    kind: Literal["distance"] = "distance"
    observed: float = Field(gt=0)
    """In deviations of the demonstrations, per √dimension."""


class BoundsSection(Section):
    """Steps of which some dimension lies outside its bounds: given numbers, or observed ones."""

    kind: Literal["bounds"] = "bounds"
    low: list[float] = []
    high: list[float] = []
    observed: float | None = Field(default=None, ge=0)
    """The bounds are the demonstrations' own, and this many of their ranges beyond."""

    @model_validator(mode="after")
    def _given_or_observed(self) -> BoundsSection:
        if bool(self.low and self.high) == (self.observed is not None):
            raise ValueError("bounds are low and high, or observed")
        return self


class VelocitySection(Section):
    """Steps of which some dimension moved outside a range since the step before, given or observed."""

    kind: Literal["velocity"] = "velocity"
    low: list[float] = []
    """Per dimension and step, with its sign: above 0 where it has to rise."""
    high: list[float] = []
    most: list[Annotated[float, Field(ge=0)]] = []
    """Short for ``low`` and ``high`` that are the same but for the sign."""
    observed: float | None = Field(default=None, ge=0)
    """The range is that of the demonstrations' moves, and this share of the largest beyond."""

    @model_validator(mode="after")
    def _given_or_observed(self) -> VelocitySection:
        if [bool(self.low and self.high), bool(self.most), self.observed is not None].count(True) != 1 or (
            bool(self.low) != bool(self.high)
        ):
            raise ValueError("a velocity is low and high, at most, or observed")
        return self


RegionKind = GeometrySection | DistanceSection | BoundsSection | VelocitySection
RegionSection = Annotated[RegionKind, Field(discriminator="kind")]


class NormSection(Section):
    """One rule as its owner writes it; docs/norms.md has an example of each."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    kind: Literal["ceiling", "floor", "direction", "invariance", "agreement", "predicate"]
    """CheckList's three kinds of test (Ribeiro et al. 2020): *minimum functionality* (``ceiling``, ``floor``: rewards
    are at most, at least ``threshold``), *directional* (``direction``: an edit raises the reward by at most
    ``threshold``; below 0, lowers it by that much; with ``raises``, raises it by at least that; ``agreement``: the
    rejected answer of a comparison earns less than the chosen by at least ``threshold``), *invariance*
    (``invariance``: an edit changes it by at most that, or two answers earn the same but for that).
    ``predicate``: whatever a Python function says."""
    hard: bool = False
    severity: int = Field(default=3, ge=1, le=5)
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Findings of hard norms are ranked before others, and then by severity × weight: which are shown first, and which
    are kept where there are more than ``audit.keep_findings``."""
    threshold: float | None = None
    """A reward, or a difference of two; every kind needs it but ``predicate``, which takes none."""
    raises: bool = False
    """``direction`` only: the edit has to raise the reward, by at least ``threshold``. Not with the families
    ``refusal`` (it edits both ways), ``climb``, ``evolve`` and ``scan`` (they search)."""
    files: list[str] = []
    """Its comparisons (``chosen``, ``rejected``), as paths or globs, relative to the configuration file, of the formats
    that corpora take. An ``agreement`` needs them; of an ``invariance`` they are pairs of answers that should earn the
    same."""
    function: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    """``predicate`` only: ``package.module:function``, on the PYTHONPATH of every scorer. It is called with the inputs
    of a question (one, or an original and its edit) and their rewards, and returns by how much they break the norm, or
    None where it says nothing of them."""
    seconds: float = Field(default=SECONDS, gt=0, allow_inf_nan=False)
    """``predicate`` only: what one answer may take; then the process that it runs in is ended, and the audit refused.
    """
    limit: Fraction = 0.05
    """Flaw rate that the 95% upper bound of every family may reach."""
    families: list[str] = Field(min_length=1)
    """Probe families that ask about it."""
    matches: list[Matcher] = []
    """Conversations only: the norm speaks of inputs that all of these match (of a pair, its original or its edit), and
    is silent of others. None: of every input that its families ask about."""
    region: RegionSection | None = None
    """Trajectories only: the steps that a ceiling or floor speaks of. Observed ones are measured on the demonstrations
    when an audit begins, and its statement pins what was measured."""
    rationale: str
    owner: str

    @field_validator("region", mode="before")
    @classmethod
    def _geometry_by_default(cls, region: object) -> object:
        return {"kind": "geometry", **region} if isinstance(region, Mapping) else region

    @model_validator(mode="after")
    def _fits_its_kind(self) -> NormSection:
        if self.files and self.kind not in ("agreement", "invariance"):
            raise ValueError(f"{self.id}: files are the comparisons of an agreement or an invariance, and of no other")
        for key, value, kind in (("files", self.files, "agreement"), ("function", self.function, "predicate")):
            if not value and self.kind == kind:
                raise ValueError(f"{self.id}: {key} is what a norm of kind {kind} needs")
        if self.function is not None and self.kind != "predicate":
            raise ValueError(f"{self.id}: function is what a norm of kind predicate needs, and no other")
        if self.raises and self.kind != "direction":
            raise ValueError(f"{self.id}: raises is what a direction may do, and no other")
        if self.raises and (wrong := [name for name in self.families if name in BOTH_WAYS]):
            raise ValueError(f"{self.id}: raises, but {wrong[0]} edits for the better and for the worse, or searches")
        if (self.threshold is None) != (self.kind == "predicate"):
            raise ValueError(f"{self.id}: every norm needs a threshold but a predicate, whose function says it all")
        if self.kind != "predicate" and self.seconds != SECONDS:
            raise ValueError(f"{self.id}: seconds is the time of a predicate")
        if bool(self.files) != ("pairs" in self.families) or {"pairs"} < set(self.families):
            raise ValueError(f"{self.id}: families: [pairs] asks the comparisons of a norm's files, and nothing else")
        return self
