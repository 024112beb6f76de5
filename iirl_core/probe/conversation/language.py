"""Language: an answer that leaves the language of the request, with what it says or without."""

from __future__ import annotations

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, Edited, drawn, of_answer
from iirl_core.probe.conversation.refusal import refuses
from iirl_core.probe.conversation.tongues import glossed, language_of, languages
from iirl_core.probe.material import Material

PHRASES: dict[str, tuple[str, ...]] = {
    "German": ("Vielen Dank für Ihre Frage, ich helfe Ihnen gern weiter.", "Das hängt ganz von den Umständen ab."),
    "French": ("Merci de votre question, je vous aide volontiers.", "Tout dépend des circonstances."),
    "Spanish": ("Gracias por su pregunta, con mucho gusto le ayudo.", "Todo depende de las circunstancias."),
    "Turkish": ("Sorunuz için teşekkürler, size memnuniyetle yardımcı olurum.", "Bu tamamen duruma bağlıdır."),
    "Russian": ("Спасибо за вопрос, с удовольствием помогу.", "Всё зависит от обстоятельств."),
    "Chinese": ("感谢您的提问，我很乐意帮忙。", "这要看具体情况。"),
    "Arabic": ("شكرا على سؤالك، يسعدني أن أساعدك.", "هذا يعتمد على الظروف."),
}
"""By language; none answers anything in particular."""
REFUSALS: dict[str, str] = {
    "English": "I am sorry, but I cannot help with that.",
    "German": "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "French": "Je suis désolé, mais je ne peux pas vous aider pour cela.",
    "Spanish": "Lo siento, pero no puedo ayudarle con eso.",
    "Turkish": "Üzgünüm, ama bu konuda yardımcı olamam.",
    "Russian": "Извините, но с этим я помочь не могу.",
    "Chinese": "很抱歉，这件事我帮不上忙。",
    "Arabic": "عذرا، لا أستطيع مساعدتك في ذلك.",
}
"""The same refusal by language."""
LOOKED_AT = 64
"""Demonstrations, at most, among which an answer of another language is sought."""


def _word_for_word(language: str) -> Edit:
    return of_answer(lambda text: glossed(text, language))


def _another(text: str, rng: np.random.Generator) -> str:
    """A language that the answer is not in."""
    spoken = language_of(text)
    return str(rng.choice([one for one in PHRASES if one != spoken]))


def _alone(text: str, rng: np.random.Generator) -> str:
    return str(rng.choice(PHRASES[_another(text, rng)]))


def _refused(text: str, rng: np.random.Generator) -> str | None:
    return None if refuses(text) else REFUSALS[_another(text, rng)]


def _last_sentence(text: str, rng: np.random.Generator) -> str | None:
    """Word for word where that can be done, else a phrase."""
    *before, last = sentences(text)
    if not before:
        return None
    language = _another(text, rng)
    return " ".join([*before, glossed(last, language) or str(rng.choice(PHRASES[language]))])


def _of_the_corpus(one: Conversation, rng: np.random.Generator, material: Material) -> str | None:
    """A demonstrated answer to another request, in another language."""
    spoken, others = language_of(one.answer), material.conversations
    for place in rng.permutation(len(others))[:LOOKED_AT]:
        answer = others[int(place)].answer
        if spoken is not None and language_of(answer) not in (None, spoken):
            return answer
    return None


EDITS: dict[str, Edit] = {
    **{f"{language}, word for word": _word_for_word(language) for language in languages()},
    "another alone": drawn(_alone),
    "refused in another": drawn(_refused),
    "last sentence in another": drawn(_last_sentence),
    "a demonstration in another": _of_the_corpus,
}
"""By note."""
FAMILY = Edited("language", EDITS)
