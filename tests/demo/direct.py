# SPDX-License-Identifier: Apache-2.0
"""The five steps of the specification, on a Nova that accepts them."""

from __future__ import annotations

from tests import cloud as cloud_
from tests.demo import guests, leftovers, screen
from tests.functional import resources


class Direct:
    """The chapters on a cloud whose Nova lets clients swap volumes."""

    def __init__(self, shown: screen.Screen, cloud: cloud_.Cloud) -> None:
        self._shown = shown
        self._cloud = cloud
        self._make = resources.Resources(cloud)
        self._openstack = screen.Openstack(shown, cloud)

    def show(self) -> None:
        """All sections, and a look at what is left behind."""
        before = self._cloud.inventory()
        made = [*self.five_steps(), *self.interrupted()]
        self._shown.section(
            "Nothing else is left",
            "Read from the databases of Keystone and Cinder themselves:",
        )
        leftovers.check(self._shown, self._cloud, before, made)

    def five_steps(self) -> list[str]:
        """A swap via Nova, all the way."""
        shown = self._shown
        guest = guests.Guest.boot(self._make, "shop", "orders")
        shown.section(
            "Swap via Nova: the five steps",
            """A temporary user in alice's project makes a volume of the new
            type; Nova swaps the guest's disk to it; only when every record
            says so, the source is deleted, and the user last. The volume has
            another ID then, and the server needs a hard reboot before its
            next live migration: the command says so.""",
        )
        code, _ = self._openstack.migrate(
            *("run", "orders", "--destination-type", "gold"),
            *("--swap-via", "nova"),
        )
        with shown.check("run exits with 0"):
            assert code == 0
        self._swapped(guest)
        return guest.volume_ids

    def interrupted(self) -> list[str]:
        """A run that dies in the middle of the copy."""
        shown = self._shown
        guest = guests.Guest.boot(self._make, "desk", "tickets")
        shown.section(
            "Interrupted: the machine of the admin dies during the copy",
            """Nova's copy takes long this time; meanwhile the command is
            killed (SIGKILL), as by a power cut. The cloud goes on alone. User,
            source and destination are left.""",
        )
        self._cloud.fault_switches("nova").set(swap="hang")
        running = self._openstack.start(
            *("volume", "watcher-migrate", "run", "tickets"),
            *("--destination-type", "gold", "--swap-via", "nova"),
        )
        resources.until("Nova copies", lambda: ": swapping" in running.output)
        running.kill()
        shown.line("(killed)")

        shown.section(
            "Recover: find it, from any machine",
            """All that is needed is in the cloud. What was started less than
            an hour ago may be another admin's run, so it would be left alone;
            here we know better. Nothing is changed without approval.""",
        )
        code, output = self._recover("--older-than", "0")
        with shown.check("recover waits as long as Nova copies"):
            assert code == 0
            assert "run recover again once the swap has" in _joined(output)
        self._until_swapped(guest)
        code, _ = self._recover("--older-than", "0", "--auto-approve")
        with shown.check("recover exits with 0: all is finished"):
            assert code == 0
        self._swapped(guest)
        code, output = self._recover()
        with shown.check("recover finds nothing any more"):
            assert code == 0
            assert "delete the source" not in _joined(output)
            assert "run recover again" not in _joined(output)
        return guest.volume_ids

    def _recover(self, *more: str) -> tuple[int, str]:
        return self._openstack.migrate(
            "recover",
            *more,
            *(w for c in ("State", "To Do", "Result") for w in ("-c", c)),
        )

    def _until_swapped(self, guest: guests.Guest) -> None:
        """Nova ends what it began, whether anybody waits or not."""
        self._shown.say("Later Nova has ended its copy.")
        self._cloud.fault_switches("nova").clear()
        actions = self._make.nova.instance_action
        (swap,) = (
            one
            for one in actions.list(guest.server.id)
            if one.action == "swap_volume"
        )
        resources.until(
            "Nova has swapped",
            lambda: all(
                event["result"] == "Success"
                for event in actions.get(
                    guest.server.id, swap.request_id
                ).events
            ),
        )

    def _swapped(self, guest: guests.Guest) -> None:
        """The guest has its data on a gold volume; the source is gone."""
        shown = self._shown
        others = [i for i in guest.volume_ids if i != guest.volume.id]
        gold = [i for i in others if self._make.seen(i).volume_type == "gold"]
        with shown.check("the guest reads what it wrote"):
            guest.reads_what_it_wrote()
        with shown.check("its disk is a gold volume, for Nova and Cinder"):
            (new,) = gold
            guest.is_on(new)
        with shown.check("name and properties are those of the source"):
            seen = self._make.seen(gold[0])
            assert seen.name == guest.volume.name
            assert seen.metadata == guest.volume.metadata
        with shown.check("the source is deleted"):
            assert self._make.is_gone(guest.volume.id)
        with shown.check("the server ran all the time"):
            guest.still_runs()


def _joined(output: str) -> str:
    """A table's text, with what was wrapped in one piece again."""
    return " ".join(output.replace("|", " ").split())
