# SPDX-License-Identifier: Apache-2.0

"""Watcher's applier runs our action: two plug-ins, and nothing else.

The top floor: nothing of ours imports it, and it alone imports Watcher.
``action`` is the plug-in of ``watcher_actions``, ``engine`` the one of
``watcher_workflow_engines``, which has Watcher's stored plans and its own
strategies use the first. Each is loaded by Watcher, in whose process
``watcher`` is installed: see the extra ``volmigrateclient[watcher]``.
"""
