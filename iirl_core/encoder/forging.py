"""What inside a message could pass for a turn of its own, and breaking it: in Python, as training does it, and in
Jinja, as an exported chat template does it for others.
"""

from __future__ import annotations

import json
import re
import unicodedata

from transformers import PreTrainedTokenizerBase

from iirl_core.demonstration import ROLES
from iirl_core.encoder.tokenizer import special_ids

_ROLES = "|".join(ROLES)
_LINE = re.compile(rf"^({_ROLES}):", re.MULTILINE)
_WORD = re.compile(rf"(?<![^\W_])({_ROLES})\s*:")
_DOT = "\u00b7"
"""Puts off a role's colon: a mark that every tokenizer sees, unlike a zero-width space."""
_GAP = "\u200b"
"""Breaks the letters of a special token."""


class Forging:
    """Of a tokenizer and the template it is used with. Where the template may write special tokens, their letters
    inside a message are broken by a zero-width space. Our ``plain`` template writes none, so there they are tokenised
    as letters, and what is broken is a role with its colon, sought in the text as the tokenizer normalises it.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, plain: bool) -> None:
        self.plain = plain
        known = (str(tokenizer.convert_ids_to_tokens(number)) for number in special_ids(tokenizer))
        self.special = [token for token in known if len(token) > 1]
        self._normalizer = tokenizer.backend_tokenizer.normalizer
        # What is normalised is normalised again when it is tokenised, and to some that is not the same (Llama 2's puts
        # a sign before every text).
        once = self._normalised("A b\n\n c")
        self._settles = self._normalised(once) == once
        self._caseless = self._normalised("A").endswith("a")
        # To a tokenizer that does not see line ends (BERT's), a turn begins wherever its role stands.
        ends, spaces = tokenizer(["a\nuser: b", "a user: b"], add_special_tokens=False)["input_ids"]
        self._lines = ends != spaces

    def broken(self, content: str) -> str:
        """What is rendered of a message's ``content``."""
        if self.plain:
            if self._settles:
                return self._put_off(self._normalised(content), content)
            spelt = self._put_off(self._cased(content), content)
            return self._put_off(self._cased(unicodedata.normalize("NFKC", spelt)), spelt)
        for token in self.special:
            content = content.replace(token, f"{token[0]}{_GAP}{token[1:]}")
        return content

    def breaking(self, template: str) -> str:
        """``template`` with a first part that breaks the same in whatever messages it is given, in each part where a
        message's content has several. It sees a role as it is spelt (in any case, where the tokenizer knows none), not
        as every normalisation would read it.
        """
        roles = (self._by_line() if self._lines else self._by_word()) if self.plain else ""
        return (
            f"{{% macro iirl_broken(text) %}}{{% set it = namespace(text=text) %}}{roles}{self._by_letters()}"
            "{{ it.text }}{% endmacro %}{% set iirl = namespace(messages=[]) %}"
            "{% for message in messages %}{% set iirl.message = message %}{% set iirl.content = message['content'] %}"
            "{% if iirl.content is string %}"
            "{% set iirl.message = dict(message, content=iirl_broken(iirl.content)) %}"
            # What is not there is a sequence to Jinja, and so is a mapping.
            "{% elif iirl.content and iirl.content is sequence and iirl.content is not mapping %}"
            # Not message['content'] itself: by such a loop vLLM tells templates that want parts.
            "{% set iirl.parts = [] %}{% for part in iirl.content %}{% set iirl.part = part %}"
            "{% if part is string %}{% set iirl.part = iirl_broken(part) %}"
            "{% elif part is mapping and part['text'] is string %}"
            "{% set iirl.part = dict(part, text=iirl_broken(part['text'])) %}{% endif %}"
            "{% set iirl.parts = iirl.parts + [iirl.part] %}{% endfor %}"
            "{% set iirl.message = dict(message, content=iirl.parts) %}{% endif %}"
            "{% set iirl.messages = iirl.messages + [iirl.message] %}{% endfor %}"
            f"{{% set messages = iirl.messages %}}{{##}}\n{template}"
        )

    def _by_letters(self) -> str:
        if not self.special:
            return ""
        gapped = f"token[:1] ~ {_quoted(_GAP)} ~ token[1:]"
        replaced = f"{{% set it.text = it.text | replace(token, {gapped}) %}}"
        return f"{{% for token in {_quoted(self.special)} %}}{replaced}{{% endfor %}}"

    def _by_line(self) -> str:
        """A line end is put before the text while roles are sought, so that its first line is found too."""
        return self._sought(
            f"{{% set it.found = '\\n' ~ it.found %}}{{% for role in {_quoted(ROLES)} %}}"
            "{% set headed = '\\n' ~ role %}"
            f"{{% set it.found = it.found | replace(headed ~ ':', headed ~ {_quoted(_DOT)} ~ ':') %}}{{% endfor %}}"
            "{% set it.found = it.found[1:] %}"
        )

    def _by_word(self) -> str:
        """A letter before a role makes it another word's end, and so does the role itself."""
        return self._sought(
            f"{{% for role in {_quoted(ROLES)} %}}"
            "{% set parts = it.found.split(role) %}{% set it.found = parts[0] %}"
            "{% for part in parts[1:] %}{% set before = parts[loop.index0] %}{% set rest = part.lstrip() %}"
            "{% set inside = before[-1:].isalnum() or not (before or loop.first) %}"
            "{% set headed = rest[:1] == ':' and not inside %}"
            f"{{% set it.found = it.found ~ role ~ ({_quoted(_DOT)} ~ rest if headed else part) %}}"
            "{% endfor %}{% endfor %}"
        )

    def _sought(self, steps: str) -> str:
        """``steps``, which change what is found, of the text as the tokenizer sees its case."""
        seen = "it.text | lower" if self._caseless else "it.text"
        return (
            f"{{% set seen = {seen} %}}{{% set it.found = seen %}}{steps}"
            "{% if it.found != seen %}{% set it.text = it.found %}{% endif %}"
        )

    def _put_off(self, seen: str, content: str) -> str:
        """``seen`` with a dot before the colon of each role, or ``content`` where it has none."""
        header = _LINE if self._lines else _WORD
        return header.sub(f"\\1{_DOT}:", seen) if header.search(seen) else content

    def _cased(self, text: str) -> str:
        return text.lower() if self._caseless else text

    def _normalised(self, text: str) -> str:
        return text if self._normalizer is None else str(self._normalizer.normalize_str(text))


def _quoted(what: object) -> str:
    """As a string, or a list, of Jinja."""
    return json.dumps(what, ensure_ascii=False)
