#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

"""Moves one volume by ``openstack volume watcher-migrate``."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: volume_move
short_description: Move one Cinder volume, to its verified end
version_added: "1.0.0"
description:
  - Moves a volume to another pool, to another volume type, or both, detached
    or while its server runs, by the command C(openstack volume
    watcher-migrate run) of the package volmigrateclient.
  - The task waits for the end. It succeeds only if the move is verified, or
    if the volume was there before. A move that is refused changes nothing,
    and the task fails with every reason and its remedy.
  - Nothing is passed through a shell, and no value is expanded. What a tenant
    wrote, such as a name, stays data.
  - There are no parameters for passwords. Name an entry of C(clouds.yaml)
    with O(cloud), or have the C(OS_*) variables in the environment.
options:
  volume:
    description:
      - Name or ID of the volume, which is looked up in all projects.
      - A name that several volumes have is refused. IDs are always right.
    type: str
    required: true
  destination_node:
    description:
      - Pool to move the volume to, C(host@backend#pool). Of a backend with
        one pool C(host@backend) will do.
      - At least one of O(destination_node) and O(destination_type) is needed.
    type: str
  destination_type:
    description:
      - Name or ID of the volume type to give the volume.
    type: str
  migration_type:
    description:
      - V(cold) moves a detached volume, V(swap) an attached one while its
        server runs. V(auto) takes what fits the volume.
    type: str
    choices: [auto, cold, swap]
    default: auto
  migration_policy:
    description:
      - Whether a retype may copy the data to another pool (V(on-demand)), or
        only changes what needs no copy (V(never)).
    type: str
    choices: [on-demand, never]
    default: on-demand
  force_host_copy:
    description:
      - Have Cinder copy the data, whatever the storage could do by itself.
      - Not together with O(allow_relabel).
    type: bool
    default: false
  allow_relabel:
    description:
      - Allow a migration between pools that report to be the same storage.
    type: bool
    default: false
  allow_file_copy:
    description:
      - Allow Cinder to copy a detached volume that its backend keeps in a
        file, as NFS does. You know that the file is raw, for Cinder would
        spoil a qcow2 file.
    type: bool
    default: false
  timeout:
    description:
      - Seconds to wait at most. The move then goes on in the cloud, and the
        task fails, for it is not known to be done. By default 600, and 60
        more for each GiB.
    type: float
  cloud:
    description:
      - Entry of C(clouds.yaml) to use, as with C(--os-cloud). Without it the
        environment decides, C(OS_CLOUD) or the other C(OS_*) variables.
    type: str
  openstack:
    description:
      - The C(openstack) command, by its name or path, where the package is
        installed.
    type: str
    default: openstack
attributes:
  check_mode:
    support: full
    description:
      - Runs C(check) instead, every precondition of the move, and changes
        nothing. The task fails where the move would be refused.
  diff_mode:
    support: full
    description:
      - Pool and type before and after the move. In check mode, what would be
        moved to where.
requirements:
  - the command C(openstack) with the package volmigrateclient, on the host
    that the task runs on
  - the credentials of an administrator
author:
  - volmigrateclient maintainers (!UNKNOWN)
notes:
  - C(changed) is true only if a volume really moved. So it is never
    true in check mode, where RV(would_move) tells what would happen.
  - A volume that Cinder moves already is waited for, not moved twice.
"""

EXAMPLES = r"""
- name: See whether anything is in the way
  volmigrateclient.cinder.volume_move:
    cloud: admin
    volume: 22d3933a-f13d-4f35-b90b-97303063a82c
    destination_node: cloud@beta#pool
  check_mode: true

- name: Move a volume to another pool
  volmigrateclient.cinder.volume_move:
    cloud: admin
    volume: 22d3933a-f13d-4f35-b90b-97303063a82c
    destination_node: cloud@beta#pool

- name: Give a volume another type, whatever characters are in its name
  volmigrateclient.cinder.volume_move:
    cloud: admin
    volume: !unsafe "{{ not a template }}"
    destination_type: gold
"""

