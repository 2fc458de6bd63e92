# SPDX-License-Identifier: Apache-2.0
"""A plan for some volumes, applied in this process or in another."""

from __future__ import annotations

import collections
import pathlib
from collections.abc import Sequence
from typing import Any

from tests.functional import killable, moves, pools, resources, shell


class Batch:
    """Volumes on alpha, the plan to move them, and what becomes of them."""

    def __init__(
        self,
        make: resources.Resources,
        openstack: shell.Openstack,
        file: pathlib.Path,
        kinds: Sequence[dict[str, Any]],
    ) -> None:
        self.cloud, self.openstack, self.file = make.cloud, openstack, file
        prefix = make.name("batch")
        self.volumes = pools.fill(make, prefix, kinds)
        self.ids = [volume.id for volume in self.volumes]
        self.digests = pools.digests(self.cloud, self.volumes)
        planned = openstack.migrate(
            "plan",
            f"--source-node={moves.ALPHA}",
            f"--name={prefix}-*",
            moves.node(moves.BETA),
            f"--output={file}",
            f"--reverse={file}.reverse",
        )
        assert planned.exit_code == 0, planned.stderr
        self.journal = pools.Journal(self.cloud)

    def apply(self, *words: str, **environment: str) -> shell.Completed:
        """Apply the plan, to its end."""
        return self.openstack.migrate(
            "apply",
            str(self.file),
            "--auto-approve",
            *words,
            "-f=json",
            **environment,
        )

    def start(self, *words: str, **environment: str) -> killable.Command:
        """Apply the plan in a process that can be told something."""
        return killable.Command(
            self.openstack,
            *("volume", "watcher-migrate", "apply", str(self.file)),
            "--auto-approve",
            *words,
            "-f=json",
            **environment,
        )

    def moving(self) -> int:
        """How many volumes Cinder has begun to move."""
        return len(self.journal.begun)

    def until_moving(self, count: int) -> None:
        resources.until(f"{count} moves", lambda: self.moving() >= count)

    def assert_all_moved_once(self, most: int) -> None:
        """Each once, with its content; never more than so many at once."""
        assert self.journal.begun == dict.fromkeys(self.ids, 1)
        assert self.journal.most_at_once(dict.fromkeys(self.ids, 0))[0] <= most
        assert set(self.where().values()) == {moves.BETA}
        assert pools.digests(self.cloud, self.volumes) == self.digests

    def where(self) -> dict[str, Any]:
        return pools.hosts(self.cloud, self.volumes)


def results(done: shell.Completed) -> collections.Counter[str]:
    return collections.Counter(row["Result"] for row in done.json)
