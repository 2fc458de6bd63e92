# SPDX-License-Identifier: Apache-2.0
"""Makes a service's databases, with what every fresh cloud contains.

Each module runs once per set of versions; clouds start from copies.
"""