RETURN = r"""
changed:
  description: Whether a volume really moved. Never in check mode.
  returned: always
  type: bool
rc:
  description: >
    The exit code of the command. 0 is done or there already; of a check,
    that nothing blocks the move. 1 is refused, failed, or not known to be
    done. 2 is a wrong command line, 130 interrupted.
  returned: always
  type: int
command:
  description: The command as a list of arguments. There is no secret in it.
  returned: always
  type: list
  elements: str
messages:
  description: >
    What the command said on stderr, line by line. Names in it are quoted
    and escaped.
  returned: always
  type: list
  elements: str
msg:
  description: Why it failed, every reason with its remedy.
  returned: failure
  type: str
would_move:
  description: Whether the volume would be moved.
  returned: in check mode
  type: bool
checks:
  description: Every precondition of the move.
  returned: in check mode
  type: list
  elements: dict
  contains:
    name:
      description: What was looked at.
      type: str
    result:
      description: One of V(ok), V(blocked), V(warning) and V(unknown).
      type: str
    detail:
      description: What was found, with the remedy where there is one.
      type: str
result:
  description: >
    How the move ended, V(done) or V(already there); of a failed task
    V(failed), V(still running), V(interrupted) or V(undecided).
  returned: when the command came to a result
  type: str
volume_id:
  description: ID of the volume.
  returned: when the command came to a result
  type: str
volume_name:
  description: Name of the volume, which is its tenant's text.
  returned: when the command came to a result
  type: str
project_id:
  description: ID of the volume's project.
  returned: when the command came to a result
  type: str
migration_type:
  description: V(cold) or V(swap).
  returned: when the command came to a result
  type: str
path:
  description: How it was moved, such as V(migrate) or V(retype).
  returned: when the command came to a result
  type: str
source_node:
  description: Pool that the volume was on.
  returned: when the command came to a result
  type: str
destination_node:
  description: Pool that the volume is on now.
  returned: when the command came to a result
  type: str
source_type:
  description: Type that the volume had.
  returned: when the command came to a result
  type: str
destination_type:
  description: Type that the volume has now.
  returned: when the command came to a result
  type: str
server_id:
  description: ID of the server that has the volume, or null.
  returned: when the command came to a result
  type: str
new_volume_id:
  description: ID of the volume after the move, which is the same.
  returned: when the command came to a result
  type: str
name_id:
  description: >
    Under which ID the backend knows the volume, where that differs from
    its own.
  returned: when the command came to a result
  type: str
size:
  description: Size in GiB.
  returned: when the command came to a result
  type: int
elapsed:
  description: Seconds that it took.
  returned: when the command came to a result
  type: float
moved_by:
  description: Who copied the data, as far as that is known.
  returned: when the command came to a result
  type: str
"""

import json
import re
from typing import Any

from ansible.module_utils.basic import AnsibleModule

#: Of a run's results those after which the volume is where it was to be.
_SUCCESS = ("done", "already there")
#: A line of progress; what is no such line is the reason of a failure.
_PROGRESS = re.compile(r"\d\d:\d\d:\d\d ")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "volume": {"type": "str", "required": True},
            "destination_node": {"type": "str"},
            "destination_type": {"type": "str"},
            "migration_type": {
                "type": "str",
                "choices": ["auto", "cold", "swap"],
                "default": "auto",
            },
            "migration_policy": {
                "type": "str",
                "choices": ["on-demand", "never"],
                "default": "on-demand",
            },
            "force_host_copy": {"type": "bool", "default": False},
            "allow_relabel": {"type": "bool", "default": False},
            "allow_file_copy": {"type": "bool", "default": False},
            "timeout": {"type": "float"},
            "cloud": {"type": "str"},
            "openstack": {"type": "str", "default": "openstack"},
        },
        required_one_of=[("destination_node", "destination_type")],
        mutually_exclusive=[("force_host_copy", "allow_relabel")],
        supports_check_mode=True,
    )
    if module.check_mode:
        check(module)
    else:
        move(module)


