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

volume=$1
show() {
    openstack volume show "$volume" -f value -c "$1"
}
if [ "$KIND" = migrate ]; then
    openstack volume migrate "$volume" --lock-volume --host "$DESTINATION" ||
        exit 1
    while state=$(show migration_status); do
        case $state in success | error) break ;; esac
        sleep "$PAUSE"
    done
    there=$(show os-vol-host-attr:host)
else
    openstack volume set "$volume" --type "$DESTINATION" \
        --retype-policy on-demand || exit 1
    while [ "$(show status)" = retyping ]; do
        sleep "$PAUSE"
    done
    there=$(show type)
fi
if [ "$there" = "$DESTINATION" ]; then
    echo "$volume done"
else
    echo "$volume failed: it is still at $there"
    exit 1
fi
