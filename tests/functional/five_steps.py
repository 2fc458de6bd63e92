# SPDX-License-Identifier: Apache-2.0
"""The requests of a swap via Nova's five steps, and their faults.

All of it is data: :mod:`.test_five_steps_faults` runs it on the test cloud.
"""

from __future__ import annotations

import dataclasses
from typing import Any

#: A client's patience (s) in the cases whose request is never answered.
PATIENCE = 8

#: What happens to a request -> how the fault proxy does it. "killed" and
#: signals come after the service has acted, when the client does not know
#: it yet: before that, nothing has changed since the request before.
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"answer": 500},
    "500 always": {"answer": 500, "every": True},
    "403": {"answer": 403},
    "409": {"answer": 409},
    "413": {"answer": 413},
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "not answered": {"hang": "after"},
    "SIGKILL": {"when": "after"},
    "SIGINT": {"when": "after"},
    "SIGTERM": {"when": "after"},
}


@dataclasses.dataclass(frozen=True)
class Request:
    """One request of the five steps.

    :param step: of the five; 3 has the evidence
    :param match: which it is, for the fault proxy
    """

    name: str
    step: int
    match: dict[str, Any]


def _request(
    name: str, step: int, service: str, method: str, path: str, **more: Any
) -> Request:
    return Request(
        name, step, {"service": service, "method": method, "path": path} | more
    )


_ACTION = r"/volumes/[^/]+/action$"
_METADATA = r"/volumes/[^/]+/metadata$"

#: Those that change something, in their order.
WRITES = (
    _request("POST user", 1, "identity", "POST", "/v3/users$"),
    _request("PUT role of the user", 1, "identity", "PUT", "/roles/"),
    _request(
        "POST token of the user",
        2,
        "identity",
        "POST",
        "/auth/tokens$",
        # An admin logs in by name, the temporary user by its ID.
        body_pattern=r'"user": \{[^{}]*"id"',
    ),
    _request("POST volume", 2, "volume", "POST", "/volumes$"),
    _request("PATCH user (disable)", 2, "identity", "PATCH", "/v3/users/"),
    _request(
        "set bootable",
        2,
        "volume",
        "POST",
        _ACTION,
        body_pattern="os-set_bootable",
    ),
    _request(
        "set image metadata",
        2,
        "volume",
        "POST",
        _ACTION,
        body_pattern="os-set_image_metadata",
    ),
    _request(
        "set read-only",
        2,
        "volume",
        "POST",
        _ACTION,
        body_pattern="os-update_readonly_flag",
    ),
    _request(
        "POST metadata (pending)",
        3,
        "volume",
        "POST",
        _METADATA,
        body_pattern='"volmig_swap": "pending"',
    ),
    _request(
        "PUT attachment (swap)",
        3,
        "compute",
        "PUT",
        "/os-volume_attachments/",
        # The first one is the probe.
        nth=2,
    ),
    _request(
        "POST metadata (request ID)",
        3,
        "volume",
        "POST",
        _METADATA,
        body_pattern='"volmig_swap": "req-',
    ),
    _request("DELETE source", 4, "volume", "DELETE", "/volumes/[^/]+$"),
    _request("PUT metadata (unmark)", 4, "volume", "PUT", _METADATA),
    _request("DELETE user", 5, "identity", "DELETE", "/v3/users/"),
)

#: Those that only look. ``nth`` passes over the survey's own.
READS = (
    _request("GET users", 1, "identity", "GET", "/v3/users$"),
    _request(
        "GET destinations", 1, "volume", "GET", "/volumes/detail$", nth=2
    ),
    _request("GET roles", 1, "identity", "GET", "/v3/roles$"),
    _request(
        "GET password rule", 1, "identity", "GET", "/security_compliance$"
    ),
    _request("GET destination", 2, "volume", "GET", "/volumes/detail$", nth=4),
    _request("GET actions", 3, "compute", "GET", "/os-instance-actions$"),
    _request("GET attachments", 3, "volume", "GET", "/attachments$", nth=2),
    _request("GET action", 3, "compute", "GET", "/os-instance-actions/req"),
    _request(
        "GET server's volumes", 3, "compute", "GET", "/os-volume_attachments$"
    ),
    _request("GET snapshots", 3, "volume", "GET", "/snapshots/detail$", nth=2),
    _request("GET servers", 3, "compute", "GET", "/servers/detail$", nth=2),
)

