# SPDX-License-Identifier: Apache-2.0
"""Live moves on a real hypervisor: Nova's libvirt driver, QEMU, NFS."""
