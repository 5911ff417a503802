# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# prometheus_get: sets PROMETHEUS to a directory of the cache with Debian's prometheus, promtool and
# prometheus-node-exporter. They are not installed, because that would start them on this machine.
# They need libc only. Needs kernel.sh.

_prometheus_fill() {
	local deb
	_apt_download prometheus prometheus-node-exporter || return
	for deb in *.deb; do
		dpkg -x "$deb" root || return
	done
	mv root/usr/bin/prometheus root/usr/bin/promtool root/usr/bin/prometheus-node-exporter . || return
	rm -rf root ./*.deb
	./prometheus --version >&2
}

prometheus_get() {
	local version
	version=$(_apt_version prometheus)
	[ -n "$version" ] || { apt_update; version=$(_apt_version prometheus); }
	cache_fill "prometheus/$version" _prometheus_fill || return
	# shellcheck disable=SC2034
	PROMETHEUS=$CACHED
}
