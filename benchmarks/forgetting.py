"""How much a re-fit forgets, against the same trained again without what is forgotten.

    python -m benchmarks.forgetting [--quick] [--seeds 3] [--data FOLDER] [--store .iirl/forgetting] [--json PATH]

A reward learns some of HH's chosen answers against the rejected ones, long enough to know them by heart
(``forgetting.yaml``), and forgets a hundred of the chosen by ``iirl forget``: re-fitted for a few epochs, for some, for
many, and from scratch, which is the exact answer. Every child is asked what every ``iirl forget`` asks: whether the
forgotten can be told from answers that nothing learnt from, by the signal (AUROC; ½: by nobody), what they earn, and
how far rewards are from those of the child from scratch.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.figures import Figure, arguments, figure, write_results
from cluster import Session, open_session
from iirl_core.artifact import load_from
from iirl_core.canonical import Digest
from iirl_core.config import Config, load_config
from iirl_core.corpus import read_corpus
from iirl_core.errors import IirlError
from iirl_core.release import resolve
from iirl_core.unlearning import Remains
from iirl_core.unlearning.remains import Treatment
from jobs import forget, ingest, train
from jobs.console import Progress
from jobs.key import new_keys
from jobs.lineage import lineage

CONFIG = Path(__file__).with_suffix(".yaml")
GONE = 100
EPOCHS = (5, 20, 60)
"""Of re-fits; the last are as many as training took."""
QUICK = ("train.epochs=5",)


@dataclass(frozen=True)
class Child:
    """What remains in it, and how far its ``forgotten`` and ``never`` seen rewards lie from those of the child from
    scratch, on average; None for that one itself.
    """

    remains: Remains
    forgotten: float | None
    never: float | None


def learnt(session: Session, config: Config, progress: Progress) -> Digest:
    """The root, also where a former run in this store left children of it."""
    progress.outcome(train.run(session, config, progress))
    *_, root = lineage(session.store, resolve(session.store, config.name))
    return root.digest


def children(
    session: Session, config: Config, progress: Progress, root: Digest, epochs: Sequence[int]
) -> dict[str, Child]:
    """What comes of forgetting the same of ``root`` in every way, the exact one first."""
    entries = {one.name: one.digest for one in load_from(session.store, root).manifest.corpora}
    shown = read_corpus(session.store, "chosen", entries["chosen"]).demonstrations("train")
    ids = [one.id for one in islice(shown, GONE)]
    made = {}
    for name, count in {"from scratch": None, **{f"re-fitted, {count} epochs": count for count in epochs}}.items():
        asked = config if count is None else _refitting(config, count)
        forget.run(session, asked, progress, reference=root, ids=ids, from_scratch=count is None)
        made[name] = _child(session, config.name)
    return made


def _refitting(config: Config, epochs: int) -> Config:
    return config.model_copy(update={"forget": config.forget.model_copy(update={"epochs": epochs})})


def _child(session: Session, name: str) -> Child:
    """The one that was sealed last."""
    digest = resolve(session.store, name)
    said = load_from(session.store, digest).manifest.forgotten
    assert said is not None
    assert said.remains is not None
    (key,) = (one for one in session.store.list(f"runs/{name}/") if one.endswith(f"/forgotten-{digest[7:19]}.json"))
    apart = json.loads(session.store.get(key))["distance"] or {}
    return Child(said.remains, apart.get("forgotten"), apart.get("never"))


def figures_of(found: Sequence[dict[str, Child]]) -> list[Figure]:
    """Of each way over the seeds; the root's come first."""
    first = [next(iter(one.values())).remains for one in found]
    figures = _treated("the root", [one.before for one in first])
    for name in found[0]:
        each = [one[name] for one in found]
        figures += _treated(name, [one.remains.after for one in each])
        for part in ("forgotten", "never"):
            gaps = [gap for one in each if (gap := getattr(one, part)) is not None]
            if gaps:
                figures.append(figure(f"{name}: rewards away from scratch, {part}", gaps, "reward"))
    return figures


def _treated(name: str, treatments: Sequence[Treatment]) -> list[Figure]:
    one = treatments[0]
    return [
        figure(
            f"{name}: AUROC",
            [each.apart for each in treatments],
            "",
            baseline=f"95% of the first seed {one.low:.3f} to {one.high:.3f}",
        ),
        figure(
            f"{name}: mean reward of the forgotten",
            [each.forgotten_reward for each in treatments],
            "reward",
            baseline=f"never seen, first seed: {one.never_reward:.3f}",
        ),
    ]


def main() -> int:
    """Ingest once, train and forget for every seed, print, write."""
    options = _options()
    if not options.data.is_dir():
        print(f"forgetting: there is no data at {options.data}; the README says where it is published", file=sys.stderr)
        return 2
    os.environ["IIRL_DATA"] = str(options.data.resolve())
    progress = Progress()
    try:
        progress.outcome(new_keys(Path(options.keys)))
        configs = [configuration(seed, options) for seed in range(options.seeds)]
        with open_session(configs[0]) as session:
            progress.outcome(ingest.run(session, configs[0], progress))
            # All of them first: what was forgotten once, later training does not see.
            roots = [learnt(session, config, progress) for config in configs]
            epochs = EPOCHS[:1] if options.quick else EPOCHS
            found = [
                children(session, config, progress, root, epochs) for config, root in zip(configs, roots, strict=True)
            ]
    except IirlError as error:
        print(f"forgetting: {error}", file=sys.stderr)
        return 2
    asked = next(iter(found[0].values())).remains
    notes = (
        f"{asked.forgotten} answers forgotten, {asked.never} never seen; {options.seeds} seeds. AUROC: of telling the"
        " forgotten from the never seen by the signal; ½: by nobody. From scratch is exact."
    )
    write_results("forgetting", figures_of(found), notes, options.json)
    return 0


def configuration(seed: int, options: argparse.Namespace) -> Config:
    """A reward of its own name for every seed."""
    plain = {"store": options.store, "keys": options.keys, "name": f"forgetting-{seed}"}
    return load_config(CONFIG, [f"seed={seed}", *(QUICK if options.quick else ())], plain=plain)


def _options() -> argparse.Namespace:
    parser = arguments("forgetting", (__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--store", default=".iirl/forgetting")
    parser.add_argument("--keys", default=".iirl-keys")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
