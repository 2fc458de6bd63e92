# SPDX-License-Identifier: Apache-2.0
"""The volumes and servers that everybody's moves are measured on."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent import futures
from typing import Any

from cinderclient.v3 import client
from keystoneauth1 import session
from keystoneauth1.identity import v3

from bench import moves, records
from tests import cloud as cloud_
from tests.functional import resources

_BACKENDS = ("alpha", "beta", "gamma", "delta")
_AT_ONCE = 4
#: Seconds for a move that has not ended, and for one back.
_SETTLE, _BACK = 30.0, 90.0
_PROJECT = "demo"


@dataclasses.dataclass
class Slot:
    """A volume to move; as a server's disk it may become another volume.

    :param digest: of its content, which no move may change
    """

    volume_id: str
    digest: str
    server_id: str | None = None
    device: str | None = None


class Field:
    """Makes volumes, puts them back, and knows the truth about them."""

    def __init__(self, cloud: cloud_.Cloud) -> None:
        self.cloud = cloud
        self._make = resources.Resources(cloud)
        self._slots: dict[bool, list[Slot]] = {False: [], True: []}
        self._one_server = threading.Lock()

    def prepare(self) -> None:
        """Make the volume type, and let two pools serve it."""
        made = self._make.cinder.volume_types.create(moves.TYPE)
        made.set_keys({"volume_backend_name": moves.BACKEND_NAME})
        for backend in ("alpha", "beta"):
            self.cloud.fault_switches(backend).set(
                capabilities={"volume_backend_name": moves.BACKEND_NAME}
            )

    @contextlib.contextmanager
    def slowed(self, seconds: float) -> Iterator[None]:
        """Have the backends take so much longer to make a volume."""
        for backend in _BACKENDS:
            self.cloud.fault_switches(backend).set(create=f"slow:{seconds:g}")
        try:
            yield
        finally:
            for backend in _BACKENDS:
                self.cloud.fault_switches(backend).set(create=None)

    def slots(self, number: int, attached: bool) -> list[Slot]:
        """The first so many volumes; made where there are fewer yet.

        One that a move has left in a bad state is replaced.
        """
        kept = self._slots[attached]
        kept[:] = [slot for slot in kept if self._is_sound(slot)]
        missing = number - len(kept)
        if missing > 0:
            kept += self.fresh(missing, attached)
        return kept[:number]

    def _is_sound(self, slot: Slot) -> bool:
        """Whether it can be moved; given time, if it still moves."""
        attached = slot.server_id is not None

        def idle() -> bool:
            self._look(slot)
            return self._record(slot).is_idle(attached)

        with contextlib.suppress(AssertionError):
            resources.until("idle", idle, _SETTLE)
            return self._is_whole(slot)
        return False

    def fresh(self, number: int, attached: bool) -> list[Slot]:
        """Volumes of their own, on alpha; each of a server of its own.

        Nova swaps one disk of a server at a time, whoever asks.
        """
        with (
            self._only("alpha"),
            futures.ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            return list(
                pool.map(lambda _: self._fresh(attached), range(number))
            )

    def _fresh(self, attached: bool) -> Slot:
        made = self._make.volume(moves.TYPE)
        slot = Slot(made.id, self.cloud.digest(made.id))
        if attached:
            # One at a time: many at once may find no host in Nova.
            with self._one_server:
                server = self._make.server(made, root_type=moves.TYPE)
            slot.server_id = str(server.id)
            row = self._make.server_volumes(slot.server_id)[made.id]
            slot.device = str(row["device"])
        return slot

    @contextlib.contextmanager
    def _only(self, backend: str) -> Iterator[None]:
        """Leave the scheduler no choice."""
        others = [
            service.host
            for service in self._make.cinder.services.list(
                binary="cinder-volume"
            )
            if not service.host.endswith(f"@{backend}")
        ]
        for host in others:
            self._make.disable(host)
        try:
            yield
        finally:
            for host in others:
                self._make.enable(host)

    def _look(self, slot: Slot) -> None:
        """See which volume a disk is by now."""
        if slot.server_id and slot.device:
            slot.volume_id = (
                records.disk(self.cloud.directory, slot.server_id, slot.device)
                or slot.volume_id
            )

    def task(
        self,
        kind: moves.Kind,
        slots: Sequence[Slot],
        parallel: int,
        from_home: bool = False,
    ) -> moves.Task:
        """A task that moves volumes to the other side.

        :param from_home: for a peer that cannot move them back
        """
        there = (moves.ALPHA, moves.BETA)
        if not kind.to_pool:
            there = (moves.TYPE, moves.OTHER_TYPE)
        home, away = there
        at = [self._where(kind, slot) for slot in slots]
        if (from_home and away in at) or set(at) not in ({home}, {away}):
            self.put_back(slots)
            at = [self._where(kind, slot) for slot in slots]
        self._as_if_never_moved(slots)
        return moves.Task(
            kind,
            tuple(slot.volume_id for slot in slots),
            away if at[0] == home else home,
            parallel,
        )

    def _where(self, kind: moves.Kind, slot: Slot) -> str:
        self._look(slot)
        record = self._record(slot)
        return record.host if kind.to_pool else record.type

    def _record(self, slot: Slot) -> records.Record:
        return records.volume(self.cloud.directory, slot.volume_id)

    def _as_if_never_moved(self, slots: Sequence[Slot]) -> None:
        """Clear what earlier moves left in ``migration_status``.

        Watcher 14 takes an old "success" for the new move's.
        """
        for slot in slots:
            if self._record(slot).migration_status is not None:
                self._make.cinder.volumes.reset_state(
                    slot.volume_id, None, migration_status="none"
                )

    def put_back(self, slots: Sequence[Slot]) -> None:
        """Move volumes to their first type and to alpha, unmeasured."""
        with (
            self._only("alpha"),
            futures.ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            list(pool.map(self._put_back, slots))

    def _put_back(self, slot: Slot) -> None:
        self._look(slot)
        volumes = self._make.cinder.volumes
        if self._record(slot).type != moves.TYPE:
            volumes.retype(slot.volume_id, moves.TYPE, "on-demand")
        elif self._record(slot).host != moves.ALPHA:
            volumes.migrate_volume(slot.volume_id, moves.ALPHA, False, True)
        try:
            resources.until("put back", lambda: self._is_back(slot), _BACK)
        except AssertionError:
            # Cinder may lose an attachment, of this move as of any other.
            fresh = self._fresh(slot.server_id is not None)
            vars(slot).update(vars(fresh))

    def _is_back(self, slot: Slot) -> bool:
        record = self._record(slot)
        kind = moves.Kind.LIVE if slot.server_id else moves.Kind.COLD_RETYPE
        return record.is_at(kind, moves.TYPE) and (
            record.host == moves.ALPHA and self._is_whole(slot)
        )

    def moved(self, slot: Slot, task: moves.Task) -> bool:
        """Whether a volume is where it was to go, whole, and in use."""
        self._look(slot)
        return self._record(slot).is_at(
            task.kind, task.destination
        ) and self._is_whole(slot)

    def _is_whole(self, slot: Slot) -> bool:
        if slot.server_id is None:
            return self.cloud.digest(slot.volume_id) == slot.digest
        return (
            records.attached(self.cloud.directory, slot.volume_id)
            and self.cloud.guest_digest(slot.server_id, str(slot.device))
            == slot.digest
        )

    def done_at(self, task: moves.Task) -> float:
        """When the services were done with the last volume."""
        seen = [
            records.volume(self.cloud.directory, volume_id)
            for volume_id in task.volume_ids
        ]
        return max(one.done_at for one in seen)

    @contextlib.contextmanager
    def temporary_user(self) -> Iterator[Any]:
        """A Cinder client of a user that is there for the block only.

        The user may make volumes in the volumes' project.
        """
        keystone, name = self.cloud.admin_keystone, f"floor-{uuid.uuid4()}"
        project_id = self._make.project_id(_PROJECT)
        (role,) = keystone.roles.list(name="member")
        user = keystone.users.create(name, domain="default", password=name)
        keystone.roles.grant(role, user=user, project=project_id)
        yield client.Client(
            "3",
            session=session.Session(
                v3.Password(
                    self.cloud.auth_url,
                    user_id=user.id,
                    password=name,
                    project_id=project_id,
                )
            ),
            interface="internal",
        )
        keystone.users.delete(user)
