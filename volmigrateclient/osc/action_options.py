# SPDX-License-Identifier: Apache-2.0

"""The options by which ``run`` and ``check`` name one action."""

from __future__ import annotations

import argparse
import typing

from osc_lib import exceptions

from volmigrateclient.i18n import _

if typing.TYPE_CHECKING:
    from volmigrateclient.core import model
    from volmigrateclient.core.cloud import Cloud

#: Not in the specification: the volume decides.
_AUTO = "auto"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the volume and the parameters of the action."""
    parser.add_argument(
        "volume",
        metavar="<volume>",
        nargs="+",
        help=_("Volume(s) to move (name or ID, looked up in all projects)"),
    )
    parser.add_argument(
        "--migration-type",
        choices=("swap", "cold", _AUTO),
        default="swap",
        help=_(
            "Whether to move an attached volume while its server runs (swap) "
            "or a detached one (cold); auto takes cold for a detached volume "
            "and swap for an attached one, with its own type where none is "
            "given (default: swap)"
        ),
    )
    parser.add_argument(
        "--destination-node",
        metavar="<host@backend#pool>",
        help=_(
            "Pool to move the volume to; of a backend with one pool "
            "host@backend will do; see 'openstack volume backend pool list' "
            "(admin only)"
        ),
    )
    parser.add_argument(
        "--destination-type",
        metavar="<volume-type>",
        help=_(
            "Volume type to give the volume (name or ID); required when the "
            "migration type is swap; its own moves it to the pool alone"
        ),
    )
    parser.add_argument(
        "--swap-via",
        choices=("cinder", "nova"),
        default="cinder",
        help=_(
            "Who drives a swap: cinder keeps the volume's ID; nova makes a "
            "new volume with a temporary user, which patched releases of "
            "Nova refuse (OSSN-0094) (default: cinder)"
        ),
    )
    add_data_options(parser)
    parser.add_argument(
        "--migration-policy",
        choices=("on-demand", "never"),
        default="on-demand",
        help=_(
            "Whether a retype may copy the data to another pool (on-demand) "
            "or only changes what needs no copy (never) (default: on-demand)"
        ),
    )
    parser.add_argument(
        "--keep-source",
        action="store_true",
        help=_(
            "With --swap-via nova: keep the source volume, renamed, instead "
            "of deleting it"
        ),
    )
    parser.add_argument(
        "--temporary-user-role",
        metavar="<role>",
        default="member",
        help=_(
            "With --swap-via nova: role of the temporary user in the "
            "volume's project (name or ID); the least that may create a "
            "volume (default: member)"
        ),
    )
    parser.add_argument(
        "--temporary-user-domain",
        metavar="<domain>",
        help=_(
            "With --swap-via nova: domain to make the temporary user in "
            "(name or ID), for when the project's own does not accept new "
            "users, such as a read-only LDAP (default: the domain of the "
            "volume's project)"
        ),
    )
    parser.add_argument(
        "--timeout",
        metavar="<seconds>",
        type=seconds,
        help=_(
            "Seconds to wait at most; the move then continues in the cloud "
            "(default: 600 and 60 more per GiB)"
        ),
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        default=True,
        help=_("Wait for the verified end (default)"),
    )
    parser.add_argument(
        "--no-wait",
        dest="wait",
        action="store_false",
        help=_(
            "Return as soon as Cinder accepted the move; not with --swap-via "
            "nova"
        ),
    )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the data is to be moved."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--force-host-copy",
        action="store_true",
        help=_(
            "Have Cinder copy the data of a migration, whatever the storage "
            "could do by itself"
        ),
    )
    how.add_argument(
        "--allow-relabel",
        action="store_true",
        help=_(
            "Allow a migration between pools that say they are the same "
            "storage: Cinder may write the new pool into the volume's row and "
            "copy nothing"
        ),
    )
    parser.add_argument(
        "--allow-file-copy",
        action="store_true",
        help=_(
            "Allow Cinder to copy a detached volume that its backend keeps in "
            "a file, as NFS does: you know that the file is raw, for Cinder "
            "would spoil a qcow2 file"
        ),
    )


def data_options(parsed: argparse.Namespace) -> model.Options:
    """How the data of a plan's volumes is to be moved."""
    from volmigrateclient.core import model

    return model.Options(
        allow_relabel=parsed.allow_relabel,
        allow_file_copy=parsed.allow_file_copy,
        force_host_copy=parsed.force_host_copy,
    )


def volumes(parsed: argparse.Namespace) -> list[str]:
    """The volumes that were given, none twice."""
    return list(dict.fromkeys(parsed.volume))


def read(
    parsed: argparse.Namespace, connected: Cloud, name: str
) -> model.Request:
    """The request that was given for a volume.

    ``resource_id`` is still what the user typed, a name or an ID, where one
    volume is given and it does not decide how it is moved.

    :raises LookupFailedError: the volume is none, or several
    """
    from volmigrateclient.core import model
    from volmigrateclient.core.cloud import find_volume
    from volmigrateclient.core.planning import planner

    node, wanted = _node(connected, parsed), parsed.destination_type
    if parsed.migration_type == _AUTO:
        volume = find_volume(connected, name)
        action = planner.automatic(volume, node, wanted)
    else:
        if len(parsed.volume) > 1:
            # Of several none is to move before all are known.
            name = find_volume(connected, name).id
        action = model.Action(name, parsed.migration_type, node, wanted)
    return model.Request(action, _options(parsed))


def _options(parsed: argparse.Namespace) -> model.Options:
    from volmigrateclient.core import model

    return model.Options(
        swap_via=parsed.swap_via,
        allow_relabel=parsed.allow_relabel,
        allow_file_copy=parsed.allow_file_copy,
        force_host_copy=parsed.force_host_copy,
        migration_policy=parsed.migration_policy,
        keep_source=parsed.keep_source,
        temporary_user_role=parsed.temporary_user_role,
        temporary_user_domain=parsed.temporary_user_domain,
        timeout=parsed.timeout,
        wait=parsed.wait,
    )


def _node(connected: Cloud, parsed: argparse.Namespace) -> str | None:
    """A backend's only pool, where a backend was given; else what was given.

    :raises CommandError: it has several
    """
    from volmigrateclient.core import model

    node: str | None = parsed.destination_node
    if not node or "#" in node:
        return node
    pools = [
        pool.name
        for pool in connected.list_pools()
        if model.backend_of(pool.name) == node
    ]
    if len(pools) > 1:
        raise exceptions.CommandError(
            _("%(node)s has %(count)d pools: give one of %(pools)s")
            % {
                "node": node,
                "count": len(pools),
                "pools": ", ".join(sorted(pools)),
            }
        )
    return pools[0] if pools else node


def seconds(text: str) -> float:
    """An argument of seconds above 0, as argparse wants it."""
    number = not_negative(text)
    if number == 0:
        raise argparse.ArgumentTypeError(_("it must be greater than 0"))
    return number


def not_negative(text: str) -> float:
    """An argument of seconds, 0 or more, as argparse wants it."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    # inf would be a wait without an end, and nan compares with nothing.
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(
            _("'%s' is not a number of seconds") % text
        )
    return number
