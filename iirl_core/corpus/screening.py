"""What is asked of an admitted record before the corpus decides: does it contradict a norm, is it contaminated, what
does it resemble? Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.corpus.decontamination import EvaluationPrompts, prompt_text
from iirl_core.corpus.near import sketch_of
from iirl_core.corpus.wording import words_of
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.norm.holding import contradicted
from iirl_core.norm.norm import Norm
from iirl_core.records import parse_comparison


@dataclass(frozen=True, eq=False)
class Screening:
    """``rows`` of a band of the sketches (None: no near-duplicates are looked for), the prompts to keep out, and the
    ``norms`` that a record contradicts by being there, where it ``earns`` 1 as a demonstration or 0 as a negative.
    """

    rows: int | None = None
    prompts: EvaluationPrompts | None = None
    norms: tuple[Norm, ...] = ()
    earns: float = 1.0

    def screen(self, one: Demonstration, document: object) -> tuple[str | None, bytes | None]:
        """Why the record is set aside (None: it is not), and its sketch. Both sides of a comparison say the same: they
        are told by their prompt and both answers, which is why the ``document`` is needed.
        """
        for norm in self.norms:
            if reason := contradicted(norm, one, self.earns):
                return reason, None
        if not isinstance(one.input, Conversation) or (self.rows is None and self.prompts is None):
            return None, None
        answers = [one.input.answer]
        if one.comparison is not None:
            told = parse_comparison(document)
            answers = [told.chosen.answer, told.rejected.answer]
        words = words_of("\n".join([*(message.content for message in one.input.context), *answers]))
        reason = None if self.prompts is None else self.prompts.reason(prompt_text(one.input.context), words)
        return reason, None if self.rows is None or reason is not None else sketch_of(words, self.rows)
