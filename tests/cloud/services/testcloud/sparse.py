# SPDX-License-Identifier: Apache-2.0
"""Copies files without filling their holes."""

from __future__ import annotations

import os
from collections.abc import Iterator

_CHUNK = 1 << 20


def copy(
    source: str | os.PathLike[str], destination: str | os.PathLike[str]
) -> None:
    """Copy `source` over `destination`, which keeps its size if larger."""
    reader = os.open(source, os.O_RDONLY)
    try:
        writer = os.open(destination, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            size = os.fstat(reader).st_size
            os.ftruncate(writer, max(size, os.fstat(writer).st_size))
            for start, end in extents(reader, size):
                _copy_range(reader, writer, start, end)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def extents(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of each stretch of data, holes left out."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole up to the end
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end


def _copy_range(reader: int, writer: int, start: int, end: int) -> None:
    while start < end:
        data = os.pread(reader, min(_CHUNK, end - start), start)
        os.pwrite(writer, data, start)
        start += len(data)
