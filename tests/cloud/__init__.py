# SPDX-License-Identifier: Apache-2.0
"""A real OpenStack for tests and demonstrations; see README.rst."""

from tests.cloud.cloud import Cloud
from tests.cloud.errors import CloudError
from tests.cloud.fault_proxy import FaultProxy
from tests.cloud.http_messages import Request

__all__ = ["Cloud", "CloudError", "FaultProxy", "Request"]
