#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# package.sh [--suite SUITE] [FLAVOUR...]: the release tarball and the Debian package.
# From the tarball, without git, the package is made and checked by lintian; in a
# clean Debian (bookworm) with the kernels named (6.12) it is installed, upgraded and
# purged. KTAP; exit status 0 passed, 1 failed, 4 skipped, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
NEWER=99.0.0

# outside: the tarball and the packages, and then itself in that Debian

no_git() {
	empty "$tree/.git" && grep -qx "module/main.c" "$tree/MANIFEST"
}

# all_files: the tarball holds the files that git tracks, with the same content
all_files() {
	(cd "$tree" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort) >"$work/found"
	diff "$work/found" "$tree/MANIFEST" &&
		diff <("$top/tools/files.sh" | grep -vx MANIFEST) <(grep -vx MANIFEST "$work/found")
}

same_bytes() {
	make -s -C "$tree" dist && cmp "$work/tscope-$version.tar.xz" \
		"$tree/build/dist/tscope-$version.tar.xz"
}

# MANIFEST lists the files that git would list for make check
lists() {
	diff <("$tree/tools/files.sh" --new) "$tree/MANIFEST" && "$tree/tools/version.sh" --check
}

other_version() {
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"0\"/" "$newer/dkms.conf"
	not "$newer/tools/version.sh" --check
}

deb() {
	make -s -C "$tree" deb && cp "$tree/build/deb/tscope-dkms_${version}_amd64.deb" "$work/shared/"
}

deb_newer() {
	"$newer/tools/version.sh" --set "$NEWER" && (cd "$newer" && dpkg-buildpackage -b --no-sign) &&
		cp "$work/newer/tscope-dkms_${NEWER}_amd64.deb" "$work/shared/"
}

outside() {
	# shellcheck source=selftests/harness/kernel.sh
	. "$here/kernel.sh"
	# shellcheck source=selftests/harness/rootfs.sh
	. "$here/rootfs.sh"
	rootfs_begin package 6.12 "$@"
	version=$("$top/tools/version.sh")
	tree=$work/tscope-$version newer=$work/newer/tscope-$version
	"$top/tools/dist.sh" "$work" >&2 && mkdir "$work/newer" &&
		tar -xf "$work/tscope-$version.tar.xz" -C "$work" &&
		tar -xf "$work/tscope-$version.tar.xz" -C "$work/newer" || exit 2
	# make's own variables are not for the programs that are called here
	unset MAKEFLAGS MAKELEVEL

	ktap_begin
	note "the tarball"
	t "tarball: no git" no_git
	t "tarball: all files" all_files
	t "tarball: make dist there gives the same bytes" same_bytes
	t "tarball: lists of files and the version, without git" lists
	t "tarball: a version that differs is reported" other_version
	note "the packages"
	t "make deb, lintian clean" deb
	t "dpkg-buildpackage of a newer version" deb_newer
	note "Debian $SUITE"
	cp "$here/ktap.sh" "$here/package.sh" "$work/shared/"
	rootfs_run "$work" bash /shared/package.sh --inside "$KTAP_COUNT" "$KTAP_FAILED" \
		"$version" "${krels[@]}"
	exit
}

# inside

install() {
	apt-get -y -qq --no-install-recommends install "/shared/tscope-dkms_$1_amd64.deb"
}

# running RELEASE: what uname -r says from now on, also in maintainer scripts
running() {
	[ -e /usr/bin/uname.real ] || mv /usr/bin/uname /usr/bin/uname.real
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncase $1 in -r) echo "%s" ;; *) exec uname.real "$@" ;; esac\n' "$1" >/usr/bin/uname
	chmod +x /usr/bin/uname
}

# installing says, as its last line, which headers the running kernel lacks
headers_named() {
	local other=${krels[0]%amd64}cloud-amd64
	running "$other"
	install "$version" >/tmp/said 2>&1
	cat /tmp/said
	apt-get -y -qq purge tscope-dkms
	same "last line" "$(tail -n 1 /tmp/said)" \
		"tscope: no module for the running kernel yet, as its headers are missing: apt install linux-headers-$other"
}

