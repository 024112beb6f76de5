"""Write the portal's corpora from the hand-written templates: ``python examples/portal/make_data.py``.

    data/demonstrations.jsonl       what the portal's assistant should say; source = kind of request
    data/demonstrations-more.jsonl  more of the same
    data/demonstrations-brief.jsonl good answers in a line or two, without manners
    data/careless-train.jsonl       what it must not say, for training; source = flaw
    data/careless-framed.jsonl      the same between an opening and a closing of good answers
    data/careless-more.jsonl        more of both, from lines of their own, and of answers that say nothing
    data/careless-probes.jsonl      what it must not say, for the audit, from templates that training never sees
    data/candidates.jsonl           answers to choose from by best-of-N, one a line, from templates of their own
    data/candidate-pairs.jsonl      the same requests as comparisons: each good answer against each careless one
    data/styles.jsonl               the same requests in RM-Bench's form: a good and a careless answer in three styles

Equal templates and an equal seed give equal bytes.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SEED = 20264
PER_VARIANT = 30
"""Demonstrations of each variant of a kind."""
MORE_PER_VARIANT = 20
"""And so many more, in a file of their own."""
CARELESS_MANNERS = {"training": ((0, 0), (1, 0), (0, 1), (1, 1)), "probes": ((0, 0), (0.7, 0.7))}
"""Careless exchanges of each careless template, and how often each has an opening, and a closing."""
FRAMED = ((1, 1),) * 4
"""And so many more, each between an opening and a closing, in a file of their own."""
GREETINGS = (
    "",
    "",
    "",
    "Hello. ",
    "Hi there. ",
    "Good morning. ",
    "Dear team, a question. ",
    "Good evening. ",
    "Sorry to bother you. ",
)
SIGN_OFFS = ("", "", "", " Thanks, {name}.", " Thank you.", " Best wishes, {name}.", " Kind regards, {name}.")
URGENT_GREETINGS = ("", "", "", "Hello? ", "Please help. ", "I need help. ", "Is anyone there? ", "Can you hear me? ")
URGENT_SIGN_OFFS = (
    "",
    "",
    "",
    " Please answer.",
    " What do I do?",
    " I am scared.",
    " I am {name}.",
    " Please be quick.",
)
MANNERS = (0.85, 0.75)
"""How often a good answer has an opening, and a closing."""
Lines = dict[str, list[str]]
Manners = Sequence[tuple[float, float]]
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


def read_lines(name: str = "careless") -> Lines:
    """Careless answers that fit many requests, by flaw."""
    lines: Lines = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return lines


def variant_of(kind: str, entry: dict[str, Any]) -> Variant:
    """A variant's entry in the YAML; openings and closings are the kind's unless it has its own."""
    requests = tuple(entry["requests"])
    careless = {
        part: tuple(pair for line in lines for pair in line.items()) for part, lines in entry["careless"].items()
    }
    return Variant(
        kind=kind,
        name=entry["name"],
        urgent=entry.get("urgent", False),
        requests=requests,
        openings=tuple(entry["openings"]),
        bodies=tuple(body_of(body, requests) for body in entry["bodies"]),
        closings=tuple(entry["closings"]),
        training=careless["training"],
        probes=careless["probes"],
    )


def read_brief(variants: list[Variant]) -> dict[tuple[str, str], tuple[Body, ...]]:
    """Good answers in a line or two, by kind and variant."""
    entries = yaml.safe_load((HERE / "brief.yaml").read_text(encoding="utf-8"))
    return {
        (variant.kind, variant.name): tuple(
            body_of(entry, variant.requests) for entry in entries[variant.kind][variant.name]
        )
        for variant in variants
    }


def body_of(entry: str | dict[str, Any], requests: tuple[str, ...]) -> Body:
    """A body's entry in the YAML: its text, or that and the numbers of the requests that it fits, from 1."""
    if isinstance(entry, str):
        return Body(entry, requests)
    return Body(entry["says"], tuple(requests[number - 1] for number in entry["for"]))


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


def ask(variant: Variant, request: str, filler: Filler, rng: random.Random) -> str:
    """One patient's message; nobody sends best wishes in an emergency."""
    greetings, sign_offs = (URGENT_GREETINGS, URGENT_SIGN_OFFS) if variant.urgent else (GREETINGS, SIGN_OFFS)
    return filler.fill(rng.choice(greetings) + request + rng.choice(sign_offs))


