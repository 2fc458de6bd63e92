# SPDX-License-Identifier: Apache-2.0
"""The page of rights lists every request, and the policies that it needs."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from collections.abc import Iterable, Mapping

import pytest

from tests import cloud as cloud_
from tests.cloud import http_messages
from tests.functional import (
    conftest,
    losing,
    moves,
    policies,
    pools,
    resources,
    shell,
)

_PAGE = pathlib.Path(__file__).parents[2] / "doc/source/user/rights.rst"
_SERVICES = {"volume": "cinder", "compute": "nova", "identity": "keystone"}
_ROLES = ("reader", "member", "manager", "admin")


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the page.

    :param request: as :func:`.policies.operation` writes it
    :param needed: the least role that each policy passes by default
    :param commands: who makes it; ``all`` is every command
    """

    service: str
    request: str
    needed: Mapping[str, str]
    commands: frozenset[str]


def _rows() -> list[Row]:
    sections = re.split(
        r"\n(Cinder|Nova|Keystone)\n=+\n", _PAGE.read_text("utf-8")
    )
    return [
        _row(service.lower(), cells)
        for service, text in zip(sections[1::2], sections[2::2], strict=True)
        for cells in re.findall(
            r"(?ms)^   \* - (``.*?)\n     - (.*?)\n     - (.*?)$", text
        )
    ]


def _row(service: str, cells: tuple[str, str, str]) -> Row:
    request, policies_, commands = (" ".join(cell.split()) for cell in cells)
    return Row(
        service,
        policies.operation(*_words(request.strip("`"))),
        dict(re.findall(r"``([\w:.-]+)`` \((\w+)\)", policies_)),
        frozenset(name.strip() for name in commands.split(",")),
    )


def _words(request: str) -> list[str]:
    return request.split(" ", 2)


@pytest.fixture(scope="module")
def rules() -> Mapping[str, Mapping[str, policies.Policy]]:
    """The services' own policies."""
    return policies.read()


@pytest.mark.parametrize(
    "row", _rows(), ids=lambda row: f"{row.service} {row.request}"
)
def test_the_policies_are_the_services_own(
    rules: Mapping[str, Mapping[str, policies.Policy]], row: Row
) -> None:
    of_service = rules[row.service]
    for name, least in row.needed.items():
        assert of_service[name].least == least, name
        # Cinder says "PUT /volumes" of the one that updates a volume, and
        # names none of the actions on a service.
        asked = {
            row.request,
            row.request.removesuffix("/{id}"),
            re.sub(r"(?<=/os-services/)[\w-]+$", "{id}", row.request),
        }
        assert asked & of_service[name].operations, name


def _made(requests: Iterable[http_messages.Request]) -> set[tuple[str, str]]:
    return {
        (
            _SERVICES[one.service],
            policies.operation(one.method, one.path, _action(one)),
        )
        for one in requests
        if one.service in _SERVICES and not _for_everybody(one)
    }


def _for_everybody(request: http_messages.Request) -> bool:
    """Log in, and read of a service's versions: no policy is asked."""
    path = request.path.partition("?")[0]
    return "auth/tokens" in path or not re.sub(r"/?v[23](\.\d+)?/?", "", path)


def _action(request: http_messages.Request) -> str:
    if not request.path.endswith("/action"):
        return ""
    return f"({next(iter(json.loads(request.body)))})"


def _listed(command: str) -> set[tuple[str, str]]:
    return {
        (row.service, row.request)
        for row in _rows()
        if row.commands & {"all", command}
    }


def test_the_commands_make_no_other_requests(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    plan = tmp_path / "plan.json"
    prefix = make.name("rights")
    cold, retyped, snapped = pools.fill(make, prefix, [{}, {}, {}])
    make.cinder.volume_snapshots.create(snapped.id)
    live = make.volume(name=f"{prefix}-live", pool=moves.ALPHA)
    make.server(live)
    selected = (f"--name={prefix}*", "--project=demo", moves.node(moves.BETA))
    for command, words in (
        ("check", (snapped.id, "--migration-type=auto", *selected[2:])),
        ("check", (live.id, moves.type_("gold"))),
        ("run", (cold.id, "--migration-type=cold", *selected[2:])),
        ("run", (retyped.id, "--migration-type=cold", moves.type_("gold"))),
        ("plan", ("--balance", f"--name={prefix}*", "--source-type=bronze")),
        ("plan", (*selected, f"--output={plan}")),
        ("show", (str(plan),)),
        ("apply", (str(plan), "--auto-approve")),
        ("status", ()),
        ("recover", ("--servers",)),
    ):
        with moves.requests_within(cloud) as requests:
            done = openstack.migrate(command, *words)

        assert requests, done.stderr
        unlisted = _made(requests) - _listed(command)
        assert not unlisted, (command, unlisted)


def test_a_cordon_makes_no_other_requests(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    plan = tmp_path / "plan.json"
    prefix = make.name("cordoned")
    pools.fill(make, prefix, [{}])
    planned = openstack.migrate(
        "plan",
        *(f"--name={prefix}*", f"--source-node={moves.ALPHA}"),
        *(moves.node(moves.BETA), f"--output={plan}"),
    )
    assert planned.exit_code == 0, planned.stderr

    try:
        with moves.requests_within(cloud) as requests:
            done = openstack.migrate(
                "apply", str(plan), "--auto-approve", "--cordon"
            )
    finally:
        # This Cinder answers enable with success, and does nothing.
        make.enable("cloud@alpha")

    assert done.exit_code == 0, done.stderr
    listed = _listed("apply") | _listed("apply --cordon")
    unlisted = _made(requests) - listed
    assert not unlisted, unlisted
    assert ("cinder", "PUT /os-services/disable-log-reason") in _made(requests)


def test_an_attachment_anew_makes_no_other_requests(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    with (
        losing.lost(cloud, make, set_faults),
        moves.requests_within(cloud) as requests,
    ):
        done = openstack.migrate("recover", "--auto-approve", "-f=json")

    assert [row for row in done.json if row["Result"].startswith("done: ")]
    unlisted = _made(requests) - _listed("recover")
    assert not unlisted, unlisted
    assert ("cinder", "POST /attachments") in _made(requests)


class TestSwapViaNova:
    """The five steps, on a Nova that accepts them."""

    @pytest.fixture
    def cloud(self, swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
        return swap_cloud

    def test_they_make_no_other_requests(
        self,
        cloud: cloud_.Cloud,
        make: resources.Resources,
        openstack: shell.Openstack,
    ) -> None:
        volume = make.volume()
        make.server(volume)

        with moves.requests_within(cloud) as requests:
            done = openstack.migrate(
                "run", volume.id, moves.type_("gold"), "--swap-via=nova"
            )

        assert done.exit_code == 0, done.stderr
        listed = _listed("run") | _listed("run via nova")
        unlisted = _made(requests) - listed
        assert not unlisted, unlisted
