# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A password that nobody ever sees."""

from __future__ import annotations

import re
import secrets
import string

from volmigrateclient.core import errors

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