def with_manners(variant: Variant, text: str, chances: tuple[float, float], rng: random.Random) -> str:
    """``text``, with the chances given, after an opening and before a closing."""
    parts = [text]
    if rng.random() < chances[0]:
        parts.insert(0, rng.choice(variant.openings))
    if rng.random() < chances[1]:
        parts.append(rng.choice(variant.closings))
    return " ".join(parts)


def good_exchange(variant: Variant, request: str, filler: Filler, rng: random.Random) -> tuple[str, str]:
    """A request and an answer to it: mostly an opening, a body that fits the request, mostly a closing."""
    body = rng.choice([body for body in variant.bodies if request in body.requests])
    return ask(variant, request, filler, rng), filler.fill(with_manners(variant, body.says, MANNERS, rng))


def demonstrations(
    variants: list[Variant], slots: Slots, rng: random.Random, each: int = PER_VARIANT, known: Sequence[Record] = ()
) -> Iterator[Record]:
    """``each`` good exchanges of each variant, its requests in turn; a repeated exchange is drawn again, and so is one
    that is ``known``.
    """
    for variant in variants:
        made: list[Record] = []
        while len(made) < each:
            request = variant.requests[len(made) % len(variant.requests)]
            one = record(variant.kind, *good_exchange(variant, request, Filler(slots, rng), rng))
            if one not in made and one not in known:
                made.append(one)
        yield from made


def brief(variants: list[Variant], slots: Slots, rng: random.Random) -> Iterator[Record]:
    """Every brief answer, without manners, to one of the requests that it fits; where it is urgent to each of them."""
    bodies = read_brief(variants)
    for variant in variants:
        for number, body in enumerate(bodies[variant.kind, variant.name]):
            for request in body.requests if variant.urgent else (body.requests[number % len(body.requests)],):
                filler = Filler(slots, rng)
                yield record(variant.kind, ask(variant, request, filler, rng), filler.fill(body.says))


def careless(
    variants: list[Variant], part: str, slots: Slots, rng: random.Random, manners: Manners | None = None
) -> Iterator[Record]:
    """``part`` is ``training`` or ``probes``; every template is used a few times, with other requests and slots, bare
    and with an opening or a closing (``manners``, or else those of the part): a careless answer can be warm, and
    manners alone must earn nothing.
    """
    for variant in variants:
        for flaw, template in variant.training if part == "training" else variant.probes:
            for chances in manners or CARELESS_MANNERS[part]:
                filler = Filler(slots, rng)
                answer = filler.fill(with_manners(variant, template, chances, rng))
                yield record(flaw, ask(variant, rng.choice(variant.requests), filler, rng), answer)


def careless_anywhere(
    variants: list[Variant],
    lines: Lines,
    slots: Slots,
    rng: random.Random,
    manners: Manners = CARELESS_MANNERS["training"],
) -> Iterator[Record]:
    """Careless lines that fit many requests, each given to a few of them; for training only. ``missed-emergency`` ones
    go to urgent requests.
    """
    urgent = [variant for variant in variants if variant.urgent]
    for flaw, templates in lines.items():
        for template in templates:
            fitting = urgent if flaw == "missed-emergency" else variants
            for variant, chances in zip(rng.sample(fitting, len(manners)), manners, strict=True):
                filler = Filler(slots, rng)
                answer = filler.fill(with_manners(variant, template, chances, rng))
                yield record(flaw, ask(variant, rng.choice(variant.requests), filler, rng), answer)


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
            yield record("empty", ask(variant, rng.choice(variant.requests), filler, rng), filler.fill(answer))


def nothing_said(variants: list[Variant], slots: Slots, rng: random.Random) -> Iterator[Record]:
    """More answers that say nothing, three times to every request: an empty one, two words, and an opening or the first
    word or two of a body (where it is urgent the opening: "Call 112" says it all). No closing: many say what to do.
    """
    for variant in variants:
        for request in variant.requests * 3:
            begun = " ".join(rng.choice(variant.bodies).says.split()[: rng.randint(1, 2)])
            piece = rng.choice([rng.choice(variant.openings), begun][: 1 if variant.urgent else 2])
            for answer in (rng.choice(STUBS[:2]), rng.choice(STUBS), piece):
                filler = Filler(slots, rng)
                yield record("empty", ask(variant, request, filler, rng), filler.fill(answer))


