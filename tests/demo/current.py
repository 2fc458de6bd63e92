# SPDX-License-Identifier: Apache-2.0
"""What works on every OpenStack: Cinder leads, and Nova does its part."""

from __future__ import annotations

from tests import cloud as cloud_
from tests.cloud import inventory
from tests.demo import guests, leftovers, screen
from tests.demo.guests import ALPHA, BETA
from tests.functional import resources

GOLD = ("cloud@gamma#pool", "cloud@delta#pool")


class Current:
    """The chapters on a cloud of the current release."""

    def __init__(self, shown: screen.Screen, cloud: cloud_.Cloud) -> None:
        self._shown = shown
        self._cloud = cloud
        self._make = resources.Resources(cloud)
        self._openstack = screen.Openstack(shown, cloud)

    def show(self) -> None:
        """All sections, and a look at what is left behind."""
        before = self._cloud.inventory()
        made = [
            self.cold_migration(),
            self.cold_retype(),
            *self.swap_via_cinder(),
            *self.refusals(),
            *self.pool(),
        ]
        self._shown.section(
            "Nothing else is left",
            "Read from the databases of Keystone and Cinder themselves:",
        )
        leftovers.check(self._shown, self._cloud, before, made)

    def cold_migration(self) -> str:
        """A detached volume to another pool."""
        shown = self._shown
        volume = self._make.volume(pool=ALPHA, name="reports")
        written = self._cloud.digest(volume.id)
        shown.section(
            "Cold migration: a detached volume goes to another pool",
            """alice has a volume 'reports' of type bronze on the pool of
            backend alpha. It is in her project; the admin names it all the
            same. 'check' reports everything that blocks the move, and changes
            nothing; 'run' moves the volume and verifies that it arrived.""",
        )
        asked = (
            *("reports", "--migration-type", "cold"),
            *("--destination-node", BETA),
        )
        code, _ = self._openstack.migrate("check", *asked)
        with shown.check("check exits with 0: nothing blocks the move"):
            assert code == 0
        code, _ = self._openstack.migrate("run", *asked)
        with shown.check("run exits with 0"):
            assert code == 0
        with shown.check(f"the volume is on {BETA}, under the same ID"):
            assert self._make.host(volume.id) == BETA
        with shown.check("every byte is as it was (digest of the whole)"):
            assert self._cloud.digest(volume.id) == written
        return str(volume.id)

    def cold_retype(self) -> str:
        """A detached volume to another type."""
        shown = self._shown
        volume = self._make.volume(name="archive")
        written = self._cloud.digest(volume.id)
        shown.section(
            "Cold retype: a detached volume becomes one of another type",
            """Cinder chooses the pool. It says nothing when it gives up a
            retype; so 'run' judges by type, pool and status, not by the
            answer 202.""",
        )
        code, _ = self._openstack.migrate(
            *("run", "archive", "--migration-type", "cold"),
            *("--destination-type", "gold"),
        )
        with shown.check("run exits with 0"):
            assert code == 0
        with shown.check("the volume is gold, on a pool of that type"):
            assert self._make.seen(volume.id).volume_type == "gold"
            assert self._make.host(volume.id) in GOLD
        with shown.check("every byte is as it was"):
            assert self._cloud.digest(volume.id) == written
        return str(volume.id)

    def swap_via_cinder(self) -> list[str]:
        """An attached volume to another type while its server runs."""
        shown = self._shown
        guest = guests.Guest.boot(self._make, "web", "database")
        shown.section(
            "Swap: an attached volume moves while its server runs",
            """Server 'web' has the volume 'database' as its second disk, and
            has written to it. 'swap' is the default migration type. Cinder
            leads, Nova copies and switches the guest's disk; the volume keeps
            its ID, and nobody needs a temporary user.""",
        )
        code, _ = self._openstack.migrate(
            "run", "database", "--destination-type", "gold"
        )
        with shown.check("run exits with 0"):
            assert code == 0
        with shown.check("the volume is gold, on a pool of that type"):
            assert self._make.seen(guest.volume.id).volume_type == "gold"
            assert self._make.host(guest.volume.id) in GOLD
        with shown.check("the guest reads what it wrote"):
            guest.reads_what_it_wrote()
        with shown.check("Nova and Cinder agree on the attachment"):
            guest.is_on(guest.volume.id)
        with shown.check("the server ran all the time"):
            guest.still_runs()
        return guest.volume_ids

    def refusals(self) -> list[str]:
        """What is refused before anything is changed."""
        shown = self._shown
        volume = self._make.volume(pool=ALPHA, name="ledger")
        snapshot = self._snapshot(volume.id)
        shown.section(
            "Refused: a volume with a snapshot",
            """Cinder moves no volume that has snapshots, and answers with one
            text for six causes. The refusal names all causes, each with what
            clears it, after the specification's own sentence.""",
        )
        before = self._cloud.inventory()
        code, output = self._openstack.migrate(
            *("run", "ledger", "--migration-type", "cold"),
            *("--destination-node", BETA),
        )
        with shown.check("run exits with 1, and says why and what helps"):
            assert code == 1
            assert "Invalid state for cold migration: the volume has" in output
            # The command is wrapped where the terminal ends.
            assert f"snapshot delete {snapshot}" in " ".join(output.split())
        self._unchanged(before)

        guest = guests.Guest.boot(self._make, "mail", "inbox")
        shown.section(
            "Refused: a swap via Nova that Nova does not accept any more",
            """The specification's five steps ask Nova itself to swap. Since
            OSSN-0094 Nova lets only Cinder do so. That is found out before
            anything is made.""",
        )
        before = self._cloud.inventory()
        code, output = self._openstack.migrate(
            *("run", "inbox", "--destination-type", "gold"),
            *("--swap-via", "nova"),
        )
        with shown.check("run exits with 1 and names OSSN-0094 and the way"):
            assert code == 1
            assert "OSSN-0094" in output
            assert "use --swap-via cinder" in output
        self._unchanged(before)
        return [str(volume.id), *guest.volume_ids]

    def pool(self) -> list[str]:
        """A plan for a whole pool, read first and then applied."""
        shown = self._shown
        volumes = [
            self._make.volume(pool=ALPHA, name=f"batch-{number}")
            for number in (1, 2, 3)
        ]
        written = [self._cloud.digest(volume.id) for volume in volumes]
        ids = [str(volume.id) for volume in volumes]
        shown.section(
            "A plan: empty a pool, read first, then apply",
            """Backend alpha is to be emptied. 'plan' writes down one action
            for each volume, and everything that blocks it; it changes nothing.
            The volume with the snapshot will have to stay.""",
        )
        code, _ = self._openstack.migrate(
            *("plan", "--source-node", "cloud@alpha"),
            *("--destination-node", BETA, "--output", "plan.json"),
            *_columns("Name", "Server", "From", "To", "Verdict", "Reasons"),
        )
        with shown.check("plan exits with 0"):
            assert code == 0
        shown.section(
            "Apply the plan",
            """At most two moves at once, and never two on one server. What
            cannot be moved stays and is reported; so the command exits with
            3.""",
        )
        code, _ = self._apply("--report", "report.csv")
        with shown.check("apply exits with 3: one volume is blocked"):
            assert code == 3
        with shown.check("every volume of the batch is there, byte for byte"):
            assert {self._make.host(i) for i in ids} == {BETA}
            assert [self._cloud.digest(i) for i in ids] == written
        with shown.check("the report has a line for each volume"):
            report = (self._cloud.directory / "report.csv").read_text()
            assert all(volume_id in report for volume_id in ids)

        shown.section(
            "Apply it again",
            """All state is in the cloud: after a Ctrl-C, a crash or a remedy
            the same command resumes where it stopped. The snapshot is not
            needed any more; alice deletes it.""",
        )
        self._delete_snapshots()
        code, output = self._apply()
        with shown.check("apply exits with 0: all is done"):
            assert code == 0
        with shown.check("apply says that the backend is empty, and it is"):
            assert "cloud@alpha is empty" in output
            assert not self._cloud.backend_files("alpha")
        return ids

    def _apply(self, *more: str) -> tuple[int, str]:
        return self._openstack.migrate(
            *("apply", "plan.json", "--auto-approve"),
            *("--max-parallel", "2", *more),
            *_columns("Name", "Path", "Result", "Seconds", "Reason"),
        )

    def _snapshot(self, volume_id: str) -> str:
        snapshots = self._make.cinder_of("alice").volume_snapshots
        made = snapshots.create(volume_id, name="friday")
        resources.until(
            "the snapshot",
            lambda: snapshots.get(made.id).status == "available",
        )
        return str(made.id)

    def _delete_snapshots(self) -> None:
        snapshots = self._make.cinder_of("alice").volume_snapshots
        for one in snapshots.list():
            snapshots.delete(one.id)
        resources.until("no snapshot", lambda: not snapshots.list())

    def _unchanged(self, before: inventory.Inventory) -> None:
        with self._shown.check("nothing was changed, and nothing made"):
            changes = before.difference(self._cloud.inventory())
            assert not changes, changes


def _columns(*names: str) -> list[str]:
    return [word for name in names for word in ("-c", name)]
