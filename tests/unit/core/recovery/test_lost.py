# SPDX-License-Identifier: Apache-2.0

"""Attachments that Cinder lost: what is repaired, and what is left alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.core.recovery import lost
from volmigrateclient.core.recovery.lost import Stage

_ID, _SERVER_ID = builders.VOLUME_ID, builders.SERVER_ID
_VOLUME = builders.volume(
    status="in-use",
    migration_status="success",
    created_at="2026-11-25T07:00:00.000000",
)
_IN_NOVA = model.ServerVolume(_ID, "novas", "/dev/vdb", False)
_SWAP = model.SwapAction("req-1", "2026-11-25T10:00:00", True, "Success")
_BEFORE_SWITCH = (
    '  File "nova/compute/manager.py", line 1, in _swap_volume\n'
    "    self._connect_volume(context, new_connection_info)\n"
)
_COPY = builders.volume(
    id="copy",
    status="deleting",
    migration_status="deleting",
    description=f"migration src for {_ID}",
)


def _held(
    status: str, id_: str = "a", server_id: str = _SERVER_ID
) -> model.Attachment:
    return model.Attachment(id_, _ID, server_id, status)


def _lost(status: str = "in-use", *held: model.Attachment, **seen: Any) -> Any:
    """A volume that can be repaired, but for what is given."""
    found = lost.Lost(
        dataclasses.replace(_VOLUME, status=status),
        held,
        None,
        (builders.server(),),
        _IN_NOVA,
        (_SWAP,),
        builders.CINDER_VERSION,
    )
    return dataclasses.replace(found, **seen)


@pytest.mark.parametrize(
    ("seen", "stage", "safe"),
    [
        (_lost(), Stage.LOST, True),
        (_lost("downloading"), Stage.FREED, True),
        (_lost("reserved", _held("reserved")), Stage.RESERVED, True),
        (_lost("in-use", _held("attached")), Stage.ATTACHED, False),
        (
            _lost("reserved", _held("reserved"), _held("reserved", "b")),
            Stage.SURPLUS,
            True,
        ),
        (
            _lost("in-use", _held("reserved"), _held("attached", "b")),
            Stage.SURPLUS,
            True,
        ),
        # Two servers may be writing to it, or it is none of ours.
        (
            _lost("in-use", _held("attached"), _held("attached", "b")),
            Stage.OTHER,
            False,
        ),
        (
            _lost("reserved", _held("reserved", "a", "another")),
            Stage.OTHER,
            False,
        ),
        (
            _lost(
                "reserved",
                _held("reserved"),
                _held("reserved", "b", "another"),
            ),
            Stage.OTHER,
            False,
        ),
        (_lost("reserved", _held("reserved", "novas")), Stage.OTHER, False),
        (_lost("reserved"), Stage.OTHER, False),
        (_lost("available"), Stage.OTHER, False),
        (_lost("attaching", _held("attaching")), Stage.OTHER, False),
    ],
)
def test_how_far_it_is(seen: lost.Lost, stage: Stage, safe: bool) -> None:
    assert seen.stage is stage
    assert seen.safe is safe


def _of(**changes: Any) -> lost.Lost:
    """A lost one with another volume."""
    found: lost.Lost = _lost()
    volume = dataclasses.replace(found.volume, **changes)
    return dataclasses.replace(found, volume=volume)


def _server(**changes: Any) -> lost.Lost:
    found: lost.Lost = _lost(servers=(builders.server(**changes),))
    return found


def _swaps(*results: dict[str, Any]) -> lost.Lost:
    swaps = tuple(dataclasses.replace(_SWAP, **one) for one in results)
    found: lost.Lost = _lost(swaps=swaps)
    return found


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (_of(migration_status="migrating"), "its migration status is"),
        (_of(multiattach=True), "it may be attached more than once"),
        (_of(encrypted=True), "it is encrypted"),
        (
            _lost(block_storage_version=model.Microversion(3, 53)),
            "3.54 is needed",
        ),
        (_lost(old_copy=_COPY), "Cinder still has its old copy copy"),
        (_lost(servers=()), "Nova says that no servers have it"),
        (
            _lost(servers=(builders.server(), builders.server(id="other"))),
            "Nova says that 2 servers have it",
        ),
        (
            _server(vm_state=None, status="UNKNOWN"),
            "Nova does not answer for the cell",
        ),
        (_server(status="SHUTOFF", power_state=4), "is SHUTOFF, and not"),
        (_server(status="PAUSED", power_state=3), "is PAUSED, and not"),
        (_server(power_state=4), "is ACTIVE, and not ACTIVE, idle and run"),
        (_server(task_state="rebooting"), "is ACTIVE, rebooting, and not"),
        (_lost(in_nova=None), "Nova does not tell by which attachment"),
        (
            _lost(in_nova=dataclasses.replace(_IN_NOVA, attachment_id=None)),
            "Nova does not tell by which attachment",
        ),
        (
            _lost(in_nova=dataclasses.replace(_IN_NOVA, attachment_id="")),
            "Nova does not tell by which attachment",
        ),
        (_swaps(), "Nova has no record of a swap that succeeded"),
        (
            _swaps({"result": "Error", "traceback": _BEFORE_SWITCH}),
            "Nova has no record of a swap that succeeded",
        ),
        (_swaps({}, {"result": None}), "has not ended, or was cut off"),
        (
            _swaps({}, {"result": "Error"}),
            "Nova's record may be that of the old storage",
        ),
    ],
)
def test_what_speaks_against_it(seen: lost.Lost, why: str) -> None:
    assert any(why in one for one in seen.against), seen.against
    assert not seen.safe
    assert seen.to_do.startswith("nothing")
    assert why in "; ".join(seen.reasons)


def test_a_swap_that_failed_before_the_switch_does_not() -> None:
    seen = _swaps({}, {"result": "Error", "traceback": _BEFORE_SWITCH})

    assert seen.safe


@pytest.mark.parametrize(
    ("status", "settled"),
    [("deleting", False), ("error_deleting", True), ("available", True)],
)
def test_while_cinder_deletes_the_copy_it_may_come_back(
    status: str, settled: bool
) -> None:
    copy = dataclasses.replace(_COPY, status=status)
    seen = _lost(old_copy=copy)

    assert seen.settled is settled
    assert ("in a minute" in seen.to_do) is not settled


def test_what_is_left_is_named() -> None:
    command = "openstack volume watcher-migrate run 1 --destination-type x"
    seen = _lost("in-use", _held("attached"), command=command)

    assert seen.to_do.endswith(f": {command}")
    stopped = dataclasses.replace(
        seen, servers=(builders.server(status="SHUTOFF", power_state=4),)
    )
    assert "see 'An attachment that Cinder lost'" in stopped.to_do


class _Cloud(scripted_cloud.ScriptedCloud):
    """Has one volume, which does what the repair asks of it."""

    def __init__(self, *others: model.Volume) -> None:
        super().__init__(_VOLUME, *others)
        self.volume_ids = {_SERVER_ID: frozenset({_ID})}
        self.server_volumes = [_IN_NOVA]
        self.swaps = [_SWAP]

    def _be(self, status: str, *held: model.Attachment) -> None:
        self.attachments = held
        self.volumes[_ID] = dataclasses.replace(
            _VOLUME,
            status=status,
            attachments=tuple(a for a in held if a.status == "attached"),
        )

    def reset_status(self, volume_id: str, status: str) -> None:
        self.writes.append(("reset", volume_id, status))
        self._answer("reset_status")
        self._be(status)

    def reserve_attachment(self, volume_id: str, server_id: str) -> None:
        self.writes.append(("reserve", volume_id, server_id))
        self._answer("reserve_attachment")
        self._be("reserved", _held("reserved"))

    def complete_attachment(self, attachment_id: str) -> None:
        self.writes.append(("complete", attachment_id))
        self._answer("complete_attachment")
        self._be("in-use", _held("attached"))


def _found(cloud: _Cloud) -> list[lost.Lost]:
    return list(lost.lost_attachments(cloud.core))


_STEPS = [
    ("reset", _ID, "downloading"),
    ("reserve", _ID, _SERVER_ID),
    ("complete", "a"),
]


@pytest.mark.parametrize(
    ("state", "writes"),
    [
        (("in-use",), _STEPS),
        (("downloading",), _STEPS[1:]),
        (("reserved", _held("reserved")), _STEPS[2:]),
    ],
)
def test_it_goes_on_from_any_step(
    state: tuple[Any, ...], writes: list[tuple[str, ...]]
) -> None:
    cloud = _Cloud()
    cloud._be(*state)
    (found,) = _found(cloud)
    job = lost.job(found)

    ending, _ = driving.drive(job.steps(paths.Move(cloud.core, job.request)))

    assert cloud.writes == writes
    assert ending.outcome is paths.Outcome.DONE
    assert (
        f"run {_ID} --destination-type gold --destination-node "
        f"'{builders.SPARE}'"
    ) in ending.reason
    # It is still shown, until a move gave both services one attachment.
    (left,) = _found(cloud)
    assert left.stage is Stage.ATTACHED


def test_nothing_is_done_that_changed_meanwhile() -> None:
    cloud = _Cloud()
    job = lost.job(_found(cloud)[0])
    cloud.servers[_SERVER_ID] = builders.server(task_state="rebooting")

    with pytest.raises(errors.FailedError, match="it changed meanwhile"):
        next(job.steps(paths.Move(cloud.core, job.request)))

    assert cloud.writes == []


def test_cinder_refuses() -> None:
    cloud = _Cloud()
    job = lost.job(_found(cloud)[0])
    cloud.fails["reserve_attachment"] = [errors.ForbiddenError("no", 403)]

    with pytest.raises(
        errors.FailedError, match="The volume is downloading; do not reboot"
    ):
        driving.drive(job.steps(paths.Move(cloud.core, job.request)))


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("in-use", model.Attachment("novas", _ID, _SERVER_ID, host="hv1")),
        ("in-use", model.Attachment("a", _ID, _SERVER_ID, host="hv1")),
        # As of a shelved server, which Nova knows.
        ("reserved", _held("reserved", "novas")),
    ],
)
def test_what_is_no_lost_attachment(
    status: str, held: model.Attachment
) -> None:
    cloud = _Cloud()
    cloud._be(status, held)

    assert _found(cloud) == []
