#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2317
#
# elsewhere.sh: tests what make and dkms.conf do on machines that are not like this one: odd
# paths, a kernel that clang has built, no depmod. KTAP; exit status 0 passed, 1 failed, 2 something is
# missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
# shellcheck source=selftests/harness/kernel.sh
. "$here/kernel.sh"

need make:make:"module build"
kernel_get 6.12 || exit 2
headers=$KDIR
work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-elsewhere.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL MAKEOVERRIDES LLVM

# checkout DIR: copies this checkout's files to DIR
checkout() {
	mkdir -p "$1"
	"$top/tools/files.sh" --new | (cd "$top" && tar -cf - -T -) | tar -xf - -C "$1"
}

# refused DIR: make says in one line why it does not build there
refused() {
	checkout "$1"
	local said
	said=$(make -s -C "$1" "KDIR=$headers" 2>&1 >/dev/null) && { echo "status 0"; return 1; }
	same "lines of errors" "$(wc -l <<<"$said")" 1 &&
		grep 'kbuild takes no path with a blank or a colon: move tscope out of' <<<"$said"
}

# clang_headers VERSION: makes a tree of headers of a kernel that clang VERSION has built
clang_headers() {
	mkdir -p "$work/clang/include/config" "$work/clang/include/generated"
	printf 'CONFIG_CC_IS_CLANG=y\nCONFIG_CLANG_VERSION=%s\n' "$1" >"$work/clang/include/config/auto.conf"
	cp "$headers/include/generated/utsrelease.h" "$work/clang/include/generated/"
	printf 'CC = clang\nmodules:\n\t@command -v $(CC)\n' >"$work/clang/Makefile"
}

# path_with PROGRAM...: makes $work/bin for PATH: all programs except clang* and depmod, and these
path_with() {
	local dir program
	rm -rf "${work:?}/bin"
	mkdir "$work/bin"
	for dir in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
		for program in "$dir"/*; do
			case ${program##*/} in clang* | depmod) continue ;; esac
			[ -e "$work/bin/${program##*/}" ] || ln -s "$program" "$work/bin/"
		done
	done
	for program; do
		printf '#!/bin/sh\n' >"$work/bin/$program"
		chmod +x "$work/bin/$program"
	done
}

# builds_with WORD PATH-PROGRAM... -- [MAKE-ARGUMENT...]: checks how kbuild would be called
builds_with() {
	local want=$1 programs=() said
	shift
	while [ "$1" != -- ]; do programs+=("$1"); shift; done
	shift
	path_with "${programs[@]}"
	said=$(PATH=$work/bin make -n -C "$top" "KDIR=$work/clang" "$@" 2>&1 | grep "M=$top")
	echo "$said"
	same "words that name LLVM" "$(grep -o 'LLVM=[^ ]*' <<<"$said" | sort -u)" "$want"
}

clang_is_named() {
	local said
	path_with
	said=$(PATH=$work/bin make -s -C "$top" "KDIR=$work/clang" 2>&1) && return 1
	grep 'and there is none here (Debian: apt install clang-19 lld-19 llvm-19)' <<<"$said"
}

# dkms_makes TREE: prints the command that DKMS would run
dkms_makes() {
	(
		# shellcheck disable=SC2034
		kernel_source_dir=$1 dkms_tree=/var/lib/dkms
		# a directory may have a blank in its name
		PATH="$work/bin:$work/no such"
		# shellcheck disable=SC1091
		. "$top/dkms.conf"
		echo "${MAKE[0]}"
	)
}

# dkms_compiles APPENDED PROGRAM: DKMS, which appends this to its command, compiles with PROGRAM
dkms_compiles() {
	local command
	command="$(dkms_makes "$work/clang") $1"
	echo "$command"
	same "compiler" "$(eval "PATH=$work/bin; $command" | grep '^/')" "$2"
}

# clang_19: adds clang 19 to PATH as Debian installs it: clang-19 is a link to clang elsewhere
clang_19() {
	mkdir -p "$work/llvm-19"
	cp "$work/bin/clang" "$work/llvm-19/"
	ln -s ../llvm-19/clang "$work/bin/clang-19"
}

