"""A help desk of 82 things: what a careless base model would have read, demonstrations of a careful clerk, and a
language model that has read nothing yet.

    python examples/afd/make_data.py                  # before anything else
    python examples/afd/make_data.py judge [STORE]    # after iirl sample

The first fills the folder data beside this file with base.jsonl (answers of all manners), demonstrations.jsonl (the
clerk's) and untrained/ (a Llama with random weights, and a tokenizer of the words that occur here). Equal versions of
torch and tokenizers write equal bytes. The second gives π_init's answers to unseen requests (the corpus ``choice`` of
STORE, by default .iirl) their golden scores: data/choice.jsonl, what the rewards are judged by.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

_WORDS = (
    "bill bus visit refund garden key report seat parcel letter bike lamp ticket room door window phone radio clock "
    "chair table bag coat hat shoe book map pen box bottle cup plate spoon knife bed blanket pillow towel soap brush "
    "lantern heater fan pump pipe tap sink bath roof wall floor stair lift gate fence path bench tree hedge pond car "
    "van train boat ferry taxi engine wheel tyre axle battery cable plug switch screen printer camera speaker alarm "
    "sensor meter boiler"
)
THINGS = tuple(_WORDS.split())
ASKED = (
    "Can you help me with the {}?",
    "There is something wrong with the {}.",
    "What do I do about the {}?",
    "I need the {} today.",
    "Who takes care of the {}?",
)
CAREFUL = (
    "Of course. I will look after the {} today and write to you when it is done.",
    "I am sorry about the {}. Someone will come tomorrow, and it costs you nothing.",
    "Thank you for telling us about the {}. I will see to it now.",
    "Certainly. Please leave the {} with me, and I will call you by noon.",
)
CARELESS = (
    "No idea.",
    "Ask somebody else about it.",
    "That is your own problem, go away.",
    "It is late. I want to go home now.",
    "Yes yes yes yes yes.",
    "The weather is nice today and my dog is well.",
)
CAREFUL_SHARE = 0.3
"""Of what the base model reads: it can answer well, and mostly does not."""
BASE = 6000
WIDTH, LAYERS = 96, 3
PAD, END = "<pad>", "</s>"
SEED = 0
DATA = Path(__file__).resolve().parent / "data"


def base(random_: random.Random) -> list[dict[str, str]]:
    """Answers of all manners, some of the careful ones about another thing."""
    rows = []
    for _ in range(BASE):
        thing = random_.choice(THINGS)
        careful = random_.random() < CAREFUL_SHARE
        about = thing if random_.random() < 0.7 else random_.choice(THINGS)
        answer = random_.choice(CAREFUL).format(about) if careful else random_.choice(CARELESS)
        rows.append({"prompt": random_.choice(ASKED).format(thing), "response": answer})
    return rows


def demonstrations(random_: random.Random) -> list[dict[str, str]]:
    """The clerk answers every request once, about what was asked."""
    return [
        {"prompt": asked.format(thing), "response": random_.choice(CAREFUL).format(thing)}
        for thing in THINGS
        for asked in ASKED
    ]


def golden(prompt: str, answer: str) -> float:
    """How good an answer is, in [0, 1]: half for a careful sentence that is whole, half for being about what was asked.
    Nothing learns from it: it is what the example is judged by.
    """
    thing = next((each for each in THINGS if each in prompt.replace("?", "").replace(".", "").split()), "")
    whole = any(
        answer.startswith(start) and answer.endswith(end)
        for start, end in ((one.split("{}")[0], one.split("{}")[1]) for one in CAREFUL)
    )
    words = answer.replace(".", "").replace(",", "").split()
    return 0.5 * whole + 0.5 * (thing in words)


def untrained(folder: Path, texts: list[str]) -> None:
    """A Llama with random weights, whose tokens are mostly words."""
    import torch  # only here: the data alone needs no weights
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

    tokens = Tokenizer(models.BPE())
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=[PAD, END], initial_alphabet=letters)
    tokens.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, pad_token=PAD, eos_token=END)
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main(folder: Path = DATA) -> None:
    random_ = random.Random(SEED)
    files = {"base": base(random_), "demonstrations": demonstrations(random_)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    texts = [f"user: {row['prompt']}\nassistant: {row['response']}" for rows in files.values() for row in rows]
    untrained(folder / "untrained", texts)
    print(f"{', '.join(f'{len(rows):,} {name}' for name, rows in files.items())} and an untrained model in {folder}")


def judge(store: str = ".iirl", folder: Path = DATA) -> None:
    """Writes choice.jsonl: prompt, response, model and golden score of each answer in the corpus ``choice``."""
    from cluster.store import open_store  # only here: making the data needs no store
    from iirl_core.corpus import read_corpus
    from iirl_core.demonstration import Conversation

    rows = []
    for one in read_corpus(open_store(store), "choice").demonstrations():
        if isinstance(one.input, Conversation):
            prompt, answer = one.input.context[-1].content, one.input.answer
            rows.append({"prompt": prompt, "response": answer, "model": "base", "golden": golden(prompt, answer)})
    (folder / "choice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    mean = sum(float(row["golden"]) for row in rows) / len(rows)
    print(f"{len(rows):,} answers in {folder / 'choice.jsonl'}; their mean golden score is {mean:.3f}")


if __name__ == "__main__":
    judge(*sys.argv[2:3]) if sys.argv[1:2] == ["judge"] else main()
