#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# tscope report --html: the page has the figures, is complete without any other file, and is laid
# out well in Chromium, narrow and wide, light and dark.

# shellcheck source=selftests/harness/ktap.sh
. "$TSCOPE_TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=selftests/harness/deps.sh
. "$TSCOPE_TESTS/../../../selftests/harness/deps.sh"
DIR=$(mktemp -d)
trap 'rm -rf "$DIR" "$KTAP_SAID"' EXIT
export TZ=UTC
unset TSCOPE_SYSFS TSCOPE_DEBUGFS
GUEST=$TSCOPE_TESTS/recordings/guest.ndjson
ROOT=$DIR/root
cd "$DIR" || exit

tree() {
	rm -rf "$ROOT"
	"$TSCOPE_TESTS/unpack.sh" "$1" "$ROOT"
}

# runs STATUS ARGUMENT...
runs() {
	local want=$1 got
	shift
	"$TSCOPE" report -d 0 --root "$ROOT" "$@" >out 2>err
	got=$?
	head -n 20 err
	same status "$got" "$want"
}

# page TREE STATUS: the page has the findings and figures that JSON has
page() {
	tree "$1" && runs "$2" --html "$1.html" && grep -q '^tscope [0-9.]*: ' out &&
		same messages "$(cat err)" "" && runs "$2" --json --html json.html && mv out json &&
		"$TSCOPE_TESTS/html_values.py" "$1.html" json &&
		same "files beside it" "$(echo "$1".html*)" "$1.html"
}

# figures FILE COUNT: the page has COUNT pictures, each drawn twice, for wide and for narrow windows
figures() {
	same figures "$(grep -c '^<figure' "$1")" "$2" &&
		same drawings "$(grep -c '^<svg class="\(wide\|narrow\)" role="img"' "$1")" $((2 * $2))
}

pictures() {
	figures lab-guest.html 4 && figures views-faults.html 2
}

# texts of a machine may have any characters
hostile() {
	local kernel='6.12<script>alert("1")</script>&amp;'\''<b>'
	tree views-faults && echo "$kernel" >"$ROOT/proc/sys/kernel/osrelease" &&
		echo '<img src=x onerror=y>' >"$ROOT/sys/devices/system/clocksource/clocksource0/current_clocksource" &&
		runs 1 --html hostile.html --json && mv out json &&
		grep -q onerror json && "$TSCOPE_TESTS/html_values.py" hostile.html json
}

# without gnuplot the page has all except the pictures, and says how to get them
no_gnuplot() {
	/bin/mkdir -p bin && tree lab-guest || return
	PATH=$DIR/bin "$TSCOPE" report -d 0 --root "$ROOT" --html none.html >out 2>err
	same status $? 1 && same "lines of messages" "$(grep -c . err)" 1 &&
		grep -q 'apt install gnuplot-nox' err && grep -q 'apt install gnuplot-nox' none.html &&
		runs 1 --json && mv out json && "$TSCOPE_TESTS/html_values.py" none.html json &&
		figures none.html 0
}

# without debugfs there is nothing to draw
no_debugfs() {
	tree no-debugfs && runs 1 --html nothing.html && figures nothing.html 0 &&
		grep -q 'There is nothing to draw' nothing.html
}

# without the module the page may have findings, and says what to do
no_module() {
	tree not-loaded && "$TSCOPE" report -d 0 --root "$ROOT" --html module.html >out 2>err
	same "messages" "$(grep -c 'modprobe tscope' err)" 1 && grep -q 'modprobe tscope' module.html &&
		figures module.html 0 && not grep -q '<table\|No clock stepped' module.html
}

# words FILE: the text without tags, in one line
words() {
	sed 's/<[^>]*>/ /g' "$1" | tr -s ' \n' ' '
}

# what the text has in sentences is in the page too: same_words TREE STATUS COUNT
same_words() {
	local sentence n=0
	tree "$1" && runs "$2" --html words.html || return
	words words.html >page
	while read -r sentence; do
		grep -qF -- "$sentence" page || { echo "not in the page: $sentence"; return 1; }
		n=$((n + 1))
	done < <(words out | grep -oE 'The host (assumes|refused) [^.]*\.|(TSC_STABLE|valid) is [^.]*\.|Updates seen: [^.]*\.|Stops of the guest seen: [^.]*\.|tsc_mode is [^.]*\.|may be off by [^.]*\.|may have jumped: [^.]*\.|CPU [0-9]+ (late|stood-still): its sampler [a-z ]*[0-9]+ [a-z]+')
	same sentences "$n" "$3"
}

