# SPDX-License-Identifier: Apache-2.0

"""Watcher's volume migrate action as an OpenStackClient plugin.

``volmigrateclient.api`` is the library, ``volmigrateclient.osc`` the
commands. This module stays empty: every ``openstack`` call imports it.
"""
