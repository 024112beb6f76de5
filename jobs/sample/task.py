"""One corpus that is to be sampled: what decides its answers, and where its run lies."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from iirl_core.canonical import Digest, JsonValue, digest_json
from iirl_core.config.sampling import SampleSection
from iirl_core.policy.source import PolicySource

ANSWERS = pa.schema(
    [
        ("chunk", pa.int64()),
        ("prompt", pa.int64()),
        ("number", pa.int64()),
        ("text", pa.string()),
        ("cut", pa.bool_()),
        ("reason", pa.string()),
    ]
)
"""The ``number``th answer to a chunk's ``prompt``. ``text`` is null where the prompt could not be asked, for
``reason``; ``cut``: the answer is as long as answers may be, and not ended."""


@dataclass(frozen=True)
class SampleTask:
    """``store`` is the store's URL, ``prompts`` the digest of the corpus that is asked. Picklable."""

    store: str
    run: str
    section: SampleSection
    policy: PolicySource
    prompts: Digest
    seed: int

    def record(self) -> dict[str, JsonValue]:
        """What the corpus says of where it comes from: all that decides its answers, and nothing else."""
        kept = {"splits", "limit", "per_prompt", "temperature", "top_p", "max_new_tokens", "chat_template", "engine"}
        return {
            "origin": {"policy": self.policy.digest, "sampled": self.section.sampled},
            "sample": {
                "policy": self.policy.name,
                "prompts": {"name": self.section.prompts, "digest": self.prompts},
                "seed": self.seed,
                **self.section.model_dump(mode="json", include=kept),
            },
        }

    @property
    def folder(self) -> str:
        """Where the run keeps what it has, under the store: another one for each record."""
        return f"runs/{self.run}/sample-{digest_json([self.section.name, self.record()]).removeprefix('sha256:')[:16]}"
