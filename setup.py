# SPDX-License-Identifier: Apache-2.0

"""pbr's stub, plus a version for trees that cannot tell theirs.

pbr asks git for the version, or reads an sdist's PKG-INFO, and gives up where
there is neither: a ``git archive`` export, a download of the tree, a machine
without git. Those get ``FALLBACK_VERSION``; whoever builds a release from
such a tree sets ``PBR_VERSION``, as with every pbr project.
"""

import os
import pathlib
import subprocess

import setuptools

FALLBACK_VERSION = "0.0.0.dev0"
ROOT = pathlib.Path(__file__).resolve().parent


def version_is_known() -> bool:
    """Whether pbr will find a version for this tree by itself."""
    if "PBR_VERSION" in os.environ or (ROOT / "PKG-INFO").exists():
        return True
    try:
        # Fails without git, without a repository and without a commit. The
        # prefix tells our own repository from one that merely surrounds an
        # unpacked tree, whose version would not be ours.
        prefix = subprocess.run(
            ["git", "rev-parse", "--show-prefix", "HEAD"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError):
        return False
    return not prefix


if not version_is_known():
    os.environ["PBR_VERSION"] = FALLBACK_VERSION

setuptools.setup(setup_requires=["pbr>=6.1.1"], pbr=True)
