# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# lint.sh: static checks of the sources. Needs results.sh, kernel.sh and $TOP.

sources() {
	(cd "$TOP" && find module selftests tools -name "$1" -not -name '*.mod.c' | sort)
}

# the project's files that exist, from $TOP
files() {
	"$TOP/tools/files.sh" --new | while read -r file; do
		[ ! -f "$TOP/$file" ] || echo "$file"
	done
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
	perl "$KSRC/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --ignore "$ignore" -f "$TOP/$file"
}

# check_script FILE
check_script() {
	shellcheck -x -P SCRIPTDIR "$1"
}

# passed KEY COMMAND...: runs the command, and records in the cache that it has passed
passed() {
	"${@:2}" && mkdir -p "$CACHE/passed" && : >"$CACHE/passed/$1"
}

# check_new COMMAND: checks the files of stdin, of which each line is "KEY FILE". Where the file and
# all that its check depends on have one KEY, it has passed once, in any checkout, and is left out.
check_new() {
	local key file
	export -f passed checkpatch_file check_script
	export CACHE KSRC TOP
	while read -r key file; do
		[ -e "$CACHE/passed/$key" ] || printf '%s\0' "$key" "$1" "$file"
	done | xargs -0 -r -P "$(nproc)" -n 3 bash -c 'passed "$@"' "$1"
}

checkpatch() (
	local tool key file
	tool=$(cat "$KSRC/scripts/checkpatch.pl" "$HERE/lint.sh" | cache_key)
	cd "$TOP" || return
	mapfile -t all < <(sources '*.[ch]')
	[ ${#all[@]} -gt 200 ] || { echo "only ${#all[@]} files were found"; return 1; }
	sha256sum "${all[@]}" | while read -r key file; do
		# the directory says what a file is exempt from
		echo "checkpatch-$tool-${file//\//-}-${key::16} $file"
	done | check_new checkpatch_file
)

kernel_doc() {
	# shellcheck disable=SC2046
	(cd "$TOP" && perl "$KSRC/scripts/kernel-doc" -Wall -none -Werror $(sources '*.[ch]' | grep '^module/'))
}

scripts() {
	files | xargs -d '\n' awk 'FNR == 1 {
		if (FILENAME ~ /[.]sh$/ || /^#!\/bin\/(ba)?sh/) print FILENAME
		nextfile }' | sort -u
}

# with_sourced SCRIPT: the sum of a script, and of those that it sources, which shellcheck reads too
with_sourced() {
	local queue=("$1") known=" $1 " file
	while [ ${#queue[@]} -gt 0 ]; do
		echo "${SUM[${queue[0]}]}"
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
	declare -A SUM=()
	while read -r sum file; do
		SUM[$file]=$sum
	done < <({ printf '%s\n' "${all[@]}"; tr ' ' '\n' <<<"${SOURCED[*]}"; } | sed '/^$/d' | sort -u | xargs sha256sum)
	work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
	for file in "${all[@]}"; do
		{ echo "$version"; with_sourced "$file"; } >"$work/${file//\//%}"
	done
	(cd "$work" && sha256sum -- *) | while read -r sum file; do
		echo "shellcheck-${sum::16} ${file//%//}"
	done | check_new check_script
)

# kselftest's runner reads each line of settings as a setting, and the other files without the line
# have a format without comments, such as JSON
spdx() (
	cd "$TOP" || return
	none='^(LICENSES/|selftests/settings$|MANIFEST$|tools/tscope/tests/(golden|recordings)/|debian/)'
	mapfile -t all < <(files | grep -vE "$none"; files | grep '^debian/\(.*/\)\?rules$')
	[ ${#all[@]} -gt 300 ] || { echo "only ${#all[@]} files were found"; return 1; }
	missing=$(comm -23 <(printf '%s\n' "${all[@]}" | sort -u) <(printf '%s\n' "${all[@]}" | xargs -d '\n' awk '
		/SPDX-License-Identifier: GPL-2.0/ { print FILENAME; nextfile }
		FNR == 3 { nextfile }' | sort -u))
	[ -z "$missing" ] || { echo "$missing: no SPDX line"; return 1; }
)

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
