# SPDX-License-Identifier: Apache-2.0

"""Text from the cloud, as it may stand in a sentence and in a command.

What a tenant wrote is untrusted: a name may hold a terminal's commands, or
end a line and begin another that looks like ours.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

#: C0, DEL and C1; line and paragraph separators; what turns the direction of
#: writing; what is not seen at all; halves of a character.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escaped(text: str) -> str:
    """A text on one line, with ``\\x1b`` and the like for its controls."""
    return _CONTROLS.sub(_escape, text)


def escaped_lines(text: str) -> str:
    """The same for a text of our own that may have several lines."""
    return "\n".join(escaped(line) for line in text.split("\n"))


def quoted(text: str) -> str:
    """What somebody wrote, told from what we say: ``'name'``.

    Nothing in it ends the quotes, and so nothing after it is theirs.
    """
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped(plain)}'"


def shell(word: str) -> str:
    """A word of a command, quoted for a shell where that is needed."""
    if not _CONTROLS.search(word):
        return shlex.quote(word)
    # bash, zsh, ksh and POSIX since 2024 know this one.
    plain = word.replace("\\", "\\\\").replace("'", "\\047")
    return f"$'{escaped(plain)}'"


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The end of a sentence on a name that is none: those like it, or ''."""
    import difflib  # of use only once somebody mistyped

    near = difflib.get_close_matches(word, sorted(set(names)), n=3)
    if not near:
        return ""
    return f"; did you mean {' or '.join(map(quoted, near))}?"


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    number = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}"
