#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# package.sh [--suite SUITE] [FLAVOUR...]: tests the release tarball and the Debian packages.
# The packages are made from the tarball, without git, and checked by lintian. In a
# clean Debian (bookworm) with the kernels named (6.12) they are installed, upgraded and
# purged. KTAP; exit status 0 passed, 1 failed, 4 skipped, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
NEWER=99.0.0 OLDER=0.0.9

# outside: makes the tarball and the packages, and then runs the script in this Debian

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

# take VERSION DIR: copies both packages to where this Debian sees them
take() {
	cp "$2/tscope_$1_amd64.deb" "$2/tscope-dkms_$1_all.deb" "$work/shared/"
}

deb() {
	make -s -C "$tree" deb && take "$version" "$tree/build/deb"
}

deb_newer() {
	"$newer/tools/version.sh" --set "$NEWER" && (cd "$newer" && dpkg-buildpackage -b --no-sign) &&
		take "$NEWER" "$work/newer"
}

# deb_older: makes an older package: the only one at the time, which also had the report
deb_older() {
	local dir=$work/older/deb
	"$older/tools/version.sh" --set "$OLDER" && (cd "$older" && dpkg-buildpackage -A --no-sign) &&
		dpkg-deb -R "$work/older/tscope-dkms_${OLDER}_all.deb" "$dir" &&
		sed -i 's/^Architecture: all/Architecture: amd64/' "$dir/DEBIAN/control" &&
		mkdir -p "$dir/usr/sbin" "$dir/usr/share/man/man8" &&
		echo "#!/bin/sh" >"$dir/usr/sbin/tscope-report" &&
		chmod 755 "$dir/usr/sbin/tscope-report" &&
		: >"$dir/usr/share/man/man8/tscope-report.8" &&
		dpkg-deb --root-owner-group -b "$dir" "$work/shared/tscope-dkms_${OLDER}_amd64.deb"
}

# contents PACKAGE: prints mode, owner and path of each file
contents() {
	dpkg-deb -c "$work/shared/${1}_$version"_*.deb | awk '!/^d/ { print $1, $2, substr($6, 2) }'
}

# only PACKAGE EXECUTABLE: root owns all files; none can be run but EXECUTABLE
only() {
	local files
	files=$(contents "$1")
	echo "$files"
	not grep -vE '^-rw(-r--r--|xr-xr-x) root/root /' <<<"$files" || return
	same "executables" "$(sed -n 's/^-rwxr-xr-x [^ ]* //p' <<<"$files")" "$2"
}

# the command, its man pages and completion, what a fleet needs, and what each package has
files_command() {
	local doc=/usr/share/doc/tscope
	only tscope /usr/bin/tscope || return
	# long files are compressed; bookworm has units in /lib
	same "files" "$(contents tscope | cut -d' ' -f3 |
		sed -e '/^\/usr\/share\/man\/man1\/tscope-[a-z]*\.1\.gz$/d' -e 's/\(CHANGES\|json\)\.gz$/\1/' \
			-e 's,^/usr/lib/,/lib/,' | LC_ALL=C sort)" \
"/lib/systemd/system/tscope-metrics.service
/lib/systemd/system/tscope-metrics.timer
/lib/systemd/system/tscope-sampling.service
/usr/bin/tscope
/usr/share/bash-completion/completions/tscope
$doc/CHANGES
$doc/changelog.gz
$doc/copyright
$doc/tscope.schema.json
/usr/share/lintian/overrides/tscope
/usr/share/man/man1/tscope.1.gz
/usr/share/tscope/tscope.dashboard.json
/usr/share/tscope/tscope.rules.yml"
}

files_module() {
	only tscope-dkms "" || return
	contents tscope-dkms | cut -d' ' -f3 | grep -vE "^/usr/(src/tscope-$version|share/doc/tscope-dkms)/" |
		not grep . && contents tscope-dkms | grep -q " /usr/src/tscope-$version/module/main.c$"
}

# field PACKAGE NAME: prints a field of the package's control file
field() {
	dpkg-deb -f "$work/shared/${1}_$version"_*.deb "$2"
}

