# SPDX-License-Identifier: Apache-2.0
"""Makes oslo.messaging's in-memory transport behave like a real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from oslo_messaging._drivers import base, impl_fake
from oslo_serialization import jsonutils

_POLL_SECONDS = 0.1
#: After which a listener looks whether it is to stop.
_LOOK_SECONDS = 1.0


def _as_on_the_wire(message):
    return jsonutils.loads(jsonutils.dumps(message))


def serialise() -> None:
    """Send messages and replies through JSON, as a broker does.

    The fake driver hands over the caller's own objects; receivers that
    expect plain types, and may change them, then fail.
    """
    send = impl_fake.FakeDriver._send
    reply = impl_fake.FakeIncomingMessage.reply

    def send_serialised(self, target, ctxt, message, *args, **kwargs):
        return send(
            self,
            target,
            _as_on_the_wire(ctxt),
            _as_on_the_wire(message),
            *args,
            **kwargs,
        )

    def reply_serialised(self, reply_value=None, failure=None):
        return reply(self, _as_on_the_wire(reply_value), failure)

    impl_fake.FakeDriver._send = send_serialised
    impl_fake.FakeIncomingMessage.reply = reply_serialised


class _Arrivals:
    """Counts delivered messages; listeners wait for the next one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0

    def add(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Wait until there are more than were seen, or for some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, seconds)


def deliver_at_once() -> None:
    """Have messages wake their listeners, as a broker does.

    The fake driver's listeners look 20 times a second, each: that keeps a
    core busy with nothing, and makes every call wait.
    """
    arrivals = _Arrivals()
    deliver = impl_fake.FakeExchange.deliver_message

    def deliver_and_wake(self, *args, **kwargs):
        deliver(self, *args, **kwargs)
        arrivals.add()

    def poll(self, timeout=None):
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._stopped.is_set():
            seen = arrivals.count
            for target in self._targets:
                exchange = self._exchange_manager.get_exchange(target.exchange)
                ctxt, message, *back = exchange.poll(target, self._pool)
                if message is not None:
                    return impl_fake.FakeIncomingMessage(ctxt, message, *back)
            left = _LOOK_SECONDS
            if deadline is not None:
                left = min(left, deadline - time.monotonic())
            if left <= 0:
                break
            arrivals.wait(seen, left)
        return None

    impl_fake.FakeExchange.deliver_message = deliver_and_wake
    impl_fake.FakeListener.poll = base.batch_poll_helper(poll)


def hold(method: str, while_true: Callable[[], bool]) -> None:
    """Keep casts of `method` in the queue for as long as it is asked.

    To the sender all is well: so it looks when nobody listens at the other
    end. Held messages are delivered once `while_true` says no.
    """
    send = impl_fake.FakeDriver._send

    def deliver_later(self, *args, **kwargs):
        while while_true():
            time.sleep(_POLL_SECONDS)
        send(self, *args, **kwargs)

    def send_or_hold(self, target, ctxt, message, *args, **kwargs):
        if message.get("method") == method and while_true():
            threading.Thread(
                target=deliver_later,
                args=(self, target, ctxt, message, *args),
                kwargs=kwargs,
                daemon=True,
            ).start()
            return None
        return send(self, target, ctxt, message, *args, **kwargs)

    impl_fake.FakeDriver._send = send_or_hold
