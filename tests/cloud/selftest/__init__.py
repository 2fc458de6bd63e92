# SPDX-License-Identifier: Apache-2.0
"""Shows that the test cloud does what it promises.

Not collected by default. Run it when the test cloud itself changes::

    pytest tests/cloud/selftest/*.py

for both Novas, or for one of them with TEST_CLOUD_NOVA=current or =swap.
"""
