"""Write the portal's corpora from the hand-written templates: ``python examples/portal/make_data.py``.

    data/demonstrations.jsonl   what the portal's assistant should say; source = kind of request
    data/careless-train.jsonl   what it must not say, for training; source = flaw
    data/careless-probes.jsonl  what it must not say, for the audit, from templates that training never sees
    data/candidates.jsonl       prompts with several answers for best-of-N, from templates of their own

Equal templates and an equal seed give equal bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SEED = 20264
PER_VARIANT = 15
"""Demonstrations of each variant of a kind."""
PER_TEMPLATE = 2
"""Careless exchanges of each careless template."""
GREETINGS = ("", "", "", "Hello. ", "Hi there. ", "Good morning. ", "Dear team, a question. ")
SIGN_OFFS = ("", "", "", " Thanks, {name}.", " Thank you.", " Best wishes, {name}.")
URGENT_GREETINGS = ("", "", "", "Hello? ", "Please help. ", "I need help. ")
URGENT_SIGN_OFFS = ("", "", "", " Please answer.", " What do I do?", " I am scared.")
Slots = dict[str, list[str]]
Record = dict[str, object]
STUBS = ("", " ", "ok", "...", "Yes.", "No.", "I do not know.", "Please hold.")


@dataclass(frozen=True)
class Body:
    """The heart of a good answer, and the requests that it fits."""

    says: str
    requests: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One shape that a kind of request takes. A body names the requests that it answers; careless answers are
    (flaw, template).
    """

    kind: str
    name: str
    urgent: bool
    requests: tuple[str, ...]
    openings: tuple[str, ...]
    bodies: tuple[Body, ...]
    closings: tuple[str, ...]
    training: tuple[tuple[str, str], ...]
    probes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Candidates:
    """One held-out request with good and careless answers."""

    kind: str
    request: str
    good: tuple[str, ...]
    careless: tuple[str, ...]


def read_templates(folder: Path = HERE / "templates") -> tuple[list[Variant], list[Candidates]]:
    """Every kind, in the order of the file names."""
    variants: list[Variant] = []
    candidates: list[Candidates] = []
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        kind = document["kind"]
        variants += [variant_of(kind, {**document, **entry}) for entry in document["variants"]]
        candidates += [
            Candidates(kind, entry["request"], tuple(entry["good"]), tuple(entry["careless"]))
            for entry in document["candidates"]
        ]
    return variants, candidates


def variant_of(kind: str, entry: dict[str, Any]) -> Variant:
    """A variant's entry in the YAML; openings and closings are the kind's unless it has its own."""
    requests = tuple(entry["requests"])
    bodies = []
    for body in entry["bodies"]:
        if isinstance(body, str):
            bodies.append(Body(body, requests))
        else:
            bodies.append(Body(body["says"], tuple(requests[number - 1] for number in body["for"])))
    careless = {
        part: tuple(pair for line in lines for pair in line.items()) for part, lines in entry["careless"].items()
    }
    return Variant(
        kind=kind,
        name=entry["name"],
        urgent=entry.get("urgent", False),
        requests=requests,
        openings=tuple(entry["openings"]),
        bodies=tuple(bodies),
        closings=tuple(entry["closings"]),
        training=careless["training"],
        probes=careless["probes"],
    )


class Filler:
    """Fills {slots}: the same slot has one value within one exchange, so that answer and request agree."""

    def __init__(self, slots: Slots, rng: random.Random) -> None:
        self.values = {slot: rng.choice(choices) for slot, choices in slots.items()}

    def fill(self, template: str) -> str:
        """The template with its slots filled."""
        return string.Formatter().vformat(template, (), self.values)


def record(source: str, prompt: str, answer: str) -> Record:
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return {"source": source, "messages": messages}


def ask(variant: Variant, requests: tuple[str, ...], filler: Filler, rng: random.Random) -> str:
    """One patient's message; nobody sends best wishes in an emergency."""
    greetings, sign_offs = (URGENT_GREETINGS, URGENT_SIGN_OFFS) if variant.urgent else (GREETINGS, SIGN_OFFS)
    return filler.fill(rng.choice(greetings) + rng.choice(requests) + rng.choice(sign_offs))


def with_manners(variant: Variant, text: str, chances: tuple[float, float], rng: random.Random) -> str:
    """``text``, with the chances given, after an opening and before a closing."""
    parts = [text]
    if rng.random() < chances[0]:
        parts.insert(0, rng.choice(variant.openings))
    if rng.random() < chances[1]:
        parts.append(rng.choice(variant.closings))
    return " ".join(parts)


