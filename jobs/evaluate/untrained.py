"""The unseen splits, less what was trained on in other letters.

Splits follow from a prompt letter by letter, so prompts that differ in case or white space alone may lie in train and
in unseen. Records of such prompts are not unseen: they are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from iirl_core.artifact import Artifact
from iirl_core.config import Config
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.errors import ConfigError
from iirl_core.evaluation import prompt_digest
from iirl_core.store import Store
from jobs.console import Progress
from jobs.evaluate.contamination import TrainedPrompts, trained_prompts
from jobs.evaluate.preparing import PreparedSuite
from jobs.evaluate.reading import prompts_of
from jobs.evaluate.unseen import Unseen, read_unseen
from jobs.learnt import corpus_behind


def read_untrained(
    store: Store, config: Config, artifact: Artifact, asked: Sequence[PreparedSuite], progress: Progress
) -> tuple[list[Unseen], TrainedPrompts]:
    """What is read of the unseen splits, corpora of demonstrations first, without the conversations whose prompt was
    trained on (``without_trained``); and which prompts were, of theirs and of the suites ``asked``, as far as is known.

    Costs what ``trained_prompts`` does, once for all, and the files of the suites are read once more for their prompts.

    Raises:
        NotFound: a corpus is not in the store.
        ConfigError: no demonstration is in the unseen split, or none is left of it.
        Tampered: a corpus or a manifest does not hold.
    """
    shown, negatives = config.playing("demonstrations"), config.playing("negatives")
    read = [read_unseen(one, corpus_behind(store, artifact.manifest, one)) for one in (*shown, *negatives)]
    if not any(one.demonstrations for one in read[: len(shown)]):
        raise ConfigError(
            "no demonstration is in the unseen split", "at least one", "Change corpora[].split and ingest"
        )
    suspects = {prompt for one in read for prompt in _prompts(one.demonstrations) if prompt is not None}
    suspects.update(*(prompts_of(suite.section, suite.files) for suite in asked))
    with progress.task("looking for prompts that were trained on"):
        trained = trained_prompts(store, artifact.digest, suspects)
    left = [without_trained(one, trained.found) for one in read]
    if not any(one.demonstrations for one in left[: len(shown)]):
        count = sum(len(one.demonstrations) for one in read[: len(shown)])
        raise ConfigError(
            f"of all {count} demonstrations that are read of the unseen split the prompt, case and white space aside, "
            "was trained on",
            "one that was not",
            "Add records that ask something else, then run: iirl ingest CONFIG.yaml",
        )
    return left, trained


def without_trained(unseen: Unseen, trained: Collection[str]) -> Unseen:
    """Without the conversations whose prompt (``prompt_digest``: case and white space do not count) was ``trained`` on,
    which are counted. What is read does not depend on it: of a corpus with more than ``READ`` inputs no others take the
    place of those.
    """
    pairs = zip(unseen.demonstrations, unseen.prompts, _prompts(unseen.demonstrations), strict=True)
    kept = [(one, prompt) for one, prompt, asked in pairs if asked not in trained]
    return replace(
        unseen,
        demonstrations=tuple(one for one, _ in kept),
        prompts=tuple(prompt for _, prompt in kept),
        left_out=len(unseen.demonstrations) - len(kept),
    )


def _prompts(demonstrations: Sequence[Demonstration]) -> Iterator[str | None]:
    """Of each; a trajectory has none."""
    inputs = (one.input for one in demonstrations)
    return (prompt_digest(item) if isinstance(item, Conversation) else None for item in inputs)