# is VERSION: modprobe finds this version for each kernel
is() {
	local krel
	for krel in "${krels[@]}"; do
		same "$krel" "$(modinfo -k "$krel" -F version tscope)" "$1" || return
		same "$krel, where" "$(modinfo -k "$krel" -F filename tscope)" \
			"/lib/modules/$krel/updates/dkms/tscope.ko" || return
	done
	[ -e "/usr/src/tscope-$1/dkms.conf" ]
}

# nothing that loads the module, or has it sample
starts_nothing() {
	not grep -E '/(modules-load|modprobe|udev|systemd|init)\.?d?/' <(dpkg -L tscope-dkms |
		grep -v ^/usr/share/doc/) || return
	modprobe -S "${krels[0]}" --show-depends tscope >/tmp/modprobe && cat /tmp/modprobe &&
		grep -qx "insmod .*/tscope.ko *" /tmp/modprobe && not grep = /tmp/modprobe
}

# the examples do, once an administrator has copied them
examples() {
	local option line
	cp -r /usr/share/doc/tscope-dkms/examples/* /etc/ || return
	line=$(modprobe -S "${krels[0]}" --show-depends tscope)
	rm /etc/modules-load.d/tscope.conf /etc/modprobe.d/tscope.conf
	echo "$line"
	grep -q 'enable=1' <<<"$line" || return
	for option in ${line#*.ko}; do
		modinfo -k "${krels[0]}" -p tscope | grep "^${option%%=*}:" ||
			{ echo "${option%%=*} is no parameter"; return 1; }
	done
	same "modules-load.d" "$(grep -v '^#' /usr/share/doc/tscope-dkms/examples/modules-load.d/tscope.conf)" tscope
}

# README's links lead to files that the package has too
links() {
	local file files
	cd /usr/share/doc/tscope-dkms || return
	files=$(grep -oE '\]\([^):#]+' README.md | grep -v https | cut -c3-)
	[ -n "$files" ] && for file in $files; do [ -f "$file" ] || { echo "no $file"; return 1; }; done
}

report() {
	tscope-report --help && not tscope-report 2>/tmp/said && cat /tmp/said &&
		grep -q 'modprobe tscope' /tmp/said || return
	running 6.99.0-other
	not tscope-report 2>/tmp/said
	cat /tmp/said
	running "${krels[0]}"
	grep -q 'there is no module for the running kernel 6.99.0-other' /tmp/said
}

old_gone() {
	empty "/usr/src/tscope-$1" "/var/lib/dkms/tscope/$1"
}

nothing_left() {
	local left
	left=$(find / -xdev \( -path /shared -o -path "$ROOTFS_CACHE" \) -prune -o \
			-name '*tscope*' -print;
		dpkg -l | grep tscope)
	[ -z "$left" ] || { echo "$left"; return 1; }
}

# shellcheck disable=SC2016
inside() {
	KTAP_COUNT=$1 KTAP_FAILED=$2
	version=$3
	shift 3
	krels=("$@")
	t "installs where no kernel has headers" eval \
		'mv /lib/modules /lib/off && install "$version" && apt-get -y -qq purge tscope-dkms;
		s=$?; rm -rf /lib/modules; mv /lib/off /lib/modules; [ $s = 0 ]'
	t "the last line names the headers that the running kernel lacks" headers_named
	running "${krels[0]}"
	t "install" eval 'install "$version" >/tmp/said 2>&1; s=$?; cat /tmp/said; [ $s = 0 ] &&
		not grep "^tscope: " /tmp/said'
	t "DKMS has built and installed the module" is "$version"
	t "nothing loads it or has it sample" starts_nothing
	t "the examples do" examples
	t "tscope-report" report
	t "README's links" links
	t "upgrade to $NEWER" install "$NEWER"
	t "DKMS has the newer module" is "$NEWER"
	t "nothing is left of the older" old_gone "$version"
	t "purge" apt-get -y -qq purge tscope-dkms
	t "nothing is left" nothing_left
	ktap_end
}

if [ "$1" = --inside ]; then
	shift
	inside "$@"
fi
outside "$@"
