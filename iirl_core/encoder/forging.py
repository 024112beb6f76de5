"""What inside a message could pass for a turn of its own, and breaking it: in Python, as training does it, and in
Jinja, as an exported chat template does it for others.
"""

from __future__ import annotations

import json
import re

from transformers import PreTrainedTokenizerBase

from iirl_core.demonstration import ROLES
from iirl_core.encoder.tokenizer import special_ids

_ROLES = "|".join(ROLES)
_LINE = re.compile(rf"^({_ROLES}):", re.MULTILINE)
_WORD = re.compile(rf"(?<![^\W_])({_ROLES})\s*:")
END = "\n"
DOT = "\u00b7"
"""Puts off a role's colon: a mark that every tokenizer sees, unlike a zero-width space."""
GAP = "\u200b"
"""Breaks the letters of a special token."""


class Forging:
    """Of a tokenizer and the template it is used with. Where the template may write special tokens, their letters
    inside a message are broken by a zero-width space. Our ``plain`` template writes none, so there they are tokenised
    as letters, and what is broken is a role with its colon, sought in the text as the tokenizer normalises it.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, plain: bool) -> None:
        self.plain = plain
        self._normalizer = tokenizer.backend_tokenizer.normalizer
        known = (str(tokenizer.convert_ids_to_tokens(number)) for number in special_ids(tokenizer))
        self.special = [token for token in known if len(token) > 1]
        # To a tokenizer that does not see line ends (BERT's), a turn begins wherever its role stands.
        self._lines = _ids(tokenizer, "a\nuser: b") != _ids(tokenizer, "a user: b")

    def broken(self, content: str) -> str:
        """What is rendered of a message's ``content``."""
        if self.plain:
            seen = self._normalised(content)
            header = _LINE if self._lines else _WORD
            return header.sub(f"\\1{DOT}:", seen) if header.search(seen) else content
        for token in self.special:
            content = content.replace(token, _gapped(token))
        return content

    def breaking(self, template: str) -> str:
        """``template`` with a first part that breaks the same in whatever messages it is given. It sees a role as it is
        spelt (in any case, where the tokenizer knows none), not as every normalisation would read it.
        """
        find = (self._by_line() if self._lines else self._by_word()) if self.plain else ""
        for token in self.special:
            find += f"{{% set iirl.text = iirl.text | replace({_quoted(token)}, {_quoted(_gapped(token))}) %}}"
        return (
            "{% set iirl = namespace(messages=[], text='') %}{% for message in messages %}"
            f"{{% if message['content'] is string %}}{{% set iirl.text = message['content'] %}}{find}"
            "{% set iirl.messages = iirl.messages + [dict(message, content=iirl.text)] %}"
            "{% else %}{% set iirl.messages = iirl.messages + [message] %}{% endif %}{% endfor %}"
            f"{{% set messages = iirl.messages %}}{{##}}\n{template}"
        )

    def _by_line(self) -> str:
        steps = (f"replace({_quoted(f'{END}{role}:')}, {_quoted(f'{END}{role}{DOT}:')})" for role in ROLES)
        found = f"({_quoted(END)} ~ iirl.text) | {' | '.join(steps)}"  # a line end before the first line, too
        return f"{{% set found = {found} %}}{{% set iirl.text = found[1:] %}}"

    def _by_word(self) -> str:
        """A letter before a role makes it another word's end, and so does the role itself."""
        seen = "iirl.text | lower" if self._normalised("A") == "a" else "iirl.text"
        return (
            f"{{% set seen = {seen} %}}{{% set iirl.found = seen %}}{{% for role in {json.dumps(ROLES)} %}}"
            "{% set parts = iirl.found.split(role) %}{% set iirl.found = parts[0] %}"
            "{% for part in parts[1:] %}{% set before = parts[loop.index0] %}{% set rest = part.lstrip() %}"
            "{% set inside = before[-1:].isalnum() or not (before or loop.first) %}"
            "{% set headed = rest[:1] == ':' and not inside %}"
            f"{{% set iirl.found = iirl.found ~ role ~ ({_quoted(DOT)} ~ rest if headed else part) %}}"
            "{% endfor %}{% endfor %}{% if iirl.found != seen %}{% set iirl.text = iirl.found %}{% endif %}"
        )

    def _normalised(self, text: str) -> str:
        return text if self._normalizer is None else str(self._normalizer.normalize_str(text))


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _gapped(token: str) -> str:
    return f"{token[0]}{GAP}{token[1:]}"


def _quoted(text: str) -> str:
    """As a string of Jinja."""
    return json.dumps(text, ensure_ascii=False)
