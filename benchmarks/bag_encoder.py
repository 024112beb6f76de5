"""A text encoder that takes no transformer: words, signs and letters of a text, counted and projected. An audit of a
reward over it takes seconds, so that many rewards can be audited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline, make_union

from iirl_core.demonstration import Conversation, Input, conversation_of
from iirl_core.encoder import ArtifactKind, Encoded

BUCKETS = 2**15
WORDS_AND_SIGNS = r"(?u)\w+|[^\w\s]"
_WORD = re.compile(r"[^\W\d_]{3,}")


class BagEncoder:
    """z: tf-idf of an answer's words, signs and runs of two to four letters, in ``width`` principal directions of the
    texts that it was fitted on, each in units of their deviation (latent semantic analysis, Deerwester et al. 1990).
    """

    def __init__(self, texts: Sequence[Conversation], width: int, seed: int) -> None:
        words = HashingVectorizer(n_features=BUCKETS, alternate_sign=False, token_pattern=WORDS_AND_SIGNS)
        letters = HashingVectorizer(n_features=BUCKETS, alternate_sign=False, analyzer="char_wb", ngram_range=(2, 4))
        self._project = make_pipeline(
            make_union(words, letters), TfidfTransformer(sublinear_tf=True), TruncatedSVD(width, random_state=seed)
        )
        fitted = self._project.fit_transform([text.answer for text in texts])
        self._scale = fitted.std(axis=0)
        self._width = width
        self.words = tuple(sorted({word.lower() for text in texts for word in _WORD.findall(text.answer)}))

    @property
    def kind(self) -> ArtifactKind:
        """Takes conversations."""
        return "conversation"

    @property
    def width(self) -> int:
        """As it was asked for."""
        return self._width

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """A row a conversation."""
        if not inputs:
            return Encoded(torch.zeros(0, self.width), (), ())
        rows = self._project.transform([conversation_of(item).answer for item in inputs]) / self._scale
        return Encoded(torch.from_numpy(rows).float(), (1,) * len(inputs), (None,) * len(inputs))
