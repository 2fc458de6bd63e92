# SPDX-License-Identifier: Apache-2.0

"""A traceback proves where the guest's disk is, or it proves nothing."""

from __future__ import annotations

import pytest

from tests.unit.core.paths import libvirt_tracebacks, tracebacks
from volmigrateclient.core import model
from volmigrateclient.core.paths import nova_traceback


def _swap(text: str, result: str | None = "Error") -> model.SwapAction:
    return model.SwapAction("req-1", "", True, result, text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(tracebacks.P1_CONNECTOR, id="P1, connector"),
        pytest.param(tracebacks.P2_UPDATE, id="P2, attachment_update"),
        pytest.param(tracebacks.P3_CONNECT, id="P3, disk not found"),
        pytest.param(tracebacks.P4_COPY, id="P4, copy"),
        pytest.param(libvirt_tracebacks.P3_LUKS, id="P3, LUKS"),
        pytest.param(libvirt_tracebacks.P3_CONNECT, id="P3, os-brick"),
        pytest.param(libvirt_tracebacks.P4_REBASE, id="P4, rebase"),
    ],
)
def test_the_guest_is_on_the_old_volume(text: str) -> None:
    assert nova_traceback.disk_after(_swap(text)) is nova_traceback.Disk.OLD


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(tracebacks.P5_AFTER_PIVOT, id="P5, after the pivot"),
        pytest.param(tracebacks.P5_COMPLETE, id="P5, attachment_complete"),
        pytest.param(tracebacks.P6_DELETE, id="P6, attachment_delete"),
        pytest.param(tracebacks.P8_SAVE, id="P8, bdm.save"),
        pytest.param(libvirt_tracebacks.P5_RESIZE, id="P5, resize"),
        pytest.param(libvirt_tracebacks.P5_GET_XML, id="P5, reading the XML"),
        pytest.param(libvirt_tracebacks.P5_REDEFINE, id="P5, redefining"),
        pytest.param(libvirt_tracebacks.P5_DISCONNECT, id="P5, disconnect"),
        pytest.param(
            libvirt_tracebacks.P4_ROLLBACK, id="P4, and its rollback failed"
        ),
        pytest.param(
            libvirt_tracebacks.P4_REDEFINE, id="P4, and redefining failed"
        ),
        pytest.param("", id="none at all"),
        pytest.param("no traceback", id="something else"),
    ],
)
def test_it_proves_nothing(text: str) -> None:
    assert (
        nova_traceback.disk_after(_swap(text)) is nova_traceback.Disk.UNKNOWN
    )


def test_without_an_error() -> None:
    assert nova_traceback.disk_after(None) is nova_traceback.Disk.OLD
    assert (
        nova_traceback.disk_after(_swap("", None))
        is nova_traceback.Disk.UNKNOWN
    )
    assert (
        nova_traceback.disk_after(_swap("", "Success"))
        is nova_traceback.Disk.NEW
    )


@pytest.mark.parametrize(
    "lines",
    [
        # The marks of Python 3.11 and later below a line of source.
        "    ^^^^^^^^^^^^^^^^^^^",
        "    ~~~~^^^^^~~~~~~~~~~",
        "",
    ],
)
def test_marks_below_the_source_do_not_matter(lines: str) -> None:
    text = tracebacks.P4_COPY.rstrip("\n") + f"\n{lines}\n"

    assert nova_traceback.disk_after(_swap(text)) is nova_traceback.Disk.OLD
