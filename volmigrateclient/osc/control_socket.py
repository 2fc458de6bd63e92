# SPDX-License-Identifier: Apache-2.0

"""How an ``apply`` that runs is told something from another terminal.

A socket beside the plan, which this machine's processes of the same user
(and root) can reach and nobody else. It is there as long as ``apply`` runs.
After a kill it stays behind, and nobody answers: the next ``apply`` removes
it. A lock on the plan tells the two apart, and that a plan is applied twice
at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import pathlib
import socket
import stat
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from typing import Any

from volmigrateclient.core.engine.throttle import (
    Instruction,
    Throttle,
    Verb,
)
from volmigrateclient.core.model import errors

LOG = logging.getLogger(__name__)

#: Bytes that a socket's address may have: 108 on Linux, less elsewhere.
_ADDRESS = 100
#: Bytes of a request or an answer.
_MOST = 65536
#: Seconds that the other side may take to say something.
_PATIENCE = 5.0
#: Seconds within which the engine usually comes round to what it is told.
_SOON = 15.0

_CAPS = ("parallel", "per_source", "per_destination")


def path_of(plan: pathlib.Path) -> pathlib.Path:
    """The socket of a plan."""
    return plan.with_name(f"{plan.name}.control")


@contextlib.contextmanager
def listening(
    plan: pathlib.Path,
    throttle: Throttle,
    complain: Callable[[str], None],
) -> Iterator[None]:
    """Take instructions for a plan as long as it is applied.

    :param complain: told where it cannot be; nothing else is wrong then
    :raises FailedError: the plan is being applied by another process
    """
    with _locked(plan), contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(_bound(path_of(plan)))
        except OSError as error:
            complain(
                "'control' cannot reach this run: no socket "
                f"{path_of(plan)}: {error.strerror or error}"
            )
            yield
            return
        over = threading.Event()
        thread = threading.Thread(
            target=_serve, args=(server, throttle, over), daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(_PATIENCE)


@contextlib.contextmanager
def _locked(plan: pathlib.Path) -> Iterator[None]:
    """Hold a lock on the plan, which the kernel lets go after a kill."""
    with plan.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _applied_twice(plan) from None
        except OSError as error:
            # Some file systems know no locks; it is to help, no more.
            LOG.debug("no lock on %s: %s", plan, error)
        yield


def _applied_twice(plan: pathlib.Path) -> errors.FailedError:
    return errors.FailedError(
        f"{plan} is being applied already; see 'openstack volume "
        f"watcher-migrate control {plan} status'"
    )


@contextlib.contextmanager
def _bound(path: pathlib.Path) -> Iterator[socket.socket]:
    """A socket that listens, for its owner alone; gone afterwards."""
    with (
        _address(path) as address,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server,
    ):
        _remove_stale(path, address)
        # Nobody else may have it between its making and a chmod.
        before = os.umask(0o177)
        try:
            server.bind(address)
        finally:
            os.umask(before)
        made = path.lstat()
        try:
            server.listen()
            server.settimeout(0.2)
            yield server
        finally:
            with contextlib.suppress(OSError):
                if os.path.samestat(path.lstat(), made):
                    path.unlink()


def _remove_stale(path: pathlib.Path, address: str) -> None:
    """Remove the socket of a run that was killed, and nothing else."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(17, "a file that is no socket is in its place")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            path.unlink()
            return
    # The plan was written anew while it is applied: another lock.
    raise _applied_twice(path.with_name(path.name.removesuffix(".control")))


@contextlib.contextmanager
def _address(path: pathlib.Path) -> Iterator[str]:
    """What to call a socket whose path may be too long for an address."""
    absolute = str(path.absolute())
    if len(os.fsencode(absolute)) <= _ADDRESS:
        yield absolute
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _serve(
    server: socket.socket, throttle: Throttle, over: threading.Event
) -> None:
    while not over.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        except OSError:
            return
        with connection:
            connection.settimeout(_PATIENCE)
            try:
                answer = _answered(connection, throttle, over)
                connection.sendall(json.dumps(answer).encode() + b"\n")
            except OSError as error:
                LOG.debug("who asked is gone: %s", error)


def _answered(
    connection: socket.socket, throttle: Throttle, over: threading.Event
) -> Mapping[str, Any]:
    if not _is_ours(connection):
        return {"error": "not allowed"}
    try:
        asked = _instruction(json.loads(_line(connection)))
    except (ValueError, KeyError, TypeError) as error:
        return {"error": f"not understood: {error}"}
    told = throttle.tell(asked)
    waited = 0.0
    while waited < _SOON and not over.is_set():
        try:
            return dataclasses.asdict(told.result(0.2))
        except futures.TimeoutError:
            waited += 0.2
    if over.is_set():
        return {"error": "it has just ended"}
    return {"later": True}


def _is_ours(connection: socket.socket) -> bool:
    """Whether who asks is this user or root, where the system tells."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True  # the socket's own mode has to do
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, option, size)
    )
    return user in (os.geteuid(), 0)


def _line(connection: socket.socket) -> bytes:
    read = b""
    while b"\n" not in read:
        part = connection.recv(_MOST)
        if not part or len(read) > _MOST:
            break
        read += part
    return read


def _instruction(asked: Any) -> Instruction:
    if not isinstance(asked, dict):
        raise TypeError("it is no JSON object")
    limits = dict(asked.get("limits") or {})
    for name, most in limits.items():
        if name not in _CAPS or (most is None and name == "parallel"):
            raise ValueError(f"no cap {name}: {most}")
        if most is not None and (type(most) is not int or most < 1):
            raise ValueError(f"{name} must be 1 or more")
    volume = asked.get("volume")
    if volume is not None and not isinstance(volume, str):
        raise ValueError("a volume is named by a text")
    return Instruction(Verb(asked["verb"]), volume, limits)


def ask(plan: pathlib.Path, instruction: Instruction) -> Mapping[str, Any]:
    """Tell the ``apply`` that runs something, and give its answer.

    :raises FailedError: none runs here, it was killed, or it does not
        understand
    """
    path = path_of(plan)
    _refuse_foreign(path, plan)
    try:
        with (
            _address(path) as address,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
        ):
            client.settimeout(_PATIENCE)
            client.connect(address)
            client.settimeout(_SOON + _PATIENCE)
            request = {
                "verb": instruction.verb.value,
                "volume": instruction.volume,
                "limits": dict(instruction.limits),
            }
            client.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(_line(client))
    except ConnectionRefusedError:
        raise errors.FailedError(
            f"the 'apply' of {plan} was killed; apply it again to resume"
        ) from None
    except (OSError, ValueError) as error:
        raise errors.FailedError(
            f"the 'apply' of {plan} does not answer: {error}"
        ) from error
    if "error" in answer:
        raise errors.FailedError(f"the 'apply' says: {answer['error']}")
    found: Mapping[str, Any] = answer
    return found


def _refuse_foreign(path: pathlib.Path, plan: pathlib.Path) -> None:
    """Let a socket pass that is this user's own."""
    try:
        found = path.lstat()
    except OSError:
        raise errors.FailedError(
            f"no 'apply' of {plan} runs on this machine"
        ) from None
    if not stat.S_ISSOCK(found.st_mode) or (
        os.geteuid() not in (found.st_uid, 0)
    ):
        raise errors.FailedError(f"{path} is not a socket of this user")
