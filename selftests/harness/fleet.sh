#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016
#
# fleet.sh [CHANNEL.LOG]: tests tools/fleet, which fleets install, and what tscope metrics writes:
# with promtool and systemd, and with a real Prometheus and node_exporter. These read what a guest
# of the lab wrote before and after its clocks were disturbed. CHANNEL.LOG is from an earlier guest;
# no guest is started then. KTAP; exit status 0 passed, 1 failed, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/build.sh
. "$here/build.sh"
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"
# shellcheck source=selftests/harness/prometheus.sh
. "$here/prometheus.sh"

fleet=$top/tools/fleet tests=$top/tools/tscope/tests out=$top/build/lab/fleet
TSCOPE=$top/build/tscope RULES=$fleet/tscope.rules.yml DASHBOARD=$fleet/tscope.dashboard.json

# metrics_of TREE: prints the metrics of a recorded tree of files
metrics_of() {
	rm -rf "$work/root"
	"$tests/unpack.sh" "$1" "$work/root" && "$TSCOPE" metrics --root "$work/root" 2>/dev/null
	[ $? -le 4 ]
}

# checked FILE: promtool accepts these metrics, without a message
checked() {
	local said
	said=$("$PROMETHEUS/promtool" check metrics <"$1" 2>&1)
	same "promtool's status" $? 0 && same "what promtool says" "$said" ""
}

# guests of each hypervisor, a machine without figures, numbers of 64 bits, no debugfs, no module
metrics_checked() {
	local tree
	for tree in lab-guest views-faults views-many views-empty ends no-debugfs not-loaded healthy-xen \
			hyperv-stopped hyperv-not-valid vmclock-migrated vmclock-restored; do
		if ! metrics_of "$tree" >"$work/metrics" || [ ! -s "$work/metrics" ] ||
				! checked "$work/metrics"; then
			echo "$tree"
			return 1
		fi
	done
}

rules_tested() {
	"$PROMETHEUS/promtool" check rules "$1/tscope.rules.yml" &&
		(cd "$1" && "$PROMETHEUS/promtool" test rules tscope.rules_test.yml)
}

alerts() {
	sed -n 's/^ *- alert: //p' "$RULES"
}

# the rules' tests fail if any of the rules is missing
rules_needed() {
	local alert n=0
	mkdir -p "$work/rules" && cp "$fleet/tscope.rules_test.yml" "$work/rules/" || return
	for alert in $(alerts); do
		awk -v a="$alert" '/^ *(- alert:|#)/ { out = /- alert:/ && $3 == a } !out' "$RULES" \
			>"$work/rules/tscope.rules.yml"
		same "rules left" "$(grep -c 'alert:' "$work/rules/tscope.rules.yml")" \
			$(($(alerts | wc -l) - 1)) || return
		"$PROMETHEUS/promtool" check rules "$work/rules/tscope.rules.yml" >/dev/null || return
		not rules_tested "$work/rules" >/dev/null || { echo "$alert is not tested"; return 1; }
		n=$((n + 1))
	done
	[ "$n" -ge 6 ]
}

# expressions: prints the dashboard's expressions, with a value for each of Grafana's variables
expressions() {
	# shellcheck disable=SC2016
	jq -r '.panels[].targets[].expr' "$DASHBOARD" | sed -e 's/\$__rate_interval/1m/g' -e 's/\$instance/.*/g'
}

dashboard_checked() {
	local n
	n=$(expressions | wc -l)
	[ "$n" -ge 30 ] && not grep -n '\$' <(expressions) || return
	# JSON is YAML too
	expressions | jq -Rn '{groups: [{name: "dashboard", rules: [inputs] | to_entries |
		map({record: "expr:\(.key)", expr: .value})}]}' >"$work/dashboard.yml" || return
	"$PROMETHEUS/promtool" check rules "$work/dashboard.yml" >"$work/said" 2>&1
	cat "$work/said"
	grep -q "SUCCESS: $n rules found" "$work/said" &&
		jq -e '([.panels[].id] | length == (unique | length)) and
			all(.panels[]; (.title != "") and (.description != "") and
				(.targets | length > 0) and (.fieldConfig.defaults.unit != null))' "$DASHBOARD"
}

alerts_documented() {
	same "documented alerts" "$(sed -n 's/^``\(Tscope[A-Za-z]*\)``  .*/\1/p' "$top/Documentation/fleets.rst" | sort)" \
		"$(alerts | sort)"
}

# each metric that rules and dashboard name is one that a guest of some hypervisor prints
names_known() {
	{ metrics_of views-faults; metrics_of healthy-xen; metrics_of hyperv-stopped; metrics_of vmclock-migrated; } |
		sed -n 's/^\(tscope_[a-z_]*\).*/\1/p' | sort -u >"$work/printed"
	{ grep -v '^ *#' "$RULES"; expressions; } | grep -oE '\btscope_[a-z_]+' | sort -u >"$work/named"
	[ "$(wc -l <"$work/named")" -ge 25 ] && not grep . <(comm -13 "$work/printed" "$work/named")
}

