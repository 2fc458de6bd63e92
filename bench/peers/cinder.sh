# SPDX-License-Identifier: Apache-2.0
volume=$1
show() {
    cinder show "$volume" | awk -v name="$1" '$2 == name { print $4 }'
}
if [ "$KIND" = migrate ]; then
    cinder migrate --lock-volume True "$volume" "$DESTINATION" || exit 1
    while state=$(show migration_status); do
        case $state in success | error) break ;; esac
        sleep "$PAUSE"
    done
    there=$(show os-vol-host-attr:host)
else
    cinder retype --migration-policy on-demand "$volume" "$DESTINATION" ||
        exit 1
    while [ "$(show status)" = retyping ]; do
        sleep "$PAUSE"
    done
    there=$(show volume_type)
fi
if [ "$there" = "$DESTINATION" ]; then
    echo "$volume done"
else
    echo "$volume failed: it is still at $there"
    exit 1
fi
