# SPDX-License-Identifier: Apache-2.0

"""Plans: choosing volumes, deciding where they go, writing it down.

A plan is data that people read and ``apply`` carries out; any strategy can
write one (:mod:`.planning.plan`).
"""
