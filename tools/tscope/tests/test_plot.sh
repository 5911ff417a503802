#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# tscope plot: it draws what was recorded, gnuplot draws the same from the script, and faults are
# reported.

# shellcheck source=selftests/harness/ktap.sh
. "$TSCOPE_TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=selftests/harness/deps.sh
. "$TSCOPE_TESTS/../../../selftests/harness/deps.sh"
DIR=$(mktemp -d)
trap 'rm -rf "$DIR" "$KTAP_SAID"' EXIT
unset TSCOPE_SYSFS TSCOPE_DEBUGFS
export TERM=xterm
GUEST=$TSCOPE_TESTS/recordings/guest.ndjson
SEED=${SEED:-$RANDOM}
TSCOPE_FAST=${TSCOPE_FAST:-$TSCOPE}
cd "$DIR" || exit

# runs STATUS ARGUMENT...: the output is in out, messages are in err
runs() {
	local want=$1 got
	shift
	"$TSCOPE" plot "$@" >out 2>err
	got=$?
	head -n 20 err
	same status "$got" "$want"
}

# says REGEX: a message matches
says() {
	grep -qE "$1" err || { echo "no message is $1"; return 1; }
}


without_gnuplot() {
	local PATH=$DIR/bin
	/bin/mkdir -p bin
	"$TSCOPE" plot "$GUEST" "$@" >out 2>err
}

# drawn KIND: the SVG, and the script that it is drawn by
drawn() {
	local kind=$1
	runs 0 "$GUEST" "$kind" -o "$kind.svg" && same output "$(cat out)" "" &&
		runs 0 "$GUEST" "$kind" -o "$kind.svg" --script && mv out "$kind.gp" || return
	"$TSCOPE" stability --json --from "$GUEST" >stability.json
	"$TSCOPE_TESTS/plot.py" "$kind" "$GUEST" "$kind.gp" "$kind.svg" stability.json
}

# same_picture KIND TYPE: gnuplot draws it from the script
same_picture() {
	runs 0 "$GUEST" "$1" -o "picture.$2" && runs 0 "$GUEST" "$1" -o "picture.$2" --script &&
		gnuplot -d out | cmp - "picture.$2"
}

png() {
	same_picture phase png && same "first bytes" "$(head -c 4 picture.png | od -An -tx1)" " 89 50 4e 47"
}

dark() {
	runs 0 "$GUEST" phase -o light.svg && runs 0 "$GUEST" phase -o dark.svg --dark &&
		grep -q 'height="[0-9]*" fill="#ffffff"' light.svg &&
		grep -q 'height="[0-9]*" fill="#15181c"' dark.svg &&
		# lines and texts of the two have no colour in common
		same "colours of both" "$(comm -12 <(colours light.svg) <(colours dark.svg))" ""
}

colours() {
	grep -oE "(stroke|fill)=['\"]rgb\([0-9, ]*\)" "$1" | tr -d ' ' | sort -u
}

# if no picture is named, the file has the phase, and exactly the name of -o
default() {
	rm -f out*.svg out*.png
	runs 0 "$GUEST" -o out.svg && same files "$(echo out*.svg)" out.svg && cmp out.svg phase.svg &&
		runs 0 "$GUEST" -o out.svg --script && grep -q '^[$]points' out &&
		runs 0 "$GUEST" -o out.png && same files "$(echo out*.png)" out.png
}

# all pictures: a file for each
all() {
	rm -f out*.svg
	runs 0 "$GUEST" all -o out.svg && same files "$(echo out-*.svg)" \
		"out-adev.svg out-hist.svg out-pairs.svg out-phase.svg" && cmp out-phase.svg phase.svg
}

input() {
	"$TSCOPE" plot - phase -o input.svg <"$GUEST" && cmp input.svg phase.svg
}

# a text in a file has 80 columns, no blanks at ends of lines, and the sizes of the steps
text() {
	runs 0 "$GUEST" phase && not grep -q '.\{81\}' out && not grep -q ' $' out &&
		not grep -q $'\f' out && same "lines" "$(wc -l <out)" 92 &&
		same steps "$(grep -oE '[+-][0-9.]+ [um]s' out | sort | paste -sd' ')" \
			"+12.344 us +12.345 us -250 ms" &&
		runs 0 "$GUEST" phase --script && gnuplot -d out | sed -e 's/ *$//' -e 's/\f//' >drawn &&
		runs 0 "$GUEST" phase && diff out drawn
}

# terminal ROWS COLUMNS: plots have all columns, and not more than these rows
terminal() {
	script -qc "stty rows $1 cols $2; $TSCOPE plot $GUEST adev" /dev/null </dev/null | tr -d '\r' >out
	same "longest line" "$(sed 's/ *$//' out | awk 'length > n { n = length } END { print n }')" \
		$(($2 - 2)) && same lines "$(wc -l <out)" $((3 * $1 - 3))
}

