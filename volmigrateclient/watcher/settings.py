# SPDX-License-Identifier: Apache-2.0

"""What Watcher's configuration says of the cloud, and of our action."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from oslo_config import cfg
from watcher import conf

from volmigrateclient import api

#: Before it Watcher parses the configuration and the applier's command line
#: anew at each load of an action that has options, while others read them.
_FIRST_WITH_OPTIONS = 17


def options() -> list[cfg.Opt]:
    """The options in ``[watcher_actions.volume_migrate_verified]``."""
    version = metadata.version("python-watcher")
    if int(version.partition(".")[0]) < _FIRST_WITH_OPTIONS:
        return []
    return [
        cfg.StrOpt(
            "swap_via",
            default="cinder",
            choices=["cinder", "nova"],
            help="Who moves an attached volume to another type where no pool "
            "is named: Cinder, or the five steps of the specification, which "
            "a Nova with the fix of OSSN-0094 refuses.",
        ),
        cfg.BoolOpt(
            "allow_file_copy",
            default=False,
            help="Let Cinder copy detached volumes that their backend keeps "
            "in files, as NFS does: right where all of these are raw, for "
            "Cinder would spoil a qcow2 file.",
        ),
        cfg.IntOpt(
            "timeout",
            min=1,
            help="Seconds until waiting for a move ends and its action has "
            "failed; Cinder goes on with the move. By default 600, and 60 "
            "more for each GiB.",
        ),
    ]


def carried_out(
    config: Any, action: api.Action, unattended: bool
) -> api.Options:
    """How an action is carried out.

    Nova chooses no pool: a swap to one is Cinder's, whatever is configured.

    :param config: what Watcher read of our options, if there are any
    """
    read = config or {}
    to_a_type = action.migration_type == "swap" and not action.destination_node
    return api.Options(
        swap_via=(to_a_type and read.get("swap_via")) or "cinder",
        allow_file_copy=bool(read.get("allow_file_copy")),
        timeout=read.get("timeout"),
        unattended=unattended,
    )


def region_name() -> str | None:
    """The region that Watcher itself uses Cinder in; None is the first."""
    section = conf.CONF.cinder if "cinder" in conf.CONF else None
    found = section.region_name if section is not None else None
    found = found or conf.CONF.cinder_client.region_name
    return str(found) if found else None


def interface() -> str:
    """Which of Cinder's endpoints Watcher itself uses."""
    section = conf.CONF.cinder if "cinder" in conf.CONF else None
    for one in (section.valid_interfaces if section is not None else ()) or ():
        return str(one).removesuffix("URL")
    return str(conf.CONF.cinder_client.endpoint_type).removesuffix("URL")
