# SPDX-License-Identifier: Apache-2.0

"""Files that the user names: written whole or not at all.

Whether one can be written is found out before the work whose result it is
to hold, and what is there is never lost.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Iterable

from volmigrateclient.core.model import errors


def refuse_unwritable(path: pathlib.Path) -> None:
    """Let a name pass under which a file can be written; changes nothing.

    :raises FailedError: it is none, with what is in the way
    """
    if str(path) == "-":
        raise errors.FailedError(
            "'-' is no file here: give the name of one to write to"
        )
    target = _target(path)
    if target.is_dir():
        raise errors.FailedError(f"cannot write {path}: it is a folder")
    if target.exists() and not target.is_file():
        raise errors.FailedError(f"cannot write {path}: it is no regular file")
    if not target.parent.is_dir():
        raise errors.FailedError(
            f"cannot write {path}: there is no folder {target.parent}"
        )
    try:
        # Permissions alone do not tell: a disk may be full or read-only.
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise errors.UnwritableError(path, error) from error


def same(one: pathlib.Path | None, other: pathlib.Path | None) -> bool:
    """Whether two names are those of one file, whether it exists or not."""
    if one is None or other is None:
        return False
    return _target(one) == _target(other)


def replace(path: pathlib.Path, text: str | Iterable[str]) -> None:
    """Write a file in one step, readable by its owner only.

    What cannot be encoded is escaped.

    :param text: all of it, or its parts
    :raises OSError: it cannot be written; what was there is still there
    """
    target = _target(path)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".volmig-")
    try:
        with os.fdopen(
            descriptor,
            "w",
            encoding="utf-8",
            errors="backslashreplace",
            newline="",
        ) as stream:
            stream.writelines((text,) if isinstance(text, str) else text)
            stream.flush()
            os.fsync(stream.fileno())
        pathlib.Path(name).replace(target)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise


def write(path: pathlib.Path, text: str) -> None:
    """The same, with an error of ours.

    :raises UnwritableError: it cannot be written
    """
    try:
        replace(path, text)
    except OSError as error:
        raise errors.UnwritableError(path, error) from error


def _target(path: pathlib.Path) -> pathlib.Path:
    """The file itself, where a name is that of a link to it."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise errors.FailedError(
            f"cannot write {path}: its links lead nowhere"
        ) from error
