# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The real clock, for as short as can be."""

from __future__ import annotations

from volmigrateclient.core import clock


def test_it_sleeps_so_long() -> None:
    real = clock.Clock()
    before = real.now()

    real.sleep(0.02, lambda: False)

    assert 0.02 <= real.now() - before < 0.5


def test_it_wakes_up_when_told() -> None:
    real = clock.Clock()
    before = real.now()
    told = iter([False, True])

    real.sleep(60, lambda: next(told))

    assert real.now() - before < 1
