# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# cache_fill NAME FUNCTION [ARGS...]: sets CACHED to the path of cache entry NAME.
# If the entry is missing, FUNCTION FINAL_PATH ARGS... fills the current directory,
# which becomes the entry only if FUNCTION succeeds: an interruption leaves no entry.

CACHE=${TSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tscope}

cache_fill() {
	local name=$1 fill=$2 final=$CACHE/$1 tmp lock
	shift 2

	CACHED=$final
	[ -d "$final" ] && return 0
	mkdir -p "${final%/*}" "$CACHE/lock"
	exec {lock}>"$CACHE/lock/${name//\//_}"
	flock "$lock"
	if [ ! -d "$final" ]; then
		rm -rf "$final".tmp.*	# ours is the lock: nobody else fills it
		tmp=$(mktemp -d "$final.tmp.XXXXXX")
		chmod 755 "$tmp"
		if ! (cd "$tmp" && set -o pipefail && "$fill" "$final" "$@"); then
			rm -rf "$tmp"
			exec {lock}>&-
			return 1
		fi
		mv "$tmp" "$final"
	fi
	exec {lock}>&-
}

# prints a short key for the content of standard input
cache_key() {
	sha256sum | cut -c1-12
}
