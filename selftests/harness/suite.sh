# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2153
#
# suite.sh: kernels of Debian suites other than the machine's. Their packages come by
# an apt configuration of their own. Modules for them are built in a chroot of sid,
# because their objtool and compiler are newer than the machine's. Both are in the
# cache; the machine's apt sources are not changed. Needs deps.sh, cache.sh, and
# kernel.sh, which sources this file.

SUITES="trixie trixie-backports sid"
# the mirror that the machine's own apt uses, without /debian
DEBIAN=$(apt-get indextargets --format '$(SITE)' 'Origin: Debian' 2>/dev/null |
	sed -n 's|/debian/*$||p' | head -n 1)
DEBIAN_KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
# lists older than this are fetched again
SUITE_LISTS_MAX_MIN=720
# what a build needs besides compilers; W=1 also checks kernel-doc, by perl or python
SUITE_TOOLS=make,pahole,libelf1t64,libssl3t64,binutils,kmod,base-files,bash,dash,coreutils,sed,grep,gawk,findutils,diffutils,perl,python3

# suite_of FLAVOUR: sets SUITE and SUITE_KIND ("-rt"); false if the flavour is not a suite's
suite_of() {
	SUITE='' SUITE_KIND=''
	case $1 in
	trixie-backports | trixie | sid) SUITE=$1 ;;
	trixie-backports-* | trixie-* | sid-*) SUITE=${1%-*} SUITE_KIND=-${1##*-} ;;
	*) return 1 ;;
	esac
}

_suite_sources() {
	local options="[signed-by=$DEBIAN_KEYS]"
	echo "deb $options $DEBIAN/debian $SUITE main"
	[ "$SUITE" != trixie ] ||
		echo "deb $options $DEBIAN/debian-security trixie-security main"
}

# suite_apt: sets APT_OPTS for the packages of $SUITE
suite_apt() {
	local dir=$CACHE/apt/$SUITE
	need "$DEBIAN_KEYS:debian-archive-keyring:signatures of other suites"
	mkdir -p "$dir"/{etc,lists/partial,cache/archives/partial}
	_suite_sources >"$dir/sources.list"
	: >"$dir/status"
	APT_OPTS=(-o Dir::Etc="$dir/etc" -o Dir::Etc::SourceList="$dir/sources.list"
		-o Dir::Etc::SourceParts=- -o Dir::State="$dir" -o Dir::State::Lists="$dir/lists"
		-o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache"
		# the lists of a suite that is not maintained every day may have expired
		-o Acquire::Check-Valid-Until=false -o Acquire::Languages=none)
	[ -n "$(find "$dir/updated" -mmin -$SUITE_LISTS_MAX_MIN 2>/dev/null)" ] || suite_update
}

suite_update() {
	local dir=$CACHE/apt/$SUITE lock
	exec {lock}>"$dir/lock"
	flock "$lock"
	apt-get "${APT_OPTS[@]}" -qq -o APT::Sandbox::User=root update >/dev/null 2>"$dir/log" &&
		touch "$dir/updated"
	exec {lock}>&-
}

# prints the compilers of the suites' kernels: packages of the kernels' headers depend on them
_suite_compilers() {
	local suite SUITE SUITE_KIND APT_OPTS
	for suite in $SUITES; do
		suite_of "$suite" && suite_apt
		_apt_depends "$(_apt_depends linux-headers-amd64 '^linux-headers-[0-9]')" '^gcc-[0-9]' |
			sed 's/-for-host$//'
	done | sort -u
}

# suite_mark: marks the kernel's cache entry: its modules are built in the chroot
suite_mark() {
	echo "$SUITE" >suite
}

# Packages are only unpacked: this runs no maintainer scripts, and takes half the time. It
# happens in its own mount namespace, so that nothing stays mounted.
_suite_chroot_fill() {
	as_root unshare --mount mmdebstrap --quiet --variant=extract \
		--include="$2" --aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		sid root "deb [signed-by=$DEBIAN_KEYS] $DEBIAN/debian sid main" || return
	as_root ln -sf gawk root/usr/bin/awk || return
	as_root chown -R "$(id -u):$(id -g)" root
}

# suite_chroot: sets CACHED to the path of the chroot
suite_chroot() {
	local packages old
	packages=$(_suite_compilers | tr '\n' ,)
	packages+=$SUITE_TOOLS
	if [ "${packages#gcc}" != "$packages" ]; then
		need mmdebstrap:mmdebstrap:"a chroot to build for newer kernels in" \
			unshare:util-linux:"mounts of its own for the chroot"
		cache_fill "chroot/sid-$(echo "$packages" | cache_key)" \
			_suite_chroot_fill "$packages" && CACHED=$CACHED/root && return
	fi
	old=$(find "$CACHE/chroot" -mindepth 1 -maxdepth 1 -name 'sid-*' \
		! -name '*.tmp.*' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1)
	[ -n "$old" ] || { echo "error: no chroot of sid to build in, and none is cached" >&2; return 2; }
	CACHED=${old#* }/root
}

# suite_make KDIR DIR ARGUMENT...: see kernel_make
suite_make() {
	local kdir=$1 dir=$2 CACHED status
	shift 2
	suite_chroot || return
	# shellcheck disable=SC2016
	as_root unshare --mount sh -c '
		root=$1 entry=${2%/build} kdir=$2 dir=$3
		shift 3
		for path in "$entry" "$dir"; do
			mkdir -p "$root$path" && mount --bind "$path" "$root$path" || exit 2
		done
		# objtool looks itself up there
		mkdir -p "$root/proc" && mount -t proc proc "$root/proc" || exit 2
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
			make -C "$kdir" M="$dir" "$@"' sh "$CACHED" "$kdir" "$dir" "$@"
	status=$?
	[ "$(id -u)" = 0 ] || as_root chown -R "$(id -u):$(id -g)" "$dir"
	return $status
}
