# SPDX-License-Identifier: Apache-2.0

"""What was asked and what the cloud holds, as frozen data without a rule.

The ground floor: it imports nothing else of ours.
"""

from volmigrateclient.core.model.action import (
    COLD,
    MIGRATE,
    RETYPE,
    SCHEMA,
    SWAP,
    WATCHER_SCHEMA,
    Action,
    Options,
    Path,
    Request,
)
from volmigrateclient.core.model.check import Check, Result
from volmigrateclient.core.model.microversion import Microversion
from volmigrateclient.core.model.planned import PlannedVolume
from volmigrateclient.core.model.resources import (
    MIGRATING,
    POWERED,
    Attachment,
    Cluster,
    Encryption,
    Pool,
    Project,
    Quota,
    Server,
    ServerAction,
    ServerVolume,
    Service,
    Snapshot,
    SwapAction,
    User,
    Volume,
    VolumeType,
    backend_of,
)

__all__ = (
    "COLD",
    "MIGRATE",
    "MIGRATING",
    "POWERED",
    "RETYPE",
    "SCHEMA",
    "SWAP",
    "WATCHER_SCHEMA",
    "Action",
    "Attachment",
    "Check",
    "Cluster",
    "Encryption",
    "Microversion",
    "Options",
    "Path",
    "PlannedVolume",
    "Pool",
    "Project",
    "Quota",
    "Request",
    "Result",
    "Server",
    "ServerAction",
    "ServerVolume",
    "Service",
    "Snapshot",
    "SwapAction",
    "User",
    "Volume",
    "VolumeType",
    "backend_of",
)