# of an hour only each column's lowest and highest points are drawn, so the file is small
hour() {
	echo "seed $SEED"
	awk -v seed="$SEED" 'BEGIN {
		srand(seed)
		for (i = 0; i < 72000; i++) {
			tsc = 1000000000000 + i * 105000000
			ns = int(2000 * rand()) - 1000 + (i == 33333 ? 50000 : 0)
			printf "{\"point\":{\"clock\":\"kvm-clock\",\"segment\":1,\"tsc\":%.0f,\"phase_ns\":%d.%03d,\"width_ns\":0}}\n",
				tsc, ns, int(1000 * rand())
		}
	}' | cat <(head -n 1 "$GUEST") - >hour.ndjson
	runs 0 hour.ndjson phase -o hour.svg && [ "$(stat -c %s hour.svg)" -lt 200000 ] &&
		runs 0 hour.ndjson phase -o hour.svg --script &&
		"$TSCOPE_TESTS/plot.py" thinned hour.ndjson out
}

# an hour of six clocks, about 30 MB: all pictures need less than 100 MB of memory; steps are marked
whole_hour() {
	local TIMEFORMAT='CPU time %U %S s'
	echo "seed $SEED"
	SEED=$SEED "$TSCOPE_TESTS/hour.py" "$GUEST" >whole.ndjson &&
		[ "$(stat -c %s whole.ndjson)" -gt 30000000 ] || return
	time (
		# the command can't get more memory than this
		ulimit -v $((100 * 1024)) || exit 9
		"$TSCOPE_FAST" plot whole.ndjson --script >out 2>err
	)
	same status $? 0 && same messages "$(cat err)" "" && same clocks "$(grep -c '^[$]points' out)" 6 &&
		runs 0 whole.ndjson phase --script && same steps "$(grep -c '^set arrow' out)" 9
}

# many CPUs: a cell is the worst pair of its CPUs
many() {
	echo "seed $SEED"
	awk -v seed="$SEED" 'BEGIN {
		srand(seed)
		for (i = 0; i < 4096; i++)
			for (k = 1; k <= 8; k++) {
				j = (i + int(4095 * rand()) + 1) % 4096
				if (rand() < 0.02)
					figures = "\"offset_ns\":null,\"bound_ns\":null,\"moving\":null,\"hull_ns\":null,\"age_ms\":null"
				else
					figures = sprintf("\"offset_ns\":%d,\"bound_ns\":%d,\"moving\":%d,\"hull_ns\":[0,1],\"age_ms\":1",
						exp(16 * rand()) * (rand() < 0.5 ? -1 : 1), 1 + 100 * rand(), rand() < 0.01)
				if (i < j && !((i, j) in seen))
					printf "{\"pair\":{\"clock\":\"tsc\",\"cpu_i\":%d,\"cpu_j\":%d,%s,\"warps\":0}}\n", i, j, figures
				n += i < j && !((i, j) in seen)
				seen[i, j] = 1
			}
		printf "{\"state\":{\"boottime_ns\":160000000000,\"clocks\":0,\"cpus\":0,\"pairs\":%d,\"histograms\":0}}\n", n
	}' | cat <(head -n 1 "$GUEST") - >many.ndjson
	runs 0 many.ndjson pairs -o many.svg && [ "$(stat -c %s many.svg)" -lt 3000000 ] &&
		runs 0 many.ndjson pairs -o many.svg --script &&
		"$TSCOPE_TESTS/plot.py" cells many.ndjson out
}

# if there are very many steps, the largest are marked, and all are counted
flood() {
	awk 'BEGIN {
		for (i = 0; i < 50000; i++)
			printf "{\"event\":{\"kind\":\"step\",\"clock\":\"kvm-clock\",\"cpu\":0,\"peer\":null,\"size_ns\":%d,\"error_ns\":0,\"count\":1,\"time\":{\"boottime_ns\":%.0f,\"tsc\":%.0f,\"cpu\":0}}}\n",
				50000 - i, 101000000000 + i * 1000000, 212100000000 + i * 2100000
	}' | cat <(head -n 1000 "$GUEST") - >flood.ndjson
	runs 0 flood.ndjson phase -o flood.svg --script && same "marks" "$(grep -c '^set arrow' out)" 100 &&
		grep -q "set label '+50 us' at" out && grep -q "kvm-clock: [0-9]* steps, and [0-9]* at other" out &&
		runs 0 flood.ndjson -o flood.html && grep -o 'aria-label="Phase: [^"]*' flood.html | head -n 1 >label &&
		same "steps that are described" "$(grep -o 'stepped by' label | wc -l)" 10 &&
		grep -q '; and [0-9]* more$' label
}

