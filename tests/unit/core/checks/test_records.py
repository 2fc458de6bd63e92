# SPDX-License-Identifier: Apache-2.0

"""Who has the volume: what each combination of the records comes to.

The functional test of the same name makes each of these real.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import checks, model
from volmigrateclient.core.checks import records, volume
from volmigrateclient.core.checks.records import Agreement

_ID, _SERVER_ID = builders.VOLUME_ID, builders.SERVER_ID
_A = builders.ATTACHMENT
_RESERVED = model.Attachment("r", _ID, _SERVER_ID, "reserved")
_OF_HOST = model.Attachment("h", _ID, None, host="bm1")
_OTHER = builders.server(id="other", name="db")
_NOT_LISTING = builders.server(volume_ids=frozenset())
_WEB = f"server 'web' ({_SERVER_ID})"
_DELETE = (
    f"openstack --os-volume-api-version 3.27 volume attachment delete {_A.id}"
)


def _agreements(**seen: Any) -> list[Agreement]:
    found = records.holders(builders.survey(**seen))
    return [holder.agreement for holder in found]


@pytest.mark.parametrize(
    ("attachments", "servers", "agreements"),
    [
        pytest.param((), (), [], id="nobody"),
        pytest.param(
            (_A,), (builders.server(),), [Agreement.BOTH], id="both agree"
        ),
        pytest.param(
            (_RESERVED,),
            (builders.server(),),
            [Agreement.BOTH],
            id="reserved, and both agree",
        ),
        pytest.param((_A,), (), [Agreement.SERVER_GONE], id="server gone"),
        pytest.param(
            (_RESERVED,), (), [Agreement.SERVER_GONE], id="reserved, gone"
        ),
        pytest.param(
            (_A,),
            (builders.server(vm_state="soft-delete"),),
            [Agreement.SOFT_DELETED],
            id="soft-deleted, never stale",
        ),
        pytest.param(
            (_A,),
            (builders.server(vm_state="unknown", volume_ids=None),),
            [Agreement.NOT_TOLD],
            id="cell down",
        ),
        pytest.param(
            (_A,), (_NOT_LISTING,), [Agreement.CINDER_ONLY], id="Cinder only"
        ),
        pytest.param(
            (), (builders.server(),), [Agreement.NOVA_ONLY], id="Nova only"
        ),
        pytest.param(
            (_A,),
            (_NOT_LISTING, _OTHER),
            [Agreement.CINDER_ONLY, Agreement.NOVA_ONLY],
            id="each names another server",
        ),
        pytest.param((_OF_HOST,), (), [Agreement.HOST], id="a host's"),
        pytest.param(
            (_A, model.Attachment("b", _ID, "gone")),
            (builders.server(),),
            [Agreement.BOTH, Agreement.SERVER_GONE],
            id="one of two is stale",
        ),
    ],
)
def test_how_the_records_go_together(
    attachments: tuple[model.Attachment, ...],
    servers: tuple[model.Server, ...],
    agreements: list[Agreement],
) -> None:
    # Whether the volume shows an attachment itself makes no difference.
    shown = builders.attached(attachments=attachments)
    assert _agreements(volume=shown, servers=servers) == agreements
    assert _agreements(attachments=attachments, servers=servers) == agreements


def test_without_nova_nothing_is_agreed_on() -> None:
    assert _agreements(volume=builders.attached(), nova_asked=False) == [
        Agreement.NOT_ASKED
    ]


@pytest.mark.parametrize(
    ("seen", "says", "remedy"),
    [
        pytest.param(
            {"servers": (builders.server(),)},
            f"Nova has the volume attached to {_WEB}, but Cinder has no "
            "attachment for it",
            "check again in a minute, in case a live move is just ending. If "
            "it stays so: since 2023.2 Nova drops its record of the disk at "
            "a reboot, and the data stay in the volume: stop using the disk "
            "in the guest, then: openstack server reboot --hard "
            f"{_SERVER_ID}",
            id="Cinder forgot",
        ),
        pytest.param(
            {"volume": builders.attached(), "servers": (_NOT_LISTING,)},
            f"Cinder has attachment {_A.id} (attached) of {_WEB}, but Nova "
            "says that the server does not have the volume",
            _DELETE,
            id="Nova forgot",
        ),
        pytest.param(
            {"volume": builders.attached()},
            f"Cinder has attachment {_A.id} (attached) of server "
            f"{_SERVER_ID}, but Nova knows no such server",
            _DELETE,
            id="server gone",
        ),
        pytest.param(
            {
                "volume": builders.attached(),
                "servers": (builders.server(vm_state="soft-delete"),),
            },
            f"Cinder has attachment {_A.id} (attached) of {_WEB}, which is "
            "deleted but can be restored, and then needs the volume",
            "use --migration-type swap after: openstack server restore "
            f"{_SERVER_ID}",
            id="soft-deleted",
        ),
        pytest.param(
            {
                "volume": builders.attached(),
                "servers": (builders.server(volume_ids=None),),
            },
            f"Cinder has attachment {_A.id} (attached) of {_WEB}, and it is "
            "not known whether the server has the volume: Nova does not "
            "answer for its cell",
            "bring the cell's database and message queue back; see "
            "'openstack compute service list'",
            id="cell down",
        ),
        pytest.param(
            {"volume": builders.attached(attachments=(_OF_HOST,))},
            "Cinder has attachment h (attached) of host 'bm1', not of a "
            "server",
            "disconnect it on that host first, then: openstack "
            "--os-volume-api-version 3.27 volume attachment delete h",
            id="a host's",
        ),
        pytest.param(
            {"volume": builders.attached(), "nova_asked": False},
            f"Cinder has attachment {_A.id} (attached) of server "
            f"{_SERVER_ID}, and there is no Nova to ask",
            "use a region and credentials with which Nova answers; see "
            "'openstack catalog list'",
            id="no Nova",
        ),
    ],
)
@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        (volume.detached, builders.migrate()),
        (volume.attached, builders.action()),
    ],
)
def test_no_move_starts_before_both_agree(
    seen: dict[str, Any], says: str, remedy: str, rule: Any, asked: Any
) -> None:
    case = builders.case(asked, builders.survey(**seen))

    blockers = checks.blockers(tuple(rule(case)))

    assert (blockers[0].detail, blockers[0].remedy) == (says, remedy)
    assert blockers[0].sentence == case.state_sentence


def test_each_names_another_server() -> None:
    case = builders.case(
        builders.action(),
        builders.survey(
            volume=builders.attached(), servers=(_NOT_LISTING, _OTHER)
        ),
    )

    remedies = [
        c.remedy for c in checks.blockers(tuple(volume.attached(case)))
    ]

    assert remedies == [_DELETE, f"openstack server remove volume other {_ID}"]


@pytest.mark.parametrize("status", ["available", "error", "maintenance"])
@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        (volume.detached, builders.migrate()),
        (volume.attached, builders.action()),
    ],
)
def test_a_status_that_was_reset_alone(
    status: str, rule: Any, asked: Any
) -> None:
    seen = builders.live_survey(volume=builders.attached(status=status))
    case = builders.case(asked, seen)

    (last,) = [c for c in rule(case) if c.name == "Status"]

    assert last.detail == f"the volume is {status}, although it is attached"
    assert last.remedy == f"openstack volume set --state in-use {_ID}"


@pytest.mark.parametrize(
    ("hosts", "named"),
    [
        (["hv7"], "'hv7'"),
        (["hv7", "hv8"], "'hv7' and 1 other host"),
        (["hv7", "hv8", "hv9"], "'hv7' and 2 other hosts"),
    ],
)
def test_a_cell_does_not_answer(hosts: list[str], named: str) -> None:
    seen = builders.survey(
        compute_services=(
            builders.service(host="hv1"),
            *(model.Service(h, False, False, told=False) for h in hosts),
        )
    )
    case = builders.case(builders.migrate(), seen)

    (check,) = [c for c in volume.detached(case) if c.name == "Nova"]

    assert (check.result.value, check.detail) == (
        "unknown",
        (
            f"Nova does not answer for {named}, whose cell is down: that no "
            "server there has the volume is known from Cinder alone"
        ),
    )


def test_a_cell_that_is_down_does_not_matter_where_both_agree() -> None:
    seen = builders.live_survey(
        compute_services=(
            builders.service(host="hv1"),
            model.Service("hv7", False, False, told=False),
        )
    )
    case = builders.case(builders.action(), seen)

    assert [c.name for c in volume.attached(case) if c.name == "Nova"] == []


def test_nobody_was_asked() -> None:
    case = builders.case(builders.migrate(), builders.survey(nova_asked=False))

    assert builders.words(volume.detached(case)) == [
        ("ok", "none"),
        (
            "unknown",
            (
                "nobody was asked who has the volume: this cloud has no "
                "Nova, or does not answer this user"
            ),
        ),
        ("ok", "available"),
        ("ok", "none running"),
    ]
