# SPDX-License-Identifier: Apache-2.0
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