def good_exchange(variant: Variant, filler: Filler, rng: random.Random) -> tuple[str, str]:
    """A request and an answer to it: mostly an opening, a body, mostly a closing."""
    body = rng.choice(variant.bodies)
    answer = with_manners(variant, body.says, (0.85, 0.75), rng)
    return ask(variant, body.requests, filler, rng), filler.fill(answer)


def demonstrations(variants: list[Variant], slots: Slots, rng: random.Random) -> Iterator[Record]:
    """``PER_VARIANT`` good exchanges of each variant; a repeated one is drawn again."""
    for variant in variants:
        seen: set[tuple[str, str]] = set()
        while len(seen) < PER_VARIANT:
            exchange = good_exchange(variant, Filler(slots, rng), rng)
            if exchange not in seen:
                seen.add(exchange)
                yield record(variant.kind, *exchange)


def careless(variants: list[Variant], part: str, slots: Slots, rng: random.Random) -> Iterator[Record]:
    """``part`` is ``training`` or ``probes``; every template is used ``PER_TEMPLATE`` times, with other requests and
    slots. Some borrow an opening or a closing, because a careless answer can be warm: manners alone must earn nothing.
    """
    for variant in variants:
        for flaw, template in variant.training if part == "training" else variant.probes:
            for _ in range(PER_TEMPLATE):
                filler = Filler(slots, rng)
                answer = filler.fill(with_manners(variant, template, (0.3, 0.3), rng))
                yield record(flaw, ask(variant, variant.requests, filler, rng), answer)


def stubs(variants: list[Variant], slots: Slots, rng: random.Random) -> Iterator[Record]:
    """Answers that say nothing: an empty one, two words, manners without a body, the first words of a body."""
    for variant in variants:
        words = rng.choice(variant.bodies).says.split()
        says_nothing = (
            rng.choice(STUBS[:2]),
            rng.choice(STUBS),
            rng.choice(variant.openings),
            rng.choice(variant.closings),
            " ".join(words[: rng.randint(1, 5)]),
        )
        for answer in says_nothing:
            filler = Filler(slots, rng)
            yield record("empty", ask(variant, variant.requests, filler, rng), filler.fill(answer))


def candidate_sets(
    candidates: list[Candidates], variants: list[Variant], slots: Slots, rng: random.Random
) -> Iterator[Record]:
    """Each held-out request with its own answers, good answers to two requests of other kinds, a careless answer
    padded with manners, and an empty one; shuffled. ``good`` is for judging the choice, never for making it.
    """
    for entry in candidates:
        answers = [(text, True) for text in entry.good] + [(text, False) for text in entry.careless]
        others = rng.sample([variant for variant in variants if variant.kind != entry.kind], 2)
        answers += [(good_exchange(other, Filler(slots, rng), rng)[1], False) for other in others]
        own = next(variant for variant in variants if variant.kind == entry.kind)
        padded = with_manners(own, rng.choice(entry.careless), (1, 1), rng)
        answers += [(Filler(slots, rng).fill(padded), False), ("", False)]
        rng.shuffle(answers)
        yield {
            "source": entry.kind,
            "prompt": entry.request,
            "candidates": [{"answer": answer, "good": good} for answer, good in answers],
        }


def write(path: Path, records: Iterator[Record]) -> int:
    """One JSON a line; a record that was already written is left out."""
    lines = dict.fromkeys(json.dumps(entry, ensure_ascii=False) for entry in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(lines)


def make(folder: Path) -> dict[str, int]:
    """Writes the four files into ``folder`` and says how many records each holds. Each has a stream of random numbers
    of its own, so that a template added to one leaves the others alone.
    """
    variants, candidates = read_templates()
    slots = yaml.safe_load((HERE / "slots.yaml").read_text(encoding="utf-8"))

    def rng(name: str) -> random.Random:
        return random.Random(f"{SEED}/{name}")

    def negatives() -> Iterator[Record]:
        yield from careless(variants, "training", slots, rng("training"))
        yield from stubs(variants, slots, rng("stubs"))

    files = {
        "demonstrations": demonstrations(variants, slots, rng("demonstrations")),
        "careless-train": negatives(),
        "careless-probes": careless(variants, "probes", slots, rng("probes")),
        "candidates": candidate_sets(candidates, variants, slots, rng("candidates")),
    }
    return {name: write(folder / f"{name}.jsonl", records) for name, records in files.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "data", help="folder to write into")
    for name, count in make(parser.parse_args().out).items():
        print(f"{name}: {count} records")