# a name that would break out of its quotes is refused when it is read, and nothing of it runs
hostile() {
	local name
	# shellcheck disable=SC2016
	for name in "x';system('touch ran');'" 'x`touch ran`' 'x\"; system(\"touch ran\") #' 'a\nEOD\nsystem(\"touch ran\")\n'; do
		sed "s/\"clock\":\"hpet\"/\"clock\":\"$(sed 's/[\\&/]/\\&/g' <<<"$name")\"/" "$GUEST" >hostile.ndjson
		not cmp -s hostile.ndjson "$GUEST" || return
		runs 0 hostile.ndjson -o hostile.html && says 'line 5, field "clock" is not' &&
			runs 0 hostile.ndjson phase --script && not grep 'touch ran' out hostile.html &&
			runs 0 hostile.ndjson phase && not grep 'touch ran' out && empty ran || return
	done
}

missing_gnuplot() {
	without_gnuplot phase
	same status $? 4 && same output "$(cat out)" "" && says 'apt install gnuplot-nox' &&
		without_gnuplot -o missing.html
	same status $? 4 && says 'apt install gnuplot-nox' && [ ! -e missing.html ] &&
		without_gnuplot phase -o missing.svg
	same status $? 4 && empty missing.svg &&
		{ without_gnuplot phase --script; same status $? 0; } && grep -q '^plot ' out
}

# a gnuplot that takes three seconds
slow_gnuplot() {
	mkdir -p slow && printf '#!/bin/sh\nsleep 3\n' >slow/gnuplot && chmod +x slow/gnuplot &&
		PATH=$DIR/slow:$PATH script -qc "$TSCOPE plot $GUEST adev -o slow.svg" /dev/null </dev/null >out
	grep -q 'drawing, 2 s' out && not grep -q 'drawing, 1 s' out
}

# a gnuplot that fails leaves no file
failing_gnuplot() {
	mkdir -p failing && printf '#!/bin/sh\nexit 1\n' >failing/gnuplot && chmod +x failing/gnuplot &&
		PATH=$DIR/failing:$PATH runs 4 "$GUEST" phase -o failing.svg && says 'gnuplot failed' &&
		empty failing.svg
}

wrong_use() {
	runs 2 && says 'name a file' && runs 2 "$GUEST" phases && says "'phases' is no picture" &&
		runs 2 "$GUEST" phase hist && says "'hist' is too much" &&
		runs 2 "$GUEST" -o out.pdf && says '\.svg, \.png or \.html' &&
		runs 2 "$GUEST" -o .svg &&
		runs 2 "$GUEST" -o out.html --script && runs 2 "$GUEST" phase -o out.html --script && runs 2 "$GUEST" all -o out.svg --script &&
		says 'one picture: name phase, adev, hist or pairs' &&
		runs 2 "$GUEST" --json && says 'no JSON' &&
		runs 2 "$GUEST" --dark && says 'dark is of a file' && runs 2 "$GUEST" --dark -o out.html &&
		runs 2 nonexistent && says 'nonexistent: No such file' &&
		runs 2 "$GUEST" phase -o nonexistent/out.svg && says 'nonexistent/out.svg: No such' &&
		echo '{"point":1}' >no.ndjson && runs 2 no.ndjson && says 'is no recording'
}

# the header alone, and a file that a crash cut short
short() {
	head -n 1 "$GUEST" >short.ndjson && runs 4 short.ndjson && says 'nothing to draw' &&
		runs 4 short.ndjson -o short.html && says 'nothing to draw' && [ ! -e short.html ] &&
		head -c 20000 "$GUEST" >short.ndjson && runs 0 short.ndjson phase -o short.svg &&
		says 'is truncated' && grep -q '<text>kvm-clock: 0 steps</text>' short.svg &&
		runs 4 short.ndjson pairs && says 'nothing to draw'
}

if ! (need gnuplot:gnuplot-nox:"pictures") >/dev/null 2>&1; then
	ktap_skip_all "gnuplot is not here, and can't be installed"
fi
ktap_begin
for kind in phase adev hist pairs; do
	t "$kind: the SVG has the recording's values" drawn "$kind"
	t "$kind: gnuplot draws the same from the script" same_picture "$kind" svg
done
t "PNG" png
t "dark" dark
t "a file without a picture's name" default
t "all pictures" all
t "from standard input" input
t "as text" text
t "as text on a terminal of 30 x 100" terminal 30 100
t "as text on a terminal of 50 x 132" terminal 50 132
t "an hour of points" hour
t "an hour of six clocks" whole_hour
t "4096 CPUs" many
t "a flood of steps" flood
t "names that would be commands" hostile
t "no gnuplot" missing_gnuplot
t "a gnuplot that fails" failing_gnuplot
t "a gnuplot that takes long" slow_gnuplot
t "wrong use" wrong_use
t "a recording without points, and half of one" short
ktap_end
