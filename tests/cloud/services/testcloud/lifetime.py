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

"""Ends this process when the process that owns the cloud ends."""

import _thread
import os


def end_with_owner() -> None:
    """Exit as soon as standard input, a pipe from the owner, is closed.

    The kernel closes the pipe however the owner ends, SIGKILL included.
    Must be called before any monkey patching: the watch has to be a real
    thread, which no busy event loop can starve.
    """
    _thread.start_new_thread(_watch, (os.read, os._exit))


def _watch(read, leave) -> None:
    while read(0, 1):
        pass
    leave(0)
