# SPDX-License-Identifier: Apache-2.0

"""How a swap via Nova is known in the cloud, where all its state is.

The temporary user's name is made of the volume's ID, so that Keystone's
rule of unique names makes the user a lock; the destination volume says in
its metadata what it is for. Both are found from any machine.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
from collections.abc import Mapping

from volmigrateclient.core.model.resources import User, Volume

USER_PREFIX = "volmig-"

#: On every destination volume until the end; found by a metadata filter.
ROLE_KEY, DESTINATION = "volmig", "destination"
_SOURCE, _RUN, _SERVER = "volmig_source", "volmig_run", "volmig_server"
_STARTED, _REQUEST, _KEEP = "volmig_started", "volmig_swap", "volmig_keep"
_AFTER = "volmig_after"
KEYS = (ROLE_KEY, _SOURCE, _RUN, _SERVER, _STARTED, _REQUEST, _AFTER, _KEEP)

#: On a source that was kept: the volume that the server has instead.
REPLACED_BY = "volmig_replaced_by"

#: Instead of the swap's request ID: Nova is being asked right now.
PENDING = "pending"
#: Instead of an earlier swap's request ID: the server had none.
NO_SWAP = "none"

#: A tenant may write into this metadata; its IDs become part of commands.
_ID = re.compile(r"[\w-]*", re.ASCII)

_DESCRIPTION = re.compile(
    r"swap of volume (?P<source>\S+); run (?P<run>\w+); "
    r"server (?P<server>\S+); started (?P<started>\S+?)\."
)


@dataclasses.dataclass(frozen=True)
class SwapMarker:
    """One run: what it swaps, where, and since when.

    :param started: UTC, ISO 8601 in seconds, by this machine's clock
    :param request_id: of the swap: '' before Nova is asked, then PENDING
        until its answer
    :param after: request ID of the server's last swap before this one, or
        NO_SWAP; clocks differ, the order of Nova's own records does not
    """

    source_id: str
    run_id: str
    server_id: str
    started: str
    keep_source: bool = False
    request_id: str = ""
    after: str = ""

    @property
    def user_name(self) -> str:
        """The temporary user's name: one for each volume."""
        return user_name(self.source_id)

    @property
    def description(self) -> str:
        """What the temporary user says of itself."""
        return (
            "Temporary user of volmigrateclient for the swap of volume "
            f"{self.source_id}; run {self.run_id}; server {self.server_id}; "
            f"started {self.started}. See 'openstack volume watcher-migrate "
            "recover'"
        )

    @property
    def metadata(self) -> dict[str, str]:
        """What the destination volume says of itself."""
        return {
            ROLE_KEY: DESTINATION,
            _SOURCE: self.source_id,
            _RUN: self.run_id,
            _SERVER: self.server_id,
            _STARTED: self.started,
            **({_REQUEST: self.request_id} if self.request_id else {}),
            **({_AFTER: self.after} if self.after else {}),
            **({_KEEP: "yes"} if self.keep_source else {}),
        }


def new(source_id: str, server_id: str, keep_source: bool) -> SwapMarker:
    """The marker of a run that starts now."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return SwapMarker(
        source_id=source_id,
        run_id=secrets.token_hex(8),
        server_id=server_id,
        started=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        keep_source=keep_source,
    )


def user_name(volume_id: str) -> str:
    """The name of the user who swaps a volume."""
    return f"{USER_PREFIX}{volume_id.lower()}"


def of_volume(volume: Volume) -> SwapMarker | None:
    """The marker on a destination volume."""
    metadata = volume.metadata
    if metadata.get(ROLE_KEY) != DESTINATION or _SOURCE not in metadata:
        return None
    ids = (_SOURCE, _RUN, _SERVER, _REQUEST, _AFTER)
    if not all(_ID.fullmatch(metadata.get(key, "")) for key in ids):
        return None  # not what we write
    return SwapMarker(
        source_id=metadata[_SOURCE],
        run_id=metadata.get(_RUN, ""),
        server_id=metadata.get(_SERVER, ""),
        started=metadata.get(_STARTED, ""),
        keep_source=_KEEP in metadata,
        request_id=metadata.get(_REQUEST, ""),
        after=metadata.get(_AFTER, ""),
    )


def of_user(user: User) -> SwapMarker | None:
    """The marker in a temporary user's description."""
    found = _DESCRIPTION.search(user.description)
    if found is None:
        return None
    return SwapMarker(
        source_id=found["source"],
        run_id=found["run"],
        server_id=found["server"],
        started=found["started"],
    )


def run_filter(run_id: str) -> str:
    """Cinder's metadata filter for what a run has made."""
    return str({_RUN: run_id})


def source_filter(source_id: str) -> str:
    """Cinder's metadata filter for the destinations of a volume's swaps."""
    return str({ROLE_KEY: DESTINATION, _SOURCE: source_id})


def without(metadata: Mapping[str, str]) -> dict[str, str]:
    """A volume's own metadata: a marker must not be copied to another."""
    return {
        key: value
        for key, value in metadata.items()
        if key not in (*KEYS, REPLACED_BY)
    }


def destination_filter() -> str:
    """Cinder's metadata filter for every run's destination volume."""
    return str({ROLE_KEY: DESTINATION})
