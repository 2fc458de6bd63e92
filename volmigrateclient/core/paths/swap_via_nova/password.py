# SPDX-License-Identifier: Apache-2.0

"""A password that nobody ever sees."""

from __future__ import annotations

import re
import secrets
import string

from volmigrateclient.core.model import errors

#: Longer ones are cut off by bcrypt, or refused.
_LONGEST = 72
_ALPHABETS = (
    string.ascii_letters + string.digits + "-_.!",
    string.ascii_letters + string.digits,
)
#: All of at least 128 bits, even without symbols.
_LENGTHS = (64, 40, 32, 24)


def make(regex: str | None = None) -> str:
    """A random password with every class of characters.

    :param regex: what Keystone's security_compliance asks for
    :raises FailedError: no kind of ours satisfies it
    """
    for alphabet in _ALPHABETS:
        for length in _LENGTHS:
            password = _random(alphabet, length)
            if regex is None or re.match(regex, password):
                return password
    raise errors.FailedError(
        "Keystone's rule for passwords accepts none of at least 24 random "
        "characters; name a domain with another rule "
        "(--temporary-user-domain)"
    )


def _random(alphabet: str, length: int) -> str:
    classes = [
        string.ascii_lowercase,
        string.ascii_uppercase,
        string.digits,
        "".join(c for c in alphabet if not c.isalnum()),
    ]
    characters = [secrets.choice(kind) for kind in classes if kind]
    characters += [
        secrets.choice(alphabet) for _ in range(length - len(characters))
    ]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)[:_LONGEST]
