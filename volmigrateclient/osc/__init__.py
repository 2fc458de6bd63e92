# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate``: one file per command.

Every ``openstack`` call imports the command modules, so at their tops stand
only cliff, osc_lib, the standard library and our i18n.
"""
