# SPDX-License-Identifier: Apache-2.0
"""The collection of contrib/ansible, with a real Ansible on the test cloud.

In an environment of their own (``tox -e ansible``), since Ansible is no
requirement of ours: with the newest release for its Python, and with the
oldest that the collection supports.
"""
