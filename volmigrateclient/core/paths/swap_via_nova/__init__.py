# SPDX-License-Identifier: Apache-2.0

"""The five steps of a swap via Nova: markers, evidence and how they end.

The steps themselves are :mod:`.paths.swap_via_nova`. What is decided after
the swap was asked for is decided here, for the run itself and for
``recover`` alike.
"""
