# SPDX-License-Identifier: Apache-2.0

"""Driving one move or many: the clock, the caps and the polling."""

from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.engine.engine import Engine
from volmigrateclient.core.engine.handle import Handle
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.reporter import Reporter

__all__ = (
    "Admission",
    "Clock",
    "Engine",
    "Handle",
    "Job",
    "Limits",
    "Reporter",
)
