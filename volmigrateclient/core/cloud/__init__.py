# SPDX-License-Identifier: Apache-2.0

"""Reading the cloud: what the core needs of it, and all that is read."""

from volmigrateclient.core.cloud.interface import (
    BlockStorage,
    Cloud,
    Compute,
    Identity,
)
from volmigrateclient.core.cloud.survey import (
    Survey,
    find_volume,
    take_survey,
)

__all__ = (
    "BlockStorage",
    "Cloud",
    "Compute",
    "Identity",
    "Survey",
    "find_volume",
    "take_survey",
)
