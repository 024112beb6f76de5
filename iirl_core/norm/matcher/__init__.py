"""Matchers: which conversations a norm speaks of. Add one by adding a file and a line here."""

from __future__ import annotations

from iirl_core.config.norms import KeywordSection, RegexSection, SemanticSection, SourceSection
from iirl_core.norm.matcher.pattern import Regex as Regex
from iirl_core.norm.matcher.protocol import Matcher as Matcher
from iirl_core.norm.matcher.semantic import Semantic as Semantic
from iirl_core.norm.matcher.source import Source as Source
from iirl_core.norm.matcher.words import Keyword as Keyword


def matcher_of(section: KeywordSection | RegexSection | SemanticSection | SourceSection) -> Matcher:
    """As its owner wrote it."""
    match section:
        case KeywordSection():
            return Keyword(tuple(section.words), section.part)
        case RegexSection():
            return Regex(section.pattern, section.part)
        case SemanticSection():
            return Semantic(tuple(section.examples), section.least, section.model, section.part)
        case SourceSection():
            return Source(tuple(section.sources))
