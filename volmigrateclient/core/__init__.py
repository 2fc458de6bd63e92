# SPDX-License-Identifier: Apache-2.0

"""The volume migrate action: decisions, paths and the engine.

Nothing in here imports a client library or does I/O of its own; whatever
it knows of the cloud comes through :class:`.cloud.Cloud`.
"""
