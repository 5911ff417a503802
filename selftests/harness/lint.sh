# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# lint.sh: static checks of the sources. Needs results.sh, kernel.sh and $TOP.

sources() {
	(cd "$TOP" && find module selftests tools -name "$1" -not -name '*.mod.c' | sort)
}

# These files are exempt from some checks of checkpatch:
#   trace.h         TRACE_EVENT has a layout of its own
#   user/           is not kernel code: long double, va_list macros
#   tools/          is not kernel code: uint64_t, PRIu64, volatile sig_atomic_t
#   lab/static/     is not kernel code: uint64_t, strcpy(), positive errno
#   version tests   are in compat.h alone, which exists for them
#   MACRO_ARG_REUSE sysfs and for_each macros, whose arguments are names
checkpatch_file() {
	local file=$1 ignore=MACRO_ARG_REUSE
	case $file in
	*/trace.h) ignore+=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,MACRO_ARG_PRECEDENCE ;;
	*/compat.h | */linux/version.h) ignore+=,LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	selftests/user/*) ignore+=,PREFER_KERNEL_TYPES,SPACING,NEW_TYPEDEFS,MEMORY_BARRIER,COMPLEX_MACRO,AVOID_EXTERNS,CAMELCASE,PREFER_DEFINED_ATTRIBUTE_MACRO,MACRO_WITH_FLOW_CONTROL,LINE_SPACING,EMBEDDED_FUNCTION_NAME,LONG_LINE_STRING,MACRO_ARG_UNUSED ;;
	tools/*) ignore+=,PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME,LONG_LINE_STRING,CAMELCASE,VOLATILE,MACRO_ARG_PRECEDENCE,QUOTED_WHITESPACE_BEFORE_NEWLINE,STATIC_CONST_CHAR_ARRAY ;;
	selftests/lab/static/*) ignore+=,PREFER_KERNEL_TYPES,PREFER_FALLTHROUGH,PREFER_DEFINED_ATTRIBUTE_MACRO,SPACING,EMBEDDED_FUNCTION_NAME,LONG_LINE_STRING,STRCPY,USE_NEGATIVE_ERRNO,QUOTED_WHITESPACE_BEFORE_NEWLINE ;;
	esac
	passed_before "$({ echo "checkpatch $ignore"; cat "$KSRC/scripts/checkpatch.pl" "$TOP/$file"; } | cache_key)" \
		perl "$KSRC/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --ignore "$ignore" -f "$TOP/$file"
}

# passed_before KEY COMMAND...: a check of one file's content. A content that has passed is recorded
# in the cache, for every checkout, and is not checked again.
passed_before() {
	[ ! -e "$CACHE/passed/$1" ] || return 0
	"${@:2}" || return
	mkdir -p "$CACHE/passed" && : >"$CACHE/passed/$1"
}

checkpatch() {
	export -f checkpatch_file passed_before cache_key
	export KSRC TOP CACHE
	# shellcheck disable=SC2016
	sources '*.[ch]' | xargs -P "$(nproc)" -n 1 bash -c 'checkpatch_file "$1"' checkpatch
}

kernel_doc() {
	# shellcheck disable=SC2046
	(cd "$TOP" && perl "$KSRC/scripts/kernel-doc" -Wall -none -Werror $(sources '*.[ch]' | grep '^module/'))
}

scripts() {
	"$TOP/tools/files.sh" --new |
		while read -r file; do
			[ -f "$TOP/$file" ] || continue
			case $file in *.sh) echo "$file"; continue ;; esac
			head -c 20 "$TOP/$file" | grep -qa '^#!/bin/\(ba\)\?sh' && echo "$file"
		done | sort -u
}

# with_sourced SCRIPT: a script, and those that it sources, which shellcheck reads too
with_sourced() {
	local queue=("$1") known=" $1 " file
	while [ ${#queue[@]} -gt 0 ]; do
		cat "${queue[0]}"
		for file in ${SOURCED[${queue[0]}]:-}; do
			[[ $known != *" $file "* ]] || continue
			known+="$file " queue+=("$file")
		done
		queue=("${queue[@]:1}")
	done
}

# find_sourced SCRIPT...: fills SOURCED with the files that each script sources, by a directive with
# a path relative to $TOP, or by a path that ends with the name of a file in the script's directory
find_sourced() {
	local from line file
	declare -gA SOURCED=()
	while IFS=: read -r from line; do
		case $line in
		*source=*) file=${line#*source=} ;;
		*) file=${from%/*}/${line##*/} ;;
		esac
		[ ! -f "$file" ] || SOURCED[$from]+="$file "
	done < <(grep -HoE '^[[:space:]]*(# shellcheck source=[^ ]+|[.] .*/[a-z_]+[.]sh)' "$@")
}

# A script that has passed, together with the scripts that it sources, is not checked again.
shell_check() (
	cd "$TOP" || return
	mapfile -t all < <(scripts)
	[ ${#all[@]} -gt 100 ] || { echo "only ${#all[@]} scripts were found"; return 1; }
	find_sourced "${all[@]}"
	version=$(shellcheck --version)
	export -f passed_before
	export CACHE
	# shellcheck disable=SC2016
	for file in "${all[@]}"; do
		printf '%s\0' "$({ echo "$version"; with_sourced "$file"; } | cache_key)" "$file"
	done | xargs -0 -P "$(nproc)" -n 2 bash -c \
		'passed_before "$1" shellcheck -x -P SCRIPTDIR "$2"' shellcheck
)

spdx() {
	local file status=0 count=0
	while read -r file; do
		count=$((count + 1))
		# kselftest's runner reads each line of settings as a setting, and the others have
		# a format without comments, such as JSON
		case $file in LICENSES/* | selftests/settings | MANIFEST | tools/tscope/tests/golden/* | tools/tscope/tests/recordings/*) continue ;; esac
		case $file in debian/*) [ "${file##*/}" = rules ] || continue ;; esac
		[ -f "$TOP/$file" ] || continue
		head -n 3 "$TOP/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' ||
			{ echo "$file: no SPDX line"; status=1; }
	done < <("$TOP/tools/files.sh" --new)
	[ $count -gt 300 ] || { echo "only $count files were found"; return 1; }
	return $status
}

# get_abi.pl exits with 0 even if it warns
abi_files() {
	local said
	said=$(perl "$KSRC/scripts/get_abi.pl" validate --dir "$TOP/Documentation/ABI" 2>&1) || return
	[ -z "$said" ] || { echo "$said"; return 1; }
}

part_lint() {
	need shellcheck:shellcheck:"checks of scripts" perl:perl:"checkpatch"
	kernel_source 6.12 || { result 1 "linux-source" /dev/null; return; }
	run "checkpatch --strict" checkpatch
	run "kernel-doc" kernel_doc
	run "shellcheck" shell_check
	run "SPDX lines" spdx
	run "the same version everywhere" "$TOP/tools/version.sh" --check
	run "ABI files" abi_files
	# the same flags as in part_tools, which comes later and so need not link the command again
	run "documentation" make -C "$TOP" -j "$(nproc)" docs LDFLAGS=-Wl,--fatal-warnings
}