# systemd accepts the units, and rates their exposure as low; here the command is at another path
units_checked() (
	mkdir -p "$work/units"
	make -s -C "$fleet" install DESTDIR="$work/units" PREFIX=/usr || return
	sed -i "s,/usr/bin/tscope,$TSCOPE," "$work"/units/usr/lib/systemd/system/*.service
	cd "$work/units/usr/lib/systemd/system" &&
		same "units" "$(echo *)" "tscope-metrics.service tscope-metrics.timer tscope-sampling.service" &&
		systemd-analyze verify --man=no ./*.service ./*.timer 2>"$work/said" &&
		same "what verify says" "$(cat "$work/said")" "" || return
	# thresholds are in tenths; an exposure of 10 is the worst
	systemd-analyze security --offline=true --threshold=15 ./tscope-metrics.service &&
		systemd-analyze security --offline=true --threshold=25 ./tscope-sampling.service
)

# guest: a guest of the lab writes its metrics; $CHANNEL has them
guest() {
	module_build 6.12 && "$top/selftests/lab/lab" --module "$MODULE_KO" --env "SEED=${SEED:-$RANDOM}" \
		--out "$out" fleet || return
	CHANNEL=$out/channel.log
}

# written NAME: the guest wrote this file completely, and promtool accepts it
written() {
	tr -d '\r' <"$CHANNEL" | sed -n "s/^# $1: //p" >"$work/$1.prom"
	grep -q '^tscope_windows_lost_total ' "$work/$1.prom" && checked "$work/$1.prom"
}

# ports N: prints ports that are free on the loopback interface
ports() {
	python3 -c 'import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[s.getsockname()[1] for s in sockets])' "$1"
}

start() {
	local prometheus exporter
	read -r prometheus exporter < <(ports 2)
	API=http://127.0.0.1:$prometheus/api/v1
	mkdir "$work/text" "$work/data"
	cp "$RULES" "$work/loaded.yml"
	cat >"$work/prometheus.yml" <<-END
		global: {scrape_interval: 1s, evaluation_interval: 1s}
		rule_files: ["$work/loaded.yml"]
		scrape_configs:
		  - job_name: node
		    static_configs: [{targets: ["127.0.0.1:$exporter"]}]
	END
	"$PROMETHEUS/prometheus-node-exporter" --collector.disable-defaults --collector.time \
		--collector.textfile --collector.textfile.directory="$work/text" --web.listen-address="127.0.0.1:$exporter" \
		>"$work/exporter.log" 2>&1 &
	PIDS=$!
	"$PROMETHEUS/prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
		--web.listen-address="127.0.0.1:$prometheus" >"$work/prometheus.log" 2>&1 &
	PIDS+=" $!"
	soon api status/config >/dev/null || { tail "$work"/*.log; return 1; }
}

# api PATH [CURL OPTION...]
api() {
	curl -fsS --get "$API/$1" "${@:2}"
}

# query EXPRESSION: prints its values, one per line
query() {
	api query --data-urlencode "query=$1" | jq -r 'select(.status == "success") | .data.result[].value[1]'
}

# soon COMMAND...: waits until it succeeds, up to SOON_S seconds (30)
soon() {
	local i
	for ((i = 0; i < ${SOON_S:-30} * 5; i++)); do
		"$@" 2>"$work/soon" && return
		sleep 0.2
	done
	cat "$work/soon"
	echo "not within ${SOON_S:-30} s: $*"
	return 1
}

# reads EXPRESSION VALUE: whether the expression has this value
reads() {
	[ "$(query "$1")" = "$2" ]
}

# active: prints the alerts that are pending or firing, by Prometheus' API
active() {
	api alerts | jq -r '.data.alerts[] | [.labels.alertname, .labels.clock // "-", .state] | join(" ")' | sort
}

# active_are NAME...: exactly these lines
active_are() {
	[ "$(active)" = "$1" ]
}

# states: prints the state of each rule
states() {
	api rules --data-urlencode type=alert | jq -r '.data.groups[].rules[] | .name + " " + .state'
}

last_evaluation() {
	api rules | jq -r '.data.groups[0].lastEvaluation'
}

evaluated_since() {
	[ "$(last_evaluation)" != "$1" ]
}

# evaluated TIMES: waits until the rules were evaluated so many times from now on
evaluated() {
	local i
	for ((i = 0; i < $1; i++)); do
		soon evaluated_since "$(last_evaluation)" || return
	done
}

# given NAME: gives node_exporter what the guest wrote, and waits until Prometheus has it
given() {
	cp "$work/$1.prom" "$work/text/tscope.new" && mv "$work/text/tscope.new" "$work/text/tscope.prom" &&
		soon reads 'tscope_clock_readings_total{clock="tsc"}' \
			"$(sed -n 's/^tscope_clock_readings_total{clock="tsc"} //p' "$work/$1.prom")" &&
		reads node_textfile_scrape_error 0
}

quiet() {
	given before && evaluated 3 || return
	states
	same "active alerts" "$(active)" "" &&
		same "rules" "$(states)" "$(alerts | sed 's/$/ inactive/')"
}

disturbed() {
	given after || return
	soon active_are "$FAULTS"
	active
	same "active alerts" "$(active)" "$FAULTS" &&
		same "TscopeWarp" "$(states | grep TscopeWarp)" "TscopeWarp firing"
}

# the alerts' texts, with their labels and values inserted
explained() {
	api alerts | jq -r '.data.alerts[].annotations | .summary, .description' | tee "$work/annotations"
	same "lines" "$(wc -l <"$work/annotations")" 6 && not grep -E '<no value>|error executing|\{\{' "$work/annotations" &&
		same "advice" "$(api rules | jq '[.data.groups[].rules[] | .annotations.description |
			test("tscope doctor|systemctl status")] | all')" true &&
		grep -qE '^tsc runs backward between CPUs of 127\.0\.0\.1:[0-9]+\.$' "$work/annotations" &&
		grep -qE '^They are [0-9.]+s apart at least' "$work/annotations"
}

# each expression of the dashboard has a result, except sizes of events that did not occur
dashboard_shows() {
	local expression
	expressions >"$work/expressions"
	while read -r expression; do
		query "$expression" >"$work/values" || { echo "$expression"; return 1; }
		[ -s "$work/values" ] || [[ $expression = *"!= 0" ]] || { echo "nothing: $expression"; return 1; }
	done <"$work/expressions"
}

is_stale() {
	active | grep -qx "TscopeStale - firing"
}

# the file is first as old as the alert allows, and then older, for a minute
stale() {
	local before
	before=$(active)
	touch -d '-298 seconds' "$work/text/tscope.prom" && not is_stale && SOON_S=90 soon is_stale &&
		same "others" "$(active | grep -v TscopeStale)" "$before" &&
		touch "$work/text/tscope.prom" && soon active_are "$before"
}

# Seconds stand for the rules' minutes: a fault that was an event ends by itself, one that lasts goes
# from pending to firing, and ends when the machine is well.
whole_life() {
	local offset="TscopeHostOffset - firing" state
	sed 's/\<10m\>/10s/g' "$RULES" >"$work/loaded.yml" && kill -HUP "${PIDS##* }" &&
		SOON_S=60 soon active_are "$offset" && given before && soon active_are "" || return
	for state in pending firing; do
		[ "$(query "count_over_time(ALERTS{alertname='TscopeHostOffset', alertstate='$state'}[10m])")" -ge 1 ] ||
			{ echo "never $state"; return 1; }
	done
	[ "$(query "count_over_time(ALERTS{alertname='TscopeWarp', alertstate='firing'}[10m])")" -ge 1 ] &&
		same "rules" "$(states)" "$(alerts | sed 's/$/ inactive/')"
}

FAULTS="TscopeClockStepped realtime firing
TscopeHostOffset - pending
TscopeWarp tsc firing"

need jq:jq:"Prometheus' API" curl:curl:"Prometheus' API" python3:python3:"free ports" \
	systemd-analyze:systemd:"checks of units" make:make:"the command" gcc:gcc:"the command" \
	/usr/include/json-c/json.h:libjson-c-dev:"the command" /usr/include/expat.h:libexpat1-dev:"the command"
prometheus_get || exit 2
work=$(mktemp -d) PIDS=
# shellcheck disable=SC2086
trap 'kill $PIDS 2>/dev/null; wait; rm -rf "$work" "$KTAP_SAID"' EXIT
trap 'exit 130' INT TERM
unset TSCOPE_SYSFS TSCOPE_DEBUGFS MAKEFLAGS MAKELEVEL
make -s -C "$top/tools/tscope" >&2 || exit 2

ktap_begin
t "promtool check metrics, of recorded trees" metrics_checked
t "promtool test rules" rules_tested "$fleet"
t "the rules' tests need each rule" rules_needed
t "the documentation has all alerts" alerts_documented
t "the dashboard's expressions" dashboard_checked
t "rules and dashboard name metrics that there are" names_known
t "systemd takes the units" units_checked
CHANNEL=${1:-}
if [ -z "$CHANNEL" ]; then
	note "a guest of the lab"
	t "a guest writes its metrics" guest
fi
t "what it wrote before" written before
t "what it wrote after" written after
note "Prometheus"
t "Prometheus and node_exporter start" start
t "before: all alerts are inactive" quiet
t "after: the alerts fire" disturbed
t "what they say" explained
t "the dashboard's expressions have results" dashboard_shows
t "a file that gets old" stale
t "what fired ends when the machine is well" whole_life
ktap_end