# without sampling the page says nothing about the clocks
not_sampled() {
	tree views-empty && runs 4 --html empty.html && not grep -q 'No clock stepped' empty.html &&
		tree views-healthy && runs 0 --html healthy.html && grep -q 'No clock stepped' healthy.html
}

# if the page can't be written, there is a message, and the old file stays
unwritable() {
	tree views-healthy && runs 2 --html nonexistent/page.html &&
		grep -q 'nonexistent/page.html: No such file' err && mkdir -p directory.html/x &&
		runs 2 --html directory.html && grep -q 'directory.html: ' err &&
		same "files beside it" "$(echo directory.html*)" directory.html &&
		runs 2 --html /dev/full && grep -q '/dev/full: No space' err &&
		tree views-faults && runs 1 --html /dev/full && grep -q '/dev/full: No space' err
}

replaced() {
	local mode
	tree views-healthy && echo old >old.html && ln -f old.html link.html &&
		(umask 027; runs 0 --html old.html) && same "the old file" "$(cat link.html)" old &&
		mode=$(stat -c %a old.html) && same mode "$mode" 640 && tail -n 1 old.html | grep -q '^</html>'
}

recording() {
	"$TSCOPE" plot "$GUEST" -o recording.html >out 2>err && same messages "$(cat err)" "" &&
		figures recording.html 4 && "$TSCOPE" plot "$GUEST" pairs -o pairs.html >out 2>err &&
		figures pairs.html 1 && grep -q '^<figure id="pairs">' pairs.html
}

# pages load in Chromium, and a bad page is found
chromium_loads() {
	"$TSCOPE_TESTS/page.py" recording.html lab-guest.html views-faults.html views-ends.html none.html
}

planted() {
	local name from to problem status=0
	while IFS='|' read -r name from to problem; do
		sed "s~$from~$to~" views-faults.html >"planted-$name.html"
		"$TSCOPE_TESTS/page.py" --quick "planted-$name.html" >found
		if ! grep -q "$problem" found; then
			echo "not found: $name"
			status=1
		fi
	done <<-'END'
		wide|<p class="verdict">|<p style="width:2000px">|the page is 20[0-9]* wide
		request|</main>|<img src="x.png">&|request: file:.*/x.png
		faint|--c3:#[0-9a-f]*|--c3:#dddddd|has a contrast of 1\.
		twice|class="wide"|class="both"|shows not one drawing
		script|</main>|<script>console.log(1)</script>&|script: .*
		cut|<text>wakeup: 197 values</text>|<text>wakeup: 197 values, and more than there is room for</text>|is cut
		covers|<text>0.001</text>|<text>0.000000001</text>|covers
		heads|scope="col">readings|>readings|a table has no caption, or an empty head
	END
	return "$status"
}

if ! (need gnuplot:gnuplot-nox:"pictures") >/dev/null 2>&1; then
	ktap_skip_all "gnuplot is not here, and can't be installed"
fi
ktap_begin
t "a page has the figures of a guest" page lab-guest 1
t "a page has the figures of a guest with faults" page views-faults 1
t "a page has the figures of a healthy guest" page views-healthy 0
t "a page has the figures of many CPUs" page views-many 1
t "a page has the largest figures" page views-ends 1
t "pictures, each in two widths" pictures
t "any text is escaped" hostile
t "no gnuplot" no_gnuplot
t "no debugfs" no_debugfs
t "no module" no_module
t "nothing was sampled" not_sampled
t "the page of kvm-clock, and what the host refused" same_words views-faults 1 6
t "a CPU that is late" same_words cpu-silent 1 6
t "the page of hyperv" same_words healthy-hyperv 0 3
t "the page of xen" same_words healthy-xen 1 4
t "the page of vmclock" same_words vmclock-restored 1 7
t "a path that can't be written" unwritable
t "a file is replaced as a whole" replaced
t "a recording as a page" recording
if (need chromium:chromium:"pages are looked at") >/dev/null 2>&1; then
	t "pages in Chromium: narrow and wide, light and dark, printed" chromium_loads
	t "pages that are bad are found" planted
else
	t_skip "pages in Chromium" "Chromium is not here, and can't be installed"
fi
ktap_end
