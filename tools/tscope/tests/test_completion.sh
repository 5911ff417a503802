#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# bash completion: what bash offers, and that all subcommands and options are in the completion and
# in the manual pages.

TESTS=$(dirname "$(readlink -f "$0")")
TOP=$TESTS/../../..
# shellcheck source=selftests/harness/ktap.sh
. "$TOP/selftests/harness/ktap.sh"
# shellcheck source=selftests/harness/deps.sh
. "$TOP/selftests/harness/deps.sh"
need rst2man:python3-docutils:"man pages" man:man-db:"man pages"

# without a sanitizer: some hundred runs of --help
TSCOPE=${TSCOPE_FAST:-${TSCOPE:-$TOP/build/tscope}}
DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT
mkdir -p "$DIR/sysfs/kvm-clock" "$DIR/sysfs/ptp-kvm" "$DIR/sysfs/tsc" "$DIR/sysfs/no-clock" \
	"$DIR/cwd/directory" "$DIR/bin"
touch "$DIR"/sysfs/{kvm-clock,ptp-kvm,tsc}/samples "$DIR/cwd/domain file.xml"
ln -s "$TSCOPE" "$DIR/bin/tscope"

# offers LINE: what bash offers at the end of LINE, in one line. Words are split at =, as readline
# does.
offers() {
	(cd "$DIR/cwd" && PATH=$DIR/bin:$PATH TSCOPE_SYSFS=$DIR/sysfs bash --norc -c '
		. "$1/tscope.bash-completion"
		function=$(complete -p tscope | sed "s/.*-F \([^ ]*\) tscope$/\1/")
		line=${2//=/ = }
		read -r -a COMP_WORDS <<<"$line"
		[[ $2 != *" " && $2 != *= ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$2 COMP_POINT=${#2}
		$function tscope "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd" "
	' offers "$TESTS/.." "$1")
}

# offered LINE WORDS: bash offers exactly these words
offered() {
	local got
	got=$(offers "$1") || return
	[ "$got" = "$2" ] || { echo "'$1': '$got', not '$2'"; return 1; }
}

# subcommands and options, as --help lists them
subcommands() {
	"$TSCOPE" --help | sed -n '/^Subcommands/,$s/^  \([a-z]*\) .*/\1/p'
}

long_options() {
	"$TSCOPE" "$1" --help | grep -oE -e '--[a-z-]+' | sort -u
}

all_subcommands() {
	local sub
	[ "$(subcommands | wc -l)" -ge 9 ] || { echo "few subcommands"; return 1; }
	for sub in $(subcommands); do
		[[ " $(offers "tscope ") " = *" $sub "* ]] || { echo "$sub is not offered"; return 1; }
		grep -qw -- "$sub" "$DIR/tscope.txt" || { echo "$sub is not in the manual"; return 1; }
	done
}

# No option of the command is missing, and none is offered that it does not have.
all_options() {
	local sub wanted got option
	for sub in $(subcommands); do
		wanted=$(long_options "$sub" | paste -sd' ')
		got=$(offers "tscope $sub --")
		[ "$got" = "$wanted" ] || { echo "$sub: offered are '$got', not '$wanted'"; return 1; }
		for option in $wanted; do
			grep -q -- "$option\b" "$DIR/tscope.txt" ||
				{ echo "$sub: $option is not in the manual"; return 1; }
		done
	done
}

page() {
	rst2man --strict "$TESTS/../man/$1.rst" "$DIR/$1.1" || return
	MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -P cat -l "$DIR/$1.1" >"$DIR/$1.txt" 2>"$DIR/err"
	cat "$DIR/err"
	[ -s "$DIR/$1.txt" ] && [ ! -s "$DIR/err" ] &&
		awk 'length > 80 { print "too long: " $0; bad = 1 } END { exit bad }' "$DIR/$1.txt"
}

# Each kind of finding is in doctor's page, and no other one.
all_findings() {
	"$TSCOPE" doctor -d 0 --ktap --root "$DIR" | sed -n 's/^\(not \)\?ok [0-9]* \([a-z-]*\).*/\2/p' |
		sort >"$DIR/ids"
	sed -n '/^FINDINGS/,/^FILES/s/^       \([a-z]*-[a-z-]*\|clocksource\|restored\)$/\1/p' \
		"$DIR/tscope-doctor.txt" | sort >"$DIR/documented"
	[ "$(wc -l <"$DIR/ids")" -ge 20 ] && diff "$DIR/ids" "$DIR/documented"
}

ktap_begin
t "manual: tscope.1" page tscope
t "manual: tscope-doctor.1" page tscope-doctor
t "manual: tscope-plot.1" page tscope-plot
t "manual: tscope-record.1" page tscope-record
t "manual: tscope-metrics.1" page tscope-metrics
t "all subcommands" all_subcommands
t "all options" all_options
t "all findings are in the manual" all_findings
t "part of a subcommand" offered "tscope st" "stability"
t "an option before the subcommand" offered "tscope --ver" "--version"
t "part of an option" offered "tscope doctor --k" "--ktap"
t "options of a subcommand without arguments" offered "tscope events " \
	"--follow --help --json --output --quiet --root --usage --version"
t "clocks" offered "tscope stability " "kvm-clock ptp-kvm"
t "clocks and histograms" offered "tscope hist t" "transit tsc"
t "clocks of an option" offered "tscope wait --clock " "kvm-clock ptp-kvm"
t "clocks of an option with =" offered "tscope wait --clock=k" "kvm-clock"
t "clocks of an option with = only" offered "tscope wait --clock=" "kvm-clock ptp-kvm"
t "columns" offered "tscope watch --show st" "step_max_ns step_ns steps"
t "columns after a comma" offered "tscope watch --hide=clock,warp" \
	"clock,warp_max_ns clock,warps"
t "files" offered "tscope doctor --domain-xml d" "directory domain file.xml"
t "a recording" offered "tscope plot d" "directory domain file.xml"
t "a picture of it" offered "tscope plot recording.ndjson -o out.svg p" "pairs phase"
t "a recording after an option" offered "tscope plot -o out.svg d" "directory domain file.xml"
t "an option of plot" offered "tscope plot recording.ndjson --s" "--script"
t "a recording" offered "tscope stability --from d" "directory domain file.xml"
t "options of record" offered "tscope record --i" "--interval"
t "a text file" offered "tscope metrics --textfile d" "directory domain file.xml"
t "directories" offered "tscope doctor --write d" "directory"
t "nothing for a number" offered "tscope report --duration " ""
t "nothing for an unknown subcommand" offered "tscope nonsense " ""
ktap_end