_BY_NAME = {request.name: request for request in (*WRITES, *READS)}


@dataclasses.dataclass(frozen=True)
class Case:
    """One run with one thing that goes wrong; or two, while undoing.

    :param outcome: how it must end, in the words of the table
    :param owner: of the switches that are set meanwhile: nova, or the
        backends of the source or of the destination
    :param then: what goes wrong at a later request
    :param words: more of the command line
    """

    what: str
    fault: str
    outcome: str
    request: Request | None = None
    owner: str = ""
    switches: dict[str, Any] = dataclasses.field(default_factory=dict)
    then: tuple[str, str] | None = None
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """A name that no other case has."""
        return f"{self.what}: {self.fault}"


DONE = "done"
UNDONE = "undone"
FINISHED = "recover finishes it"
REMOVED = "recover undoes it"
QUARANTINE = "quarantine"
DONE_SOURCE_LEFT = "done, the source is named as left"


def _at(name: str, fault: str, outcome: str) -> Case:
    request = _BY_NAME[name]
    return Case(name, fault, outcome, request)


def _while_undoing(name: str, fault: str, outcome: str) -> Case:
    first = _BY_NAME["set bootable"]
    return Case(
        f"while undoing, {name}",
        fault,
        outcome,
        first,
        then=(name, fault),
    )


def _switch(
    what: str,
    outcome: str,
    owner: str = "nova",
    words: tuple[str, ...] = (),
    **switches: Any,
) -> Case:
    return Case(
        what,
        ", ".join(f"{name}={value}" for name, value in switches.items()),
        outcome,
        owner=owner,
        switches=switches,
        words=words,
    )


def _slowly(case: Case, owner: str) -> Case:
    """The same, with recover at work while Cinder is still deleting."""
    return dataclasses.replace(
        case,
        what=f"{case.what}, which takes seconds",
        owner=owner,
        switches={"delete": "slow:5"},
    )


def request(name: str) -> Request:
    """The request of that name."""
    return _BY_NAME[name]