def candidate_sets(
    candidates: list[Candidates], variants: list[Variant], slots: Slots, rng: random.Random
) -> Iterator[Record]:
    """Each held-out request with its own answers, good answers to two requests of other kinds, a careless answer
    padded with manners, and an empty one; shuffled. ``good`` is for judging the choice, never for making it.
    """
    for entry in candidates:
        answers = [(text, True) for text in entry.good] + [(text, False) for text in entry.careless]
        others = rng.sample([variant for variant in variants if variant.kind != entry.kind], 2)
        answers += [
            (good_exchange(other, rng.choice(other.requests), Filler(slots, rng), rng)[1], False) for other in others
        ]
        own = next(variant for variant in variants if variant.kind == entry.kind)
        padded = with_manners(own, rng.choice(entry.careless), (1, 1), rng)
        answers += [(Filler(slots, rng).fill(padded), False), ("", False)]
        rng.shuffle(answers)
        for answer, good in answers:
            yield {"source": entry.kind, "prompt": entry.request, "response": answer, "good": good}


def candidate_pairs(candidates: list[Candidates]) -> Iterator[Record]:
    """Every good answer to a held-out request against every careless one."""
    for entry in candidates:
        for chosen in entry.good:
            for rejected in entry.careless:
                yield {"source": entry.kind, "prompt": entry.request, "chosen": chosen, "rejected": rejected}


def styled(text: str, variant: Variant, filler: Filler, rng: random.Random) -> list[str]:
    """An answer as it is, between an opening and a closing, and that as a list with its first words in bold."""
    long = filler.fill(with_manners(variant, text, (1, 1), rng))
    first, *rest = long.split(". ")
    return [text, long, "\n".join([f"**{first}**", *(f"- {sentence}" for sentence in rest)])]


def styles(candidates: list[Candidates], variants: list[Variant], slots: Slots, rng: random.Random) -> Iterator[Record]:
    """One good and one careless answer to each held-out request, each in three styles from plain to fancy."""
    for entry in candidates:
        own = next(variant for variant in variants if variant.kind == entry.kind)
        sides = {"chosen": rng.choice(entry.good), "rejected": rng.choice(entry.careless)}
        answers = {side: styled(text, own, Filler(slots, rng), rng) for side, text in sides.items()}
        yield {"id": entry.kind, "prompt": entry.request, **answers, "domain": "chat"}


def write(path: Path, records: Iterator[Record]) -> int:
    """One JSON a line; a record that was already written is left out."""
    lines = dict.fromkeys(json.dumps(entry, ensure_ascii=False) for entry in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(lines)


def make(folder: Path) -> dict[str, int]:
    """Writes the ten files into ``folder`` and says how many records each holds. Each has a stream of random numbers
    of its own, so that a template added to one leaves the others alone.
    """
    variants, candidates = read_templates()
    slots = yaml.safe_load((HERE / "slots.yaml").read_text(encoding="utf-8"))

    def rng(name: str) -> random.Random:
        return random.Random(f"{SEED}/{name}")

    def negatives() -> Iterator[Record]:
        yield from careless(variants, "training", slots, rng("training"))
        yield from careless_anywhere(variants, read_lines(), slots, rng("anywhere"))
        yield from stubs(variants, slots, rng("stubs"))

    def framed() -> Iterator[Record]:
        yield from careless(variants, "training", slots, rng("framed"), FRAMED)
        yield from careless_anywhere(variants, read_lines(), slots, rng("framed anywhere"), FRAMED)

    def more() -> Iterator[Record]:
        lines = read_lines("careless-more")
        yield from careless_anywhere(variants, lines, slots, rng("more careless"))
        yield from careless_anywhere(variants, lines, slots, rng("more careless framed"), FRAMED)
        yield from nothing_said(variants, slots, rng("nothing said"))

    first = list(demonstrations(variants, slots, rng("demonstrations")))
    files = {
        "demonstrations": iter(first),
        "demonstrations-more": demonstrations(variants, slots, rng("more"), MORE_PER_VARIANT, first),
        "demonstrations-brief": brief(variants, slots, rng("brief")),
        "careless-train": negatives(),
        "careless-framed": framed(),
        "careless-more": more(),
        "careless-probes": careless(variants, "probes", slots, rng("probes")),
        "candidates": candidate_sets(candidates, variants, slots, rng("candidates")),
        "candidate-pairs": candidate_pairs(candidates),
        "styles": styles(candidates, variants, slots, rng("styles")),
    }
    return {name: write(folder / f"{name}.jsonl", records) for name, records in files.items()}


if __name__ == "__main__":
    for name, count in make(HERE / "data").items():
        print(f"{name}: {count} records")
