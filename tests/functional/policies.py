# SPDX-License-Identifier: Apache-2.0
"""The services' own policies: what each request asks of whom by default."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from collections.abc import Mapping

from tests.cloud import environments

#: Run by the services' interpreter, in which their packages are.
_SCRIPT = r"""
import json, sys
from oslo_config import cfg
from oslo_policy import policy
from cinder import policies as cinder
from keystone.common import policies as keystone
from nova import policies as nova

ROLES = ["reader", "member", "manager", "admin"]
shown = {}
for service, module in (
    ("cinder", cinder), ("keystone", keystone), ("nova", nova)
):
    enforcer = policy.Enforcer(cfg.ConfigOpts(), use_conf=False)
    enforcer.conf([])
    enforcer.suppress_deprecation_warnings = True
    enforcer.suppress_default_change_warnings = True
    enforcer.register_defaults(module.list_rules())
    enforcer.set_rules(
        {
            name: rule.check
            for name, rule in enforcer.registered_rules.items()
        },
        use_conf=False,
    )
    for name, rule in enforcer.registered_rules.items():
        for number, least in enumerate(ROLES, 1):
            user = {
                "roles": ROLES[:number], "project_id": "p", "user_id": "u",
                "is_admin": least == "admin", "is_admin_project": True,
            }
            if enforcer.enforce(name, {"project_id": "p"}, user):
                break
        else:
            least = "nobody"
        shown.setdefault(service, {})[name] = {
            "least": least,
            "operations": [
                [one["method"], one["path"]]
                for one in getattr(rule, "operations", None) or ()
            ],
        }
json.dump(shown, sys.stdout)
"""


@dataclasses.dataclass(frozen=True)
class Policy:
    """A rule that a service checks.

    :param least: the least role of the resource's own project that passes
    :param operations: the requests for which it is checked
    """

    least: str
    operations: frozenset[str]


def read() -> Mapping[str, Mapping[str, Policy]]:
    """All policies with their defaults: service -> name -> policy."""
    environment = environments.Environment("current")
    done = subprocess.run(
        (environment.python, "-c", _SCRIPT),
        env=environment.variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        service: {
            name: Policy(
                rule["least"],
                frozenset(
                    operation(method, path)
                    for method, path in rule["operations"]
                ),
            )
            for name, rule in rules.items()
        }
        for service, rules in found.items()
    }


def operation(method: str, path: str, action: str = "") -> str:
    """A request without what differs from call to call.

    ``POST /v3/<project>/volumes/<ID>/action`` becomes ``POST
    /volumes/{id}/action (os-retype)``.
    """
    path = path.strip().partition("?")[0]
    path = re.sub(r"^/v[23](\.\d+)?(/[0-9a-f]{32}(?=/))?", "", path)
    path = re.sub(r"\{\w+\}", "{id}", path)
    # A project is also asked for by its name, a domain by "default".
    path = re.sub(r"^/(projects|domains)/[^/]+", r"/\1/{id}", path)
    path = re.sub(r"/config/[^/]+", "/config/{id}", path)
    path = re.sub(r"/(req-)?[0-9a-f-]{32,36}(?=/|$)", "/{id}", path)
    return " ".join(f"{method} {path} {action}".split())