installs_without_depmod() {
	local ko=$work/root/lib/modules/$KREL
	checkout "$work/checkout"
	path_with
	PATH=$work/bin make -C "$work/checkout" "KDIR=$headers" "INSTALL_MOD_PATH=$work/root" install >"$work/said" 2>&1 ||
		{ cat "$work/said"; return 1; }
	grep "^No depmod here: modprobe finds tscope after \"depmod $KREL\"" "$work/said" &&
		find "$ko" -name 'tscope.ko*' | grep .
}

# copied_headers DIR: sets COPY to a copy of the kernel's headers in DIR; its files are hard links
copied_headers() {
	local from=${headers%/build}/usr
	cp -al "$from" "$1" 2>/dev/null || { rm -rf "$1"; cp -a "$from" "$1"; } || return
	COPY=$1/src/linux-headers-$KREL
	sed -i "s|$from|$1|" "$COPY/Makefile"
}

# A distribution's kernel may have parts of later versions, as RHEL's has.
builds_with_parts_of_later() {
	copied_headers "$work/later" && checkout "$work/mixed" || return
	sed -i 's/hypervisor_cpuid_base/cpuid_base_hypervisor/' \
		"$work"/later/src/*common*/arch/x86/include/asm/{cpuid,acrn,xen/hypervisor}.h || return
	make -C "$COPY" "M=$work/mixed" module/clock_kvm.o module/clock_ptp.o
}

# a kernel that lacks a symbol of tscope, because it exports only those that its own modules use
trimmed_is_named() {
	copied_headers "$work/trimmed" && checkout "$work/untrimmed" || return
	sed -i '/\tktime_get_snapshot\t/d' "$COPY/Module.symvers" &&
		sed -i '$ a CONFIG_TRIM_UNUSED_KSYMS=y' "$COPY/include/config/auto.conf" || return
	not make -C "$work/untrimmed" "KDIR=$COPY" >"$work/said" 2>&1 || return
	grep '"ktime_get_snapshot" .*undefined!' "$work/said" &&
		grep '^CONFIG_TRIM_UNUSED_KSYMS: ' "$work/said" && return
	cat "$work/said"
	return 1
}

ktap_begin
t "a blank in the path: one line says so" refused "$work/a b"
t "a colon in the path: one line says so" refused "$work/a:b"
clang_headers 190107
t "a kernel that clang has built: LLVM=1" builds_with LLVM=1 clang --
t "its clang has a version in its name: LLVM=-19" builds_with LLVM=-19 clang-19 ld.lld-19 --
t "another clang is the usual one: LLVM=-19" builds_with LLVM=-19 clang clang-19 ld.lld-19 --
t "clang alone has a version in its name: LLVM=1" builds_with LLVM=1 clang clang-19 ld.lld --
t "an LLVM= that the user gives wins" builds_with LLVM=-17 clang -- LLVM=-17
t "no clang: it is named" clang_is_named
t "a kernel that gcc has built: no LLVM" eval 'not grep LLVM <(make -n -C "$top" "KDIR=$headers")'
path_with clang
t "DKMS passes LLVM=1 for clang's kernel" eval 'dkms_makes "$work/clang" | grep " modules LLVM=1$"'
t "DKMS then compiles with clang" dkms_compiles LLVM=1 "$work/bin/clang"
clang_19
t "DKMS compiles with clang-19, where another clang is the usual one" dkms_compiles LLVM=1 "$work/llvm-19/clang"
t "DKMS does so before 3.0.11" dkms_compiles "CC=clang LD=ld.lld" "$work/llvm-19/clang"
t "DKMS passes none for gcc's" eval 'dkms_makes "$headers" | grep " modules$"'
t "a kernel that has parts of later ones" builds_with_parts_of_later
t "a kernel that lacks a symbol because it is trimmed: make names the option" trimmed_is_named
t "no depmod: installs, and says so" installs_without_depmod
ktap_end
