# SPDX-License-Identifier: Apache-2.0
"""What runs inside the service environments: Keystone, Cinder, Nova, ...

The controller in ``tests.cloud`` starts these modules with the Python of a
service environment and with the cloud's directory as working directory, so
every relative path (databases, configuration) is the cloud's own.
"""
