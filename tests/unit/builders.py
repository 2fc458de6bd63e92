# SPDX-License-Identifier: Apache-2.0

"""What unit tests see: a small cloud, each part with overrides.

A volume of type gold on one of gold's two pools; silver is another type on
a pool of its own. What a test does not name is in good order.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from volmigrateclient.core import checks, model
from volmigrateclient.core.cloud import Survey
from volmigrateclient.core.cloud.place import Place
from volmigrateclient.core.cloud.survey import find_type

VOLUME_ID = "11111111-1111-4111-8111-111111111111"
SERVER_ID = "22222222-2222-4222-8222-222222222222"
PROJECT_ID = "33333333333343338333333333333333"
ATTACHMENT_ID = "44444444-4444-4444-8444-444444444444"

#: Where the volume is, where else its type is served, and another type's.
POOL, SPARE, OTHER = "c1@gold#one", "c2@gold#two", "c3@silver#one"

#: The pool where else its type is served, under all of its names.
SPARE_PLACE = Place(SPARE, None, ())

#: In which the services of a recent release are asked.
CINDER_VERSION = model.Microversion(3, 63)
NOVA_VERSION = model.Microversion(2, 89)

ATTACHMENT = model.Attachment(ATTACHMENT_ID, VOLUME_ID, SERVER_ID)
SNAPSHOT = model.Snapshot("snapshot-id", "before-upgrade", "available")
LUKS = model.Encryption("luks")

_VOLUME = model.Volume(
    id=VOLUME_ID,
    name="data",
    project_id=PROJECT_ID,
    status="available",
    size=10,
    type_id="gold-id",
    type_name="gold",
    host=POOL,
    availability_zone="nova",
)
_TYPE = model.VolumeType(
    "gold-id", "gold", True, {"volume_backend_name": "gold"}
)
_POOL = model.Pool(
    POOL,
    {
        "volume_backend_name": "gold",
        "total_capacity_gb": 100.0,
        "free_capacity_gb": 90.0,
        "provisioned_capacity_gb": 10.0,
        "reserved_percentage": 0,
        "thin_provisioning_support": False,
    },
)
_SERVICE = model.Service(host="c1@gold", enabled=True, up=True, zone="nova")
_SERVER = model.Server(
    id=SERVER_ID,
    name="web",
    project_id=PROJECT_ID,
    status="ACTIVE",
    vm_state="active",
    task_state=None,
    power_state=1,
    locked=False,
    host="hv1",
    availability_zone="nova",
    volume_ids=frozenset({VOLUME_ID}),
)


def volume(**seen: Any) -> model.Volume:
    """A detached volume."""
    return dataclasses.replace(_VOLUME, **seen)


def attached(**seen: Any) -> model.Volume:
    """A volume that is attached to one server."""
    return volume(**{"status": "in-use", "attachments": (ATTACHMENT,), **seen})


def volume_type(**seen: Any) -> model.VolumeType:
    """Type gold, the volume's own."""
    return dataclasses.replace(_TYPE, **seen)


def silver(**seen: Any) -> model.VolumeType:
    """Type silver, another."""
    return volume_type(
        **{
            "id": "silver-id",
            "name": "silver",
            "extra_specs": {"volume_backend_name": "silver"},
            **seen,
        }
    )


#: All types that there are, where a test does not bring its own.
TYPES = (volume_type(), silver())


def pool(name: str = POOL, **capabilities: Any) -> model.Pool:
    """A pool of 100 GiB, 90 of them free; its backend is in its name."""
    backend = model.backend_of(name).partition("@")[2]
    return model.Pool(
        name,
        {
            **_POOL.capabilities,
            "volume_backend_name": backend,
            **capabilities,
        },
    )


def service(**seen: Any) -> model.Service:
    """The cinder-volume service of the volume's backend."""
    return dataclasses.replace(_SERVICE, **seen)


def server(**seen: Any) -> model.Server:
    """A server that runs, and has the volume."""
    return dataclasses.replace(_SERVER, **seen)


def survey(**seen: Any) -> Survey:
    """All there is to see of the cloud, with the volume detached."""
    return dataclasses.replace(
        Survey(
            volume=volume(),
            volume_type=volume_type(),
            block_storage_version=CINDER_VERSION,
            compute_version=NOVA_VERSION,
            pools=(pool(POOL), pool(SPARE), pool(OTHER)),
            volume_services=tuple(
                service(host=model.backend_of(name))
                for name in (POOL, SPARE, OTHER)
            ),
            compute_services=(service(host="hv1"),),
            quota={},
            project=model.Project(PROJECT_ID, "shop", "default", True),
        ),
        **seen,
    )


def live_survey(**seen: Any) -> Survey:
    """All there is to see, with the volume attached."""
    return survey(**{"volume": attached(), "servers": (server(),), **seen})


def action(**asked: Any) -> model.Action:
    """A swap to type silver."""
    return model.Action(
        **{"resource_id": VOLUME_ID, "destination_type": "silver", **asked}
    )


def migrate(**asked: Any) -> model.Action:
    """A cold migration to the other pool of the volume's type."""
    return model.Action(
        **{
            "resource_id": VOLUME_ID,
            "migration_type": "cold",
            "destination_node": SPARE,
            **asked,
        }
    )


def retype(**asked: Any) -> model.Action:
    """A cold retype to type silver."""
    return action(**{"migration_type": "cold", **asked})


def request(asked: model.Action, **options: Any) -> model.Request:
    """An action, and options where they are not the default."""
    return model.Request(asked, model.Options(**options))


def case(
    asked: model.Action,
    seen: Survey | None = None,
    **options: Any,
) -> checks.Case:
    """What was asked for, and what the cloud shows."""
    return checks.Case(request(asked, **options), resolved(asked, seen))


def resolved(asked: model.Action, seen: Survey | None = None) -> Survey:
    """A survey with the type that is asked for, if it is gold or silver."""
    found = survey() if seen is None else seen
    if found.destination_type is not None:
        return found
    return dataclasses.replace(
        found, destination_type=find_type(TYPES, asked.destination_type)
    )


def words(found: Any) -> list[tuple[str, str]]:
    """What checks say: each one's result, and its sentence and detail.

    Whatever blocks has to name what clears it, which is asserted here and
    so not repeated in every table.
    """
    said = []
    for check in found:
        if check.result is model.Result.BLOCKED:
            assert check.sentence, check
            assert check.remedy, check
        text = ": ".join(filter(None, (check.sentence, check.detail)))
        said.append((check.result.value, text))
    return said