CASES: tuple[Case, ...] = (
    # Step one
    _at("POST user", "500", DONE),
    _at("POST user", "dropped before", DONE),
    _at("POST user", "dropped after", DONE),
    _at("POST user", "not answered", DONE),
    _at("POST user", "403", UNDONE),
    _at("POST user", "409", UNDONE),
    _at("POST user", "SIGKILL", REMOVED),
    _at("POST user", "SIGINT", UNDONE),
    _at("PUT role of the user", "500", DONE),
    _at("PUT role of the user", "500 always", UNDONE),
    _at("PUT role of the user", "403", UNDONE),
    _at("PUT role of the user", "dropped after", DONE),
    _at("PUT role of the user", "SIGKILL", REMOVED),
    _at("PUT role of the user", "SIGTERM", UNDONE),
    # Step two
    _at("POST token of the user", "500", UNDONE),
    _at("POST token of the user", "dropped after", UNDONE),
    _at("POST token of the user", "SIGKILL", REMOVED),
    _at("POST volume", "500", UNDONE),
    _at("POST volume", "413", UNDONE),
    _at("POST volume", "403", UNDONE),
    _at("POST volume", "dropped before", UNDONE),
    _at("POST volume", "dropped after", DONE),
    _at("POST volume", "not answered", DONE),
    _at("POST volume", "SIGKILL", REMOVED),
    _at("POST volume", "SIGINT", UNDONE),
    _at("PATCH user (disable)", "500", DONE),
    _at("PATCH user (disable)", "500 always", UNDONE),
    _at("PATCH user (disable)", "dropped after", DONE),
    _at("PATCH user (disable)", "SIGKILL", REMOVED),
    _at("set bootable", "500", DONE),
    _at("set bootable", "409", UNDONE),
    _at("set bootable", "dropped after", DONE),
    _at("set bootable", "SIGKILL", REMOVED),
    _at("set image metadata", "500", DONE),
    _at("set image metadata", "500 always", UNDONE),
    _at("set image metadata", "dropped after", DONE),
    _at("set image metadata", "SIGKILL", REMOVED),
    _at("set read-only", "500", DONE),
    _at("set read-only", "dropped after", DONE),
    _at("set read-only", "SIGKILL", REMOVED),
    _at("set read-only", "SIGTERM", UNDONE),
    _switch(
        "the destination ends in error", UNDONE, "destination", create="fail"
    ),
    # Step three, until Nova is asked
    _at("POST metadata (pending)", "500", DONE),
    _at("POST metadata (pending)", "403", UNDONE),
    _at("POST metadata (pending)", "dropped after", DONE),
    _at("POST metadata (pending)", "SIGKILL", REMOVED),
    _at("POST metadata (pending)", "SIGINT", UNDONE),
    # Step three, from then on
    _at("PUT attachment (swap)", "500", UNDONE),
    _at("PUT attachment (swap)", "409", UNDONE),
    _at("PUT attachment (swap)", "403", UNDONE),
    _at("PUT attachment (swap)", "dropped before", UNDONE),
    _at("PUT attachment (swap)", "dropped after", DONE),
    _at("PUT attachment (swap)", "not answered", DONE),
    _at("PUT attachment (swap)", "SIGKILL", FINISHED),
    _at("PUT attachment (swap)", "SIGINT", FINISHED),
    _at("POST metadata (request ID)", "500", DONE),
    _at("POST metadata (request ID)", "403", DONE),
    _at("POST metadata (request ID)", "dropped after", DONE),
    _at("POST metadata (request ID)", "SIGKILL", FINISHED),
    _at("POST metadata (request ID)", "SIGTERM", FINISHED),
    _at("GET server's volumes", "403", FINISHED),
    _at("GET server's volumes", "SIGKILL", FINISHED),
    # Steps four and five
    _at("DELETE source", "500", DONE),
    _at("DELETE source", "403", DONE_SOURCE_LEFT),
    _at("DELETE source", "409", DONE_SOURCE_LEFT),
    _at("DELETE source", "dropped before", DONE),
    _at("DELETE source", "dropped after", DONE),
    _at("DELETE source", "not answered", DONE),
    _at("DELETE source", "SIGKILL", FINISHED),
    _at("DELETE source", "SIGINT", DONE),
    _slowly(_at("DELETE source", "SIGKILL", FINISHED), "source"),
    _switch(
        "the source cannot be deleted",
        DONE_SOURCE_LEFT,
        "source",
        delete="fail",
    ),
    _switch("the source is busy", DONE_SOURCE_LEFT, "source", delete="busy"),
    _at("PUT metadata (unmark)", "500", DONE),
    _at("PUT metadata (unmark)", "500 always", FINISHED),
    _at("PUT metadata (unmark)", "dropped after", DONE),
    _at("PUT metadata (unmark)", "SIGKILL", REMOVED),
    _at("DELETE user", "500", DONE),
    _at("DELETE user", "500 always", REMOVED),
    _at("DELETE user", "409", REMOVED),
    _at("DELETE user", "dropped after", DONE),
    _at("DELETE user", "not answered", DONE),
    _at("DELETE user", "SIGKILL", DONE),
    _at("DELETE user", "SIGTERM", DONE),
    # While undoing
    _while_undoing("DELETE source", "500 always", REMOVED),
    _while_undoing("DELETE source", "dropped after", UNDONE),
    _while_undoing("DELETE source", "SIGKILL", REMOVED),
    _slowly(
        _while_undoing("DELETE source", "SIGKILL", REMOVED), "destination"
    ),
    _while_undoing("DELETE user", "500 always", REMOVED),
    _while_undoing("DELETE user", "SIGTERM", UNDONE),
    # Nova's own failures, by their points
    # (services.rst, services-swap-failures)
    _switch("P1, before anything", UNDONE, connector="fail"),
    _switch("P2, connecting in Cinder", UNDONE, attachment_update="fail"),
    _switch("P3, connecting on the host", UNDONE, swap="fail-connect"),
    _switch("P4, while copying", UNDONE, swap="fail-before-pivot"),
    _switch(
        "P9, taken up late",
        FINISHED,
        "nova",
        ("--timeout=30",),
        consume="never",
    ),
    _switch("P5, after the switch", QUARANTINE, swap="fail-after-pivot"),
    _switch("P5, completing", QUARANTINE, attachment_complete="fail"),
    _switch("P6, detaching the old", QUARANTINE, attachment_delete="fail"),
    _switch("P8, noting the new", QUARANTINE, bdm_save="fail"),
)
