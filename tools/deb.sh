#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# deb.sh DIR: the Debian packages tscope and tscope-dkms, their source package and a .changes
# file in DIR, made from what git tracks (or MANIFEST names). lintian checks them; what it finds is
# an error with LINTIAN_STRICT=1, as other distributions' lintian has other rules.

set -e
cd "$(dirname "$0")/.."
[ $# = 1 ] || { echo "usage: tools/deb.sh DIR" >&2; exit 2; }
# shellcheck source=selftests/harness/deps.sh
. selftests/harness/deps.sh

step() {
	printf '[%3d s] %s\n' "$SECONDS" "$1"
}

need dpkg-buildpackage:dpkg-dev:"Debian packages" dh:debhelper:"Debian packages" \
	/usr/share/build-essential/list:build-essential:"Debian packages" \
	dh_dkms:dh-dkms:"Debian packages" fakeroot:fakeroot:"Debian packages" \
	lintian:lintian:"checks of Debian packages" rst2man:python3-docutils:"man pages" \
	/usr/include/json-c/json.h:libjson-c-dev:"the command" \
	/usr/include/expat.h:libexpat1-dev:"the command"
version=$(tools/version.sh)
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

step "building tscope and tscope-dkms $version"
tar -xf "$(tools/dist.sh "$work")" -C "$work"
rm "$work"/*.tar.xz
(cd "$work/tscope-$version" && dpkg-buildpackage --no-sign) >"$out/build.log" 2>&1 || {
	tail -n 20 "$out/build.log" >&2
	echo "error: dpkg-buildpackage failed; its log is $out/build.log" >&2
	exit 1
}
rm -f "$out"/tscope*_*
mv "$work"/tscope*_* "$out/"

step "lintian"
lintian --allow-root --display-info --fail-on error,warning,info \
	"$out"/tscope_*.changes || {
	echo "lintian found something" >&2
	[ -z "$LINTIAN_STRICT" ] || exit 1
}
# apt treats an argument as a path only if it begins with a dot or a slash
case $1 in /*) dir=$1 ;; *) dir=./$1 ;; esac
step "done; install them with: sudo apt install ${dir%/}/tscope_${version}_amd64.deb ${dir%/}/tscope-dkms_${version}_all.deb"
