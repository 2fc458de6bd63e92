# SPDX-License-Identifier: Apache-2.0
"""Makes oslo.messaging's in-memory transport behave like a real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from oslo_messaging._drivers import impl_fake
from oslo_serialization import jsonutils

_POLL_SECONDS = 0.1


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