fields() {
	local name
	for name in tscope tscope-dkms; do
		same "version of $name" "$(field "$name" Version)" "$version" || return
	done
	same "of tscope" "$(field tscope Architecture)" amd64 &&
		same "of tscope-dkms" "$(field tscope-dkms Architecture)" all &&
		same "what tscope needs" "$(field tscope Depends | sed 's/ ([^)]*)//g; s/, /\n/g' | sort | xargs)" \
			"libc6 libexpat1 libjson-c5"
}

# each man page renders without a warning, in 80 columns, and names its command
man_pages() {
	local page name said
	dpkg-deb -x "$work/shared/tscope_${version}_amd64.deb" "$work/command" || return
	for page in "$work"/command/usr/share/man/man1/*.gz; do
		name=$(basename "$page" .1.gz)
		said=$(MANWIDTH=80 LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l "$page" 2>&1 >"$work/page") ||
			return
		same "warnings of $name" "$said" "" || return
		grep -qE "^ +$name +[-‐–—] " "$work/page" || { head -n 5 "$work/page"; return 1; }
		not grep -nE '^.{81}' "$work/page" || return
	done
}

outside() {
	# shellcheck source=selftests/harness/kernel.sh
	. "$here/kernel.sh"
	# shellcheck source=selftests/harness/rootfs.sh
	. "$here/rootfs.sh"
	rootfs_begin package 6.12 "$@"
	version=$("$top/tools/version.sh")
	tree=$work/tscope-$version newer=$work/newer/tscope-$version older=$work/older/tscope-$version
	need man:man-db:"man pages"
	"$top/tools/dist.sh" "$work" >&2 && mkdir "$work/newer" "$work/older" &&
		tar -xf "$work/tscope-$version.tar.xz" -C "$work" &&
		tar -xf "$work/tscope-$version.tar.xz" -C "$work/newer" &&
		tar -xf "$work/tscope-$version.tar.xz" -C "$work/older" || exit 2
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
	t "versions, architectures, what the command needs" fields
	t "files of tscope" files_command
	t "files of tscope-dkms" files_module
	t "the man pages" man_pages
	t "dpkg-buildpackage of a newer version" deb_newer
	t "a package as it was before the command" deb_older
	note "Debian $SUITE"
	cp "$here/ktap.sh" "$here/package.sh" "$work/shared/"
	rootfs_run "$work" bash /shared/package.sh --inside "$KTAP_COUNT" "$KTAP_FAILED" \
		"$version" "${krels[@]}"
	exit
}

# inside

# install FILE...: packages of /shared
install() {
	apt-get -y -qq --no-install-recommends install "${@/#//shared/}"
}

# both VERSION: installs this version of both packages
both() {
	install "tscope_$1_amd64.deb" "tscope-dkms_$1_all.deb"
}

# running RELEASE: uname -r prints this from now on, also in maintainer scripts
running() {
	[ -e /usr/bin/uname.real ] || mv /usr/bin/uname /usr/bin/uname.real
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncase $1 in -r) echo "%s" ;; *) exec uname.real "$@" ;; esac\n' "$1" >/usr/bin/uname
	chmod +x /usr/bin/uname
}

# last_line RELEASE LINE: an installation on this kernel ends with LINE
last_line() {
	running "$1"
	install "tscope-dkms_${version}_all.deb" >/tmp/said 2>&1
	cat /tmp/said
	apt-get -y -qq purge tscope-dkms
	same "last line" "$(tail -n 1 /tmp/said)" "tscope: no module for the running kernel$2"
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

# the packages neither load the module nor start sampling; their units are not enabled
starts_nothing() {
	not grep -E '/(modules-load|modprobe|udev|systemd|init)\.?d?/' <(dpkg -L tscope tscope-dkms |
		grep -vE '^/usr/share/doc/|/lib/systemd/system(/tscope-(sampling|metrics)\.(service|timer))?$') || return
	empty /etc/systemd/system/*.wants/tscope-* || return
	modprobe -S "${krels[0]}" --show-depends tscope >/tmp/modprobe && cat /tmp/modprobe &&
		grep -qx "insmod .*/tscope.ko *" /tmp/modprobe && not grep = /tmp/modprobe
}

