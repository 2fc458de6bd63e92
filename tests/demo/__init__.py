# SPDX-License-Identifier: Apache-2.0
"""A demonstration on a cloud of its own: ``python -m tests.demo``."""
