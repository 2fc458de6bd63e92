# SPDX-License-Identifier: Apache-2.0

"""Whether the data would really go along."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core.checks import data, destination

_HERE = "ceph:/etc/a.conf:fsid-1:cinder:volumes"
_SAME = "ceph2:/etc/b.conf:fsid-1:other:volumes"
_OTHER_POOL = "ceph:/etc/a.conf:fsid-1:cinder:ssd"
_OTHER_FSID = "ceph:/etc/a.conf:fsid-2:cinder:volumes"


def _copied(
    source: str | None,
    there: str | None,
    asked: Any = None,
    **options: Any,
) -> list[str]:
    seen = builders.survey(
        pools=(
            builders.pool(builders.POOL, location_info=source),
            builders.pool(builders.SPARE, location_info=there),
        )
    )
    case = builders.case(asked or builders.migrate(), seen, **options)
    return [found.result.value for found in data.copied(case)]


@pytest.mark.parametrize(
    ("source", "there", "says"),
    [
        pytest.param(_HERE, _HERE, ["blocked"], id="the same to the letter"),
        pytest.param(_HERE, _SAME, ["blocked"], id="RBD: fsid and pool"),
        pytest.param(_HERE, _OTHER_POOL, [], id="RBD: another pool"),
        pytest.param(_HERE, _OTHER_FSID, [], id="RBD: another cluster"),
        pytest.param(
            "LVM:h:vg:thin:0", "LVM:h:vg:thin:0", ["blocked"], id="LVM"
        ),
        pytest.param("X:a", "X:b", [], id="others"),
        pytest.param(None, None, [], id="nothing is told"),
        pytest.param(_HERE, None, [], id="by one of them alone"),
    ],
)
def test_two_pools_that_are_one_storage(
    source: str | None, there: str | None, says: list[str]
) -> None:
    assert _copied(source, there) == says


def test_what_the_operator_says_of_it() -> None:
    assert _copied(_HERE, _SAME, allow_relabel=True) == ["warning"]
    assert _copied(_HERE, _SAME, force_host_copy=True) == []


_ELSEWHERE = {"volume_backend_name": "spare"}


@pytest.mark.parametrize(
    ("how", "specs", "seen", "says"),
    [
        pytest.param({}, _ELSEWHERE, {}, ["blocked"], id="by the name alone"),
        pytest.param(
            {"allow_relabel": True}, _ELSEWHERE, {}, ["warning"], id="allowed"
        ),
        pytest.param(
            {"migration_policy": "never"}, _ELSEWHERE, {}, [], id="stays"
        ),
        pytest.param(
            {},
            {**_ELSEWHERE, "multiattach": "<is> False"},
            {},
            [],
            id="another extra spec",
        ),
        pytest.param(
            {},
            _ELSEWHERE,
            {"destination_encryption": builders.LUKS},
            [],
            id="encryption",
        ),
        pytest.param(
            {}, _ELSEWHERE, {"destination_qos": "back-end"}, [], id="QoS"
        ),
        pytest.param({}, {}, {}, [], id="its own pool serves the type"),
    ],
)
def test_a_retype_whose_data_the_driver_may_leave(
    how: dict[str, Any],
    specs: dict[str, str],
    seen: dict[str, Any],
    says: list[str],
) -> None:
    survey = builders.survey(
        volume_type=builders.volume_type(
            extra_specs={"volume_backend_name": "own"}
        ),
        destination_type=builders.silver(extra_specs=specs),
        pools=(
            builders.pool(
                builders.POOL, location_info=_HERE, volume_backend_name="own"
            ),
            builders.pool(
                builders.SPARE,
                location_info=_SAME,
                volume_backend_name="spare",
                multiattach=False,
            ),
        ),
        **seen,
    )
    case = builders.case(builders.retype(), survey, **how)

    found = list(data.copied(case))

    assert [one.result.value for one in found] == says
    # Cinder has no such option for a retype.
    assert all("--force-host-copy" not in one.remedy for one in found)


def test_a_retype_within_the_pool_of_a_cluster() -> None:
    """Its pool is listed by the cluster's name, the volume says a member's."""
    member = builders.service(host="c2@gold", cluster="c@gold")
    survey = builders.survey(
        volume=builders.volume(host="c2@gold#two"),
        volume_services=(member,),
        volume_type=builders.volume_type(extra_specs={}),
        destination_type=builders.silver(extra_specs={}),
        pools=(builders.pool("c@gold#two", location_info=_HERE),),
    )

    assert list(data.copied(builders.case(builders.retype(), survey))) == []


_NFS = {"storage_protocol": "nfs"}
_ENCRYPTED = builders.volume(encrypted=True)


@pytest.mark.parametrize(
    ("asked", "source", "seen", "how", "says"),
    [
        pytest.param(
            builders.migrate(), _NFS, {}, {}, "which no API tells", id="NFS"
        ),
        pytest.param(
            builders.retype(), _NFS, {}, {}, "which no API tells", id="retype"
        ),
        pytest.param(
            builders.migrate(),
            {"storage_protocol": ["NFS", "nfs"]},
            {},
            {},
            "(NFS)",
            id="as newer schedulers report it",
        ),
        pytest.param(
            builders.migrate(),
            _NFS,
            {"volume": _ENCRYPTED},
            {},
            "not longer than the volume",
            id="an encrypted one",
        ),
        pytest.param(
            builders.migrate(),
            _NFS,
            {},
            {"allow_file_copy": True},
            "a file (nfs) is copied, as you allow",
            id="allowed",
        ),
        pytest.param(
            builders.retype(),
            _NFS,
            {},
            {"migration_policy": "never"},
            None,
            id="without a copy",
        ),
        pytest.param(
            builders.migrate(),
            {"storage_protocol": "ceph"},
            {},
            {},
            None,
            id="no files",
        ),
        pytest.param(builders.migrate(), {}, {}, {}, None, id="not told"),
        pytest.param(
            builders.migrate(),
            _NFS,
            {
                "volume": builders.volume(
                    status="maintenance", migration_status="migrating"
                )
            },
            {},
            None,
            id="on its way already",
        ),
    ],
)
def test_a_volume_in_a_file(
    asked: Any,
    source: dict[str, Any],
    seen: dict[str, Any],
    how: dict[str, Any],
    says: str | None,
) -> None:
    survey = builders.survey(
        pools=(
            builders.pool(builders.POOL, elsewhere=False, **source),
            builders.pool(builders.SPARE, elsewhere=True),
        ),
        destination_type=builders.silver(
            extra_specs={"elsewhere": "<is> True"}
        ),
        **seen,
    )
    case = builders.case(asked, survey, **how)

    found = list(data.copied_from_a_file(case))

    if says is None:
        assert found == []
        return
    (one,) = found
    allowed = case.options.allow_file_copy
    assert one.result.value == ("ok" if allowed else "blocked")
    assert says in one.full_text


def test_a_volume_in_a_file_is_copied_within_its_pool_too() -> None:
    survey = builders.survey(pools=(builders.pool(builders.POOL, **_NFS),))
    case = builders.case(builders.retype(), survey)

    (found,) = data.copied_from_a_file(case)

    assert found.result.value == "blocked"


@pytest.mark.parametrize(
    ("volume", "old", "new", "says"),
    [
        (builders.volume(), None, builders.LUKS, ["warning"]),
        (builders.volume(encrypted=True), builders.LUKS, builders.LUKS, []),
        (builders.volume(), None, None, []),
    ],
)
def test_a_volume_that_becomes_encrypted(
    volume: Any, old: Any, new: Any, says: list[str]
) -> None:
    case = builders.case(
        builders.retype(),
        builders.survey(
            volume=volume, source_encryption=old, destination_encryption=new
        ),
    )

    found = list(data.encrypted_anew(case))

    assert [one.result.value for one in found] == says
    for one in found:
        # The volume has 10 GiB.
        assert one.remedy.endswith("volume create --size 11 --type silver")


@pytest.mark.parametrize(
    ("least", "most", "says"),
    [
        ("11", None, "of at least 11 GiB, and the volume is 10 GiB"),
        (None, "9", "of at most 9 GiB, and the volume is 10 GiB"),
        ("10", "10", None),
        (None, None, None),
        ("nonsense", None, None),
    ],
)
def test_a_type_s_limits_of_size(
    least: str | None, most: str | None, says: str | None
) -> None:
    specs = {
        "provisioning:min_vol_size": least,
        "provisioning:max_vol_size": most,
    }
    wanted = builders.silver(
        extra_specs={k: v for k, v in specs.items() if v is not None}
    )
    case = builders.case(
        builders.retype(), builders.survey(destination_type=wanted)
    )

    found = builders.words(destination.size_limits(case))
    assert len(found) == (says is not None)
    assert all(str(says) in text for _, text in found)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (None, None, None),
        ("back-end", "back-end", None),
        ("front-end", None, "the volume's type (front-end), which"),
        (None, "both", "the destination type (both), which"),
        (
            "both",
            "front-end",
            "the volume's type (both) and the destination type (front-end)",
        ),
    ],
)
def test_qos_that_the_hypervisor_applies(
    old: str | None, new: str | None, says: str | None
) -> None:
    case = builders.case(
        builders.action(),
        builders.live_survey(source_qos=old, destination_qos=new),
    )

    found = builders.words(destination.qos(case))
    assert len(found) == (says is not None)
    assert all(str(says) in text for _, text in found)


_CLUSTER = tuple(
    builders.service(host=f"{member}@gold", cluster="c@gold")
    for member in ("c2", "c4")
)


@pytest.mark.parametrize(
    ("host", "pools", "says"),
    [
        pytest.param(
            builders.POOL, ("c@gold#two",), None, id="one pool for the type"
        ),
        pytest.param(
            builders.POOL,
            ("c@gold#two", "c@gold#three"),
            "cluster c@gold has 2 pools for the type (c@gold#two, "
            "c@gold#three), of which Cinder would choose one itself",
            id="several pools",
        ),
        pytest.param(
            "c4@gold#three",
            ("c@gold#two",),
            "the volume is in cluster c@gold already",
            id="within the cluster",
        ),
    ],
)
@pytest.mark.parametrize("node", ["c@gold#two", "c2@gold#two", "c4@gold#two"])
def test_a_pool_of_a_cluster(
    host: str, pools: tuple[str, ...], says: str | None, node: str
) -> None:
    case = builders.case(
        builders.migrate(destination_node=node),
        builders.survey(
            volume=builders.volume(host=host),
            pools=tuple(
                builders.pool(name, volume_backend_name="gold")
                for name in pools
            ),
            volume_services=(
                builders.service(host="c1@gold"),
                *_CLUSTER,
            ),
        ),
    )

    found = builders.words(destination.pool(case))
    blocked = [text for result, text in found if result == "blocked"]
    assert len(blocked) == (says is not None), found
    assert all(str(says) in text for text in blocked)