# the examples load the module and start sampling, once an administrator has copied them
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

# the package as it was: installed, and the module built
install_older() {
	install "tscope-dkms_${OLDER}_amd64.deb" && [ -x /usr/sbin/tscope-report ]
}

upgraded() {
	both "$version" >/tmp/said 2>&1
	same "exit status" $? 0 && not grep '^tscope: ' /tmp/said &&
		empty /usr/sbin/tscope-report /usr/share/man/man8/tscope-report.8 && [ -x /usr/bin/tscope ]
}

# runs VERSION: the command of this version works
runs() {
	same "version" "$(tscope --version)" "tscope $1" && tscope --help >/tmp/said &&
		grep -q '^  doctor ' /tmp/said
}

# without the module the command prints what is missing
no_module() {
	tscope pairs >/tmp/out 2>/tmp/said
	same "exit status" $? 4 && cat /tmp/said &&
		grep -q "there is no module for the running kernel $(uname.real -r): " /tmp/said
}

command_alone() {
	install "tscope_${version}_amd64.deb" && runs "$version" &&
		empty "/usr/src/tscope-$version" && apt-get -y -qq purge tscope && empty /usr/bin/tscope
}

# bash finds the completion by the command's name
completes() {
	bash --norc -c '. /usr/share/bash-completion/bash_completion
		_comp_load tscope 2>/dev/null || _completion_loader tscope
		complete -p tscope || exit
		COMP_WORDS=(tscope doc) COMP_CWORD=1 COMP_LINE="tscope doc" COMP_POINT=10
		by=$(complete -p tscope | sed "s/.*-F \([^ ]*\).*/\1/")
		"$by" tscope doc tscope
		echo "${COMPREPLY[*]}"
		[ "${COMPREPLY[*]% }" = doctor ]'
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
	t "the command without the module" command_alone
	t "installs where no kernel has headers" eval \
		'mv /lib/modules /lib/off && both "$version" && apt-get -y -qq purge tscope tscope-dkms;
		s=$?; rm -rf /lib/modules; mv /lib/off /lib/modules; [ $s = 0 ]'
	local cloud=${krels[0]%amd64}cloud-amd64 old=5.15.0-91-generic
	t "the last line names the headers that the running kernel lacks" last_line "$cloud" \
		" yet, as its headers are missing: apt install linux-headers-$cloud"
	mkdir -p /lib/modules/$old/build && : >/lib/modules/$old/build/Makefile
	t "the last line says that the running kernel is too old" last_line "$old" \
		", $old: tscope needs Linux 6.1 or later"
	rm -r /lib/modules/$old
	running "${krels[0]}"
	t "install the package as it was before the command" install_older
	t "DKMS has built and installed the module" is "$OLDER"
	t "upgrade" upgraded
	t "DKMS has the module" is "$version"
	t "nothing is left of the older" old_gone "$OLDER"
	t "nothing loads it or has it sample" starts_nothing
	t "the examples do" examples
	t "README's links" links
	t "tscope --version" runs "$version"
	t "tscope without the module" no_module
	t "completion" completes
	t "upgrade to $NEWER" both "$NEWER"
	t "DKMS has the newer module" is "$NEWER"
	t "nothing is left of the older" old_gone "$version"
	t "tscope --version of the newer" runs "$NEWER"
	t "it has written metrics" eval \
		'mkdir -p /var/lib/prometheus/node-exporter && tscope metrics --textfile /var/lib/prometheus/node-exporter/tscope.prom;
		[ -e /var/lib/prometheus/node-exporter/tscope.prom ]'
	t "purge" apt-get -y -qq purge tscope tscope-dkms
	t "nothing is left" nothing_left
	ktap_end
}

if [ "$1" = --inside ]; then
	shift
	inside "$@"
fi
outside "$@"
