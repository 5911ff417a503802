# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# For both inits: virtio ports by their names, as /dev/lab-NAME. (Serial ports need an
# exit for each byte; the emulated host dies of a triple fault if these are too many.)

_port_link() {
	local name
	for name in /sys/class/virtio-ports/*/name; do
		[ "$(cat "$name" 2>/dev/null)" = "$1" ] || continue
		name=${name%/name}
		ln -s "${name##*/}" "/dev/lab-$1"
		return
	done
	return 1
}

# ports_init MODULES PORT...: MODULES is a file that lists the kernel's modules. Ports
# appear some time after their driver.
ports_init() {
	local module port tries=0
	while read -r module; do
		insmod "/lib/lab/$module" || echo "insmod $module failed"
	done <"/lib/lab/$1"
	shift
	for port; do
		until _port_link "$port"; do
			tries=$((tries + 1))
			[ $tries -lt 250 ] || { echo "no port $port"; break; }
			usleep 20000
		done
	done
}