def check(module: AnsibleModule) -> None:
    """Judge every precondition of the move; change nothing."""
    told = run(module, "check")
    found = told.pop("answer")
    if not isinstance(found, list):
        module.fail_json(changed=False, msg=reason(told), **told)
    checks = [
        {
            "name": row["Check"],
            "result": row["Result"],
            "detail": row["Detail"],
        }
        for row in found
    ]
    there = any(one["name"] == "Already there" for one in checks)
    told.update(checks=checks, would_move=told["rc"] == 0 and not there)
    if told["rc"] != 0:
        blocked = [c["detail"] for c in checks if c["result"] == "blocked"]
        msg = "\n".join(blocked) or reason(told)
        module.fail_json(changed=False, msg=msg, **told)
    for one in checks:
        if one["result"] == "warning":
            module.warn(f"{one['name']}: {one['detail']}")
    if told["would_move"]:
        # json.dumps: nothing in a name reaches a terminal as it is.
        told["diff"] = {
            "prepared": (
                f"would move volume {json.dumps(module.params['volume'])} to "
                f"{goal(module.params)}\n"
            )
        }
    module.exit_json(changed=False, **told)


def move(module: AnsibleModule) -> None:
    """Move the volume, to its verified end."""
    told = run(module, "run")
    found = told.pop("answer")
    if isinstance(found, dict):
        told.update(found)
    result = told.get("result")
    changed = result == "done"
    if told["rc"] != 0 or result not in _SUCCESS:
        module.fail_json(changed=changed, msg=reason(told), **told)
    for line in told["messages"]:
        if ": warning: " in line:
            module.warn(_PROGRESS.sub("", line, count=1))
    if changed:
        told["diff"] = {
            when: {
                "node": told[f"{which}_node"],
                "type": told[f"{which}_type"],
            }
            for when, which in (
                ("before", "source"),
                ("after", "destination"),
            )
        }
    module.exit_json(changed=changed, **told)


def run(module: AnsibleModule, verb: str) -> dict[str, Any]:
    """Run a command, and give what came of it; ``answer`` is its JSON."""
    command = arguments(module.params, verb)
    # Expanding would make of a volume called $HOME another one.
    code, stdout, stderr = module.run_command(
        command, expand_user_and_vars=False, errors="surrogate_then_replace"
    )
    try:
        answer = json.loads(stdout)
    except ValueError:
        answer = None
    return {
        "rc": code,
        "command": command,
        "messages": stderr.splitlines(),
        "answer": answer,
    }


def arguments(params: dict[str, Any], verb: str) -> list[str]:
    """The command with its arguments; none of them is for a shell."""
    command = [params["openstack"]]
    if params["cloud"]:
        command.append(f"--os-cloud={params['cloud']}")
    command += ["volume", "watcher-migrate", verb, "--format=json"]
    for name in (
        "migration_type",
        "migration_policy",
        "destination_node",
        "destination_type",
        "timeout",
    ):
        if params[name] not in (None, ""):
            command.append(f"{option(name)}={params[name]}")
    for name in ("force_host_copy", "allow_relabel", "allow_file_copy"):
        if params[name]:
            command.append(option(name))
    # A volume may be called --help.
    return [*command, "--", params["volume"]]


def option(name: str) -> str:
    """The command's option for a parameter."""
    return "--" + name.replace("_", "-")


def goal(params: dict[str, Any]) -> str:
    """Where a volume is to go, for people."""
    node, type_ = params["destination_node"], params["destination_type"]
    return " and ".join(filter(None, (node, type_ and f"type {type_}")))


def reason(told: dict[str, Any]) -> str:
    """Why it failed: what the command said besides its progress."""
    said = [line for line in told["messages"] if not _PROGRESS.match(line)]
    return "\n".join(said).strip() or (
        f"the command exited with {told['rc']} and gave no reason"
    )


if __name__ == "__main__":
    main()
