# SPDX-License-Identifier: Apache-2.0

"""Versions of the services' APIs, and since which they tell what we need."""

from __future__ import annotations

import typing


class Microversion(typing.NamedTuple):
    """One version, such as 2.89; compares as versions do."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Microversion:
        """What a service writes as ``2.89``.

        :raises ValueError: it is none
        """
        major, minor = text.split(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


# (services.rst, services-microversions)

#: Cinder lists a volume's messages.
MESSAGES = Microversion(3, 5)
#: Cinder shows the cluster of a service.
SERVICE_CLUSTERS = Microversion(3, 7)
#: Cinder lists attachments, those that are only reserved too.
ATTACHMENTS = Microversion(3, 27)
#: Cinder takes how an attachment may be used when that is made.
ATTACHMENT_MODES = Microversion(3, 54)
#: Cinder shows a volume's cluster.
VOLUME_CLUSTERS = Microversion(3, 61)
#: Cinder shows the ID of a volume's type, before it only the type's name.
VOLUME_TYPE_IDS = Microversion(3, 63)
#: Nova shows which of Cinder's attachments a server's volume is.
SERVER_ATTACHMENT_IDS = Microversion(2, 89)
