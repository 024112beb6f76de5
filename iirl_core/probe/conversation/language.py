"""Language: an answer that leaves the language of the request."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, Edited, drawn
from iirl_core.probe.conversation.phrases import instead

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


def _last_sentence(text: str, rng: np.random.Generator) -> str | None:
    language = list(PHRASES)[int(rng.integers(len(PHRASES)))]
    parts = sentences(text)
    return " ".join([*parts[:-1], str(rng.choice(PHRASES[language]))]) if len(parts) > 1 else None


EDITS: dict[str, Edit] = {
    **{f"{language} alone": instead(phrases) for language, phrases in PHRASES.items()},
    "last sentence in another": drawn(_last_sentence),
}
"""By note."""
FAMILY = Edited("language", EDITS)
