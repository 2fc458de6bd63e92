# SPDX-License-Identifier: Apache-2.0
"""Watcher's own applier runs our action, on the test cloud.

Watcher gets environments of its own, as the services do: the oldest release
that is supported and the newest one that was known when this was written,
each as it was then, and whatever ``volmigrateclient[watcher]`` installs
today. In each, Watcher's own loader, Syncer, action plan handler, applier
and TaskFlow run in one process (``applier.py``), with SQLite and
oslo.messaging's ``fake://``. Nothing of Watcher is replaced.

The constraints files are resolved with ``uv pip compile --universal
--python-version 3.10 --no-annotate --no-header`` from requirements.txt and
``python-watcher==VERSION``; that of 14.0.0 with ``--exclude-newer
2025-05-10``.
"""
