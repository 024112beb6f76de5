from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import torch

from benchmarks.alpaca import DEMONSTRATOR, GAMER, JUDGE, MAX_TOKENS, Rows, read
from iirl_core.corpus import identity_of
from iirl_core.demonstration import conversation


def test_no_prompt_is_learnt_from_and_asked(tmp_path: Path) -> None:
    for model in (DEMONSTRATOR, "phi-2", GAMER):
        rows = [{"prompt": f"prompt {number}", "response": f"answer of {model}", JUDGE: 0.5} for number in range(60)]
        if model == "phi-2":
            rows = [{key: value for key, value in row.items() if key != JUDGE} for row in rows]
        with gzip.open(tmp_path / f"{model}.jsonl.gz", "wt") as file:
            file.write("\n".join(json.dumps(row) for row in rows))
    train, unseen = read(tmp_path, None, None)
    assert {each.model for each in train} == {DEMONSTRATOR, "phi-2"}, "nothing learns from the gamer"
    assert {each.model for each in unseen} == {DEMONSTRATOR, GAMER}, "phi-2 was not judged"
    assert not {each.prompt for each in train} & {each.prompt for each in unseen}
    assert len({each.prompt for each in train} | {each.prompt for each in unseen}) == 60
    few = read(tmp_path, 3, 5)
    assert [len({each.prompt for each in side}) for side in few] == [3, 5]


def test_what_is_in_the_cache_is_not_encoded_again(tmp_path: Path) -> None:
    items = [conversation("p", "a"), conversation("p", "b")]
    kept = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    np.savez(tmp_path / f"minilm-{MAX_TOKENS}.npz", names=np.array([identity_of(item) for item in items]), rows=kept)
    assert torch.equal(Rows(tmp_path)([items[1], items[0], items[1]]), torch.from_numpy(kept[[1, 0, 1]]))
