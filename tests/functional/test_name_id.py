# SPDX-License-Identifier: Apache-2.0
"""A volume whose data have another name on the storage than its own ID.

So it is after Cinder copied it, with drivers that cannot rename the copy; the
result tells the name, which whoever looks on the storage needs.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched

_TO_ALPHA = (moves.COLD, moves.node(moves.ALPHA))
_TO_BETA = (moves.COLD, moves.node(moves.BETA))


@pytest.fixture
def volume(make: resources.Resources, set_faults: conftest.SetFaults) -> Any:
    """Wherever it goes, it is not renamed there."""
    for backend in ("alpha", "beta", "gamma", "delta"):
        set_faults(backend, rename="never")
    return make.volume(pool=moves.ALPHA)


def _assert_under(
    cloud: cloud_.Cloud, make: resources.Resources, volume: Any, name_id: str
) -> None:
    """Cinder knows the volume's data by that name, and there they are."""
    seen = make.seen(volume.id)
    assert getattr(seen, "os-vol-mig-status-attr:name_id") == name_id
    assert seen.status in ("available", "in-use")
    assert cloud.volume_path(volume.id).name == f"volume-{name_id}"
    assert len(moves.rows_of(cloud, volume)) == 1


def test_each_move_tells_the_name(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
) -> None:
    content, names = cloud.digest(volume.id), [volume.id]

    for words in (_TO_BETA, _TO_ALPHA, (moves.COLD, moves.type_("gold"))):
        assert untouched.blockers(openstack, volume, *words) == []
        done = moves.run(openstack, volume, *words)

        assert done.exit_code == 0, done.stderr
        assert done.json["result"] == "done"
        assert done.json["moved_by"] == "copied by the host"
        assert done.json["new_volume_id"] == volume.id
        names.append(done.json["name_id"])
        _assert_under(cloud, make, volume, names[-1])
        assert cloud.digest(volume.id) == content
    assert len(set(names)) == len(names)

    # There already: nothing moves, and the name is no other one.
    again = moves.run(
        openstack, volume, moves.COLD, moves.node(make.host(volume.id))
    )
    assert again.exit_code == 0, again.stderr
    assert again.json["result"] == "already there"
    _assert_under(cloud, make, volume, names[-1])


def test_it_is_planned_and_applied_as_any_other(
    make: resources.Resources,
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume: Any,
    tmp_path: pathlib.Path,
) -> None:
    content = cloud.digest(volume.id)
    first = moves.run(openstack, volume, *_TO_BETA).json["name_id"]
    plan, report = tmp_path / "plan.json", tmp_path / "report.json"

    planned = openstack.migrate(
        *("plan", f"--name={volume.name}", moves.node(moves.ALPHA)),
        *(f"--output={plan}", "-f=json"),
    )
    (row,) = planned.json
    assert (row["ID"], row["Verdict"]) == (volume.id, "ready")
    done = openstack.migrate(
        "apply", str(plan), "--auto-approve", f"--report={report}"
    )

    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id) == moves.ALPHA
    name_id = getattr(make.seen(volume.id), "os-vol-mig-status-attr:name_id")
    assert name_id not in (None, first)
    assert name_id in report.read_text()
    _assert_under(cloud, make, volume, name_id)
    assert cloud.digest(volume.id) == content


def test_renamed_by_the_storage_it_has_none_any_more(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    volume: Any,
) -> None:
    content = cloud.digest(volume.id)
    assert moves.run(openstack, volume, *_TO_BETA).json["name_id"]
    set_faults.clear()

    done = moves.run(openstack, volume, *_TO_ALPHA)

    assert done.exit_code == 0, done.stderr
    assert done.json["name_id"] is None
    assert done.json["moved_by"] == "copied by the host"
    assert cloud.volume_path(volume.id).name == f"volume-{volume.id}"
    assert cloud.digest(volume.id) == content
    assert getattr(make.seen(volume.id), "os-vol-mig-status-attr:name_id") in (
        None,
        volume.id,
    )
