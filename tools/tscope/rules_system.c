// SPDX-License-Identifier: GPL-2.0
/* rules_system.c: findings about the machine: the TSC's flags, steal time, the clocksource */
#include <stdlib.h>
#include <string.h>

#include "judgement.h"

/* A vCPU that waits for a twentieth of its time delays whatever waits for it by as much. */
#define STEAL_LIMIT_PERMILLE	50
/* The least CPU time that is judged: of less, the steal time of one tick would pass the limit. */
#define STEAL_LEAST_MS		1000
#define LOST_LIMIT_PERMILLE	50
/* If CPUs were idle less than this, the machine's own load may be why windows were late. */
#define IDLE_LIMIT_PERMILLE	500
/* CPUs that run at the same time exchange within 1 us; with a wider bound one of them waited. */
#define BOUND_LIMIT_NS		10000
/* At most this many lines of the log are in one finding. */
#define LOG_LINES		6

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

static uint64_t permille(uint64_t part, uint64_t all)
{
	return all ? (uint64_t)((__uint128_t)part * 1000 / all) : 0;
}

static bool is_guest(const struct system_facts *s)
{
	return s->hypervisor[0];
}

/* Whether a line of the kernel log says why a clocksource, or the TSC, is not used. */
static bool says_why(const char *line)
{
	return strstr(line, "nstable") || strstr(line, "warp") || strstr(line, "Override") ||
	       strstr(line, "wd_nsec") || strstr(line, "cs_nsec") || strstr(line, "is skewed");
}

/* Add as evidence the newest lines of the log for which @wanted is true. */
static void log_evidence(struct finding *f, const struct system_facts *s,
			 bool (*wanted)(const char *line))
{
	size_t i, n = 0;

	for (i = 0; i < s->n_clocksource_reasons; i++)
		n += wanted(s->clocksource_reasons[i]);
	for (i = 0; i < s->n_clocksource_reasons; i++) {
		if (wanted(s->clocksource_reasons[i]) && n-- <= LOG_LINES)
			finding_evidence(f, "kernel log: %s", s->clocksource_reasons[i]);
	}
}

/* Whether the kernel itself found that the TSC depends on idle states or on the frequency. */
static bool says_not_constant(const char *line)
{
	return strstr(line, "TSC halts in idle") || strstr(line, "due to cpufreq changes");
}

static bool log_says(const struct system_facts *s, bool (*wanted)(const char *line))
{
	size_t i;

	for (i = 0; i < s->n_clocksource_reasons; i++) {
		if (wanted(s->clocksource_reasons[i]))
			return true;
	}
	return false;
}

static void cpu_evidence(struct finding *f, const struct system_facts *s)
{
	finding_evidence(f, "/proc/cpuinfo: constant_tsc is %s, nonstop_tsc is %s",
			 s->constant_tsc.value ? "on all CPUs" : "missing",
			 s->nonstop_tsc.value ? "on all CPUs" : "missing");
	if (s->idle_states[0])
		finding_evidence(f, "cpuidle: driver %s, enabled states %s",
				 s->idle_driver[0] ? s->idle_driver : "none", s->idle_states);
	if (s->freq_driver[0] && s->freq_min_khz.known && s->freq_max_khz.known)
		finding_evidence(f, "cpufreq: driver %s, governor %s, %llu to %llu kHz",
				 s->freq_driver, s->freq_governor,
				 (unsigned long long)s->freq_min_khz.value,
				 (unsigned long long)s->freq_max_khz.value);
}

/* Whether this machine (no guest) uses frequencies or C-states that change or stop its TSC. */
static bool tsc_is_moved(const struct system_facts *s)
{
	bool fixed = s->freq_min_khz.known && s->freq_max_khz.known &&
		     s->freq_min_khz.value == s->freq_max_khz.value;
	bool shallow = s->deep_idle.known && !s->deep_idle.value;

	return (!s->constant_tsc.value && !fixed) || (!s->nonstop_tsc.value && !shallow);
}

void judge_tsc_not_constant(const struct rule *rule, struct judgement *j)
{
	const struct system_facts *s = &observed(j)->system;
	const char *missing = "constant_tsc and nonstop_tsc";
	bool seen = log_says(s, says_not_constant);
	struct finding *f;

	if (!s->constant_tsc.known || !s->nonstop_tsc.known)
		return;
	if (s->constant_tsc.value && s->nonstop_tsc.value)
		return;
	if (s->constant_tsc.value || s->nonstop_tsc.value)
		missing = s->constant_tsc.value ? "nonstop_tsc" : "constant_tsc";
	if (is_guest(s))
		f = finding_new(j, rule, "The hypervisor does not promise a constant TSC: no %s",
				missing);
	else
		f = finding_new(j, rule, "The TSC is not constant: the CPU has no %s", missing);
	cpu_evidence(f, s);
	log_evidence(f, s, says_not_constant);
	if (!seen && (is_guest(s) || !tsc_is_moved(s)))
		f->severity = SEVERITY_INFO;
	if (is_guest(s)) {
		finding_cause(f, "Flags of a guest are what its hypervisor exposes, not what the CPU can do. Without them the TSC may change its rate when the guest moves to another host.");
		finding_advice(f, "leave the clocksource to the kernel, which prefers %s",
			       strcmp(s->hypervisor, "KVM") ? "the hypervisor's clock" : "kvm-clock");
		finding_advice(f, "to get a constant TSC, ask the host's owner for the CPU feature invtsc; in libvirt: <feature policy='require' name='invtsc'/> in <cpu>");
		return;
	}
	if (!s->constant_tsc.value) {
		finding_cause(f, "The TSC follows the frequency of the CPU's cores.");
		finding_advice(f, "do not use the clocksource tsc while the frequency changes; the governor performance keeps it: cpupower frequency-set -g performance");
	}
	if (!s->nonstop_tsc.value) {
		if (s->constant_tsc.value)
			finding_cause(f, "The TSC stops in C-states deeper than C1.");
		finding_advice(f, "keep the CPUs out of deep C-states by the kernel parameter processor.max_cstate=1, or use another clocksource than tsc");
	}
}

/* How many windows of all CPUs were sampled, and lost, in the observation; false: not known. */
static bool windows_since(const struct observation *o, uint64_t *windows, uint64_t *lost)
{
	size_t i, k = 0;

	*windows = *lost = 0;
	if (!o->before.n_cpu_lines || !o->after.n_cpu_lines)
		return false;
	for (i = 0; i < o->after.n_cpu_lines; i++) {
		const struct cpu_line *now = &o->after.cpu_lines[i], *was;

		while (k < o->before.n_cpu_lines && o->before.cpu_lines[k].cpu < now->cpu)
			k++;
		was = k < o->before.n_cpu_lines && o->before.cpu_lines[k].cpu == now->cpu ?
		      &o->before.cpu_lines[k] : NULL;
		/* after a reset they began at 0 again */
		if (was && (was->windows > now->windows || was->lost > now->lost))
			was = NULL;
		*windows += now->windows - (was ? was->windows : 0);
		*lost += now->lost - (was ? was->lost : 0);
	}
	return true;
}

static void noise_advice(struct finding *f, const struct system_facts *s)
{
	if (!is_guest(s)) {
		finding_cause(f, "Something keeps CPUs from running programs: firmware (SMI), or interrupts that are switched off for long.");
		finding_advice(f, "look for the reason with the tracer hwlat: trace-cmd start -p hwlat");
		return;
	}
	finding_cause(f, "The host does not let the vCPUs run when they could: it has more vCPUs than CPUs, a CPU quota, or other work.");
	finding_advice(f, "ask the host's owner for CPUs that nobody else uses: in libvirt <vcpupin> in <cputune>, and no <quota>");
	finding_advice(f, "figures stay right meanwhile: they have wider bounds, and fewer readings");
}

void judge_noisy_host(const struct rule *rule, struct judgement *j)
{
	const struct observation *o = observed(j);
	const struct system_facts *s = &o->system;
	const struct clock_figures *tsc = snapshot_clock(&o->after, "tsc");
	uint64_t steal = permille(s->steal_ms.value, s->cpu_ms.value), windows, lost;
	uint64_t idle = permille(s->idle_ms.value, s->cpu_ms.value);
	bool stolen = s->steal_ms.known && steal >= STEAL_LIMIT_PERMILLE &&
		      s->cpu_ms.value >= STEAL_LEAST_MS;
	bool late, wide;
	struct finding *f;

	late = windows_since(o, &windows, &lost) &&
	       permille(lost, windows + lost) >= LOST_LIMIT_PERMILLE &&
	       (stolen || (s->idle_ms.known && idle >= IDLE_LIMIT_PERMILLE));
	wide = o->observed_ns && tsc && tsc->widest_bound_ns.known &&
	       tsc->widest_bound_ns.value >= BOUND_LIMIT_NS;
	if (!stolen && !late && !wide)
		return;
	f = finding_new(j, rule, is_guest(s) ? "The host disturbs this guest" :
			"This machine's CPUs are disturbed");
	if (stolen) {
		finding_evidence(f, "steal time: the CPUs waited for the host %llu.%llu %% of the time (%llu of %llu ms, all CPUs together)",
				 (unsigned long long)steal / 10, (unsigned long long)steal % 10,
				 (unsigned long long)s->steal_ms.value,
				 (unsigned long long)s->cpu_ms.value);
		finding_thousandths(f, steal * 100, 100, "%");
	}
	if (late)
		finding_evidence(f, "sampling: %llu of %llu windows did not happen because the CPU was late; the CPUs were idle %llu %% of the time",
				 (unsigned long long)lost, (unsigned long long)(windows + lost),
				 (unsigned long long)idle / 10);
	if (wide)
		finding_evidence(f, "offsets between CPUs: the widest bound is %llu ns, where CPUs that run at the same time get less than 1000 ns",
				 (unsigned long long)tsc->widest_bound_ns.value);
	if (is_guest(s) && !stolen && s->steal_reported.known && !s->steal_reported.value)
		finding_evidence(f, "steal time: this host does not report it");
	noise_advice(f, s);
}

/* Clocksources that hypervisors provide, best first. */
static const char * const paravirtual[] = { "kvm-clock", "hyperv_clocksource_tsc_page", "xen" };

#define N_PARAVIRTUAL (sizeof(paravirtual) / sizeof(*paravirtual))

/* The clocksource that this machine should use; NULL: it uses the best one. */
static const char *better_clocksource(const struct system_facts *s)
{
	bool constant = (s->constant_tsc.value && s->nonstop_tsc.value) || s->tsc_reliable.value;
	const char *best = NULL;
	size_t i;

	for (i = N_PARAVIRTUAL; i--;) {
		if (!strcmp(s->clocksource, paravirtual[i]))
			return NULL;
		if (system_has_word(s->clocksources, paravirtual[i]))
			best = paravirtual[i];
	}
	if (!strcmp(s->clocksource, "tsc") || !strcmp(s->clocksource, "tsc-early"))
		return constant ? NULL : best;
	if (constant && system_has_word(s->clocksources, "tsc"))
		return "tsc";
	return best ? best : "tsc";
}

/* Whether a parameter of the kernel is why the clocksource is not @better. */
static bool parameter_explains(const char *word, const struct system_facts *s, const char *better)
{
	if (!strncmp(word, "clocksource=", 12))
		return !strcmp(word + 12, s->clocksource);
	if (!strcmp(word, "no-kvmclock"))
		return !strcmp(s->hypervisor, "KVM") &&
		       !system_has_word(s->clocksources, "kvm-clock");
	if (!strcmp(word, "notsc") || !strcmp(word, "tsc=unstable"))
		return !strcmp(better, "tsc") && s->constant_tsc.value && s->nonstop_tsc.value;
	return false;
}

/*
 * Add the kernel's parameters that choose a clocksource as evidence, and the advice to remove those
 * that explain the choice. Return: whether any does. write.c removes what the advice names.
 */
static bool parameter_evidence(struct finding *f, const struct system_facts *s, const char *better)
{
	char *copy = strdup(s->cmdline), *rest = copy, *word;
	bool found = false;

	while (copy && (word = strsep(&rest, " "))) {
		if (strncmp(word, "clocksource=", 12) && strncmp(word, "tsc=", 4) &&
		    strcmp(word, "notsc") && strcmp(word, "no-kvmclock") &&
		    strcmp(word, "no-kvmclock-vsyscall") && strcmp(word, "nohpet"))
			continue;
		finding_evidence(f, "kernel parameter: %s", word);
		if (!better || !parameter_explains(word, s, better))
			continue;
		found = true;
		finding_advice(f, "remove %s from /etc/default/grub or /etc/default/grub.d/, run update-grub, and reboot",
			       word);
	}
	free(copy);
	return found;
}

static void clocksource_advice(struct finding *f, const struct system_facts *s,
			       const char *better, bool by_parameter)
{
	bool there = system_has_word(s->clocksources, better);

	if (by_parameter) {
		finding_cause(f, "A parameter of the kernel says so.");
	} else if (log_says(s, says_why)) {
		finding_cause(f, "The kernel does not trust the TSC, for the reason in its log.");
		finding_advice(f, "let tscope measure whether the TSC is at fault: tscope report -d 60s; tsc/offset, tsc/warps and the skews of acpi-pm and hpet say so");
	} else if (there) {
		finding_cause(f, "Somebody wrote it to current_clocksource.");
	} else {
		finding_cause(f, "The kernel found nothing better.");
	}
	if (there)
		finding_advice(f, "until the next boot: echo %s >" CLOCKSOURCE, better);
	else if (!strcmp(s->hypervisor, "KVM"))
		finding_advice(f, "ask the host's owner for kvm-clock; in libvirt: <timer name='kvmclock' present='yes'/> in <clock>");
	else if (is_guest(s))
		finding_advice(f, "ask the host's owner for the hypervisor's own clock, or for the CPU feature invtsc");
}

/* Linux prefers the TSC to a Xen clock that is not stable: in dom0, which is never migrated. */
static bool is_unstable_xen(const struct snapshot *s, const char *source)
{
	const struct clock_figures *xen = snapshot_clock(s, "xen");

	return !strcmp(source, "xen") && xen && xen->stable.known && !xen->stable.value;
}

void judge_clocksource(const struct rule *rule, struct judgement *j)
{
	const struct observation *o = observed(j);
	const struct system_facts *s = &o->system;
	const struct clock_figures *realtime = snapshot_clock(&o->after, "realtime");
	const char *was = o->before.clocksource, *now = o->after.clocksource;
	bool changed = *was && *now && strcmp(was, now), by_parameter;
	const char *better;
	struct finding *f;

	if (!s->clocksource[0])
		return;
	better = better_clocksource(s);
	if (better && !strcmp(s->clocksource, "tsc") && is_unstable_xen(&o->after, better))
		better = NULL;
	if (!changed && !better)
		return;
	if (changed)
		f = finding_new(j, rule, "The clocksource changed from %s to %s", was, now);
	else if (system_has_word(s->clocksources, better))
		f = finding_new(j, rule, "The clocksource is %s, though %s is there",
				s->clocksource, better);
	else
		f = finding_new(j, rule, "The clocksource is %s, not the TSC", s->clocksource);
	finding_evidence(f, "current clocksource: %s; available: %s", s->clocksource,
			 s->clocksources);
	if (realtime && realtime->read_avg_ns.known)
		finding_evidence(f, "a reading of the wall clock takes %llu ns",
				 (unsigned long long)realtime->read_avg_ns.value);
	if (!strcmp(s->clocksource, "tsc") && better)
		cpu_evidence(f, s);
	by_parameter = parameter_evidence(f, s, better);
	log_evidence(f, s, says_why);
	if (better)
		clocksource_advice(f, s, better, by_parameter);
	/* a TSC that is not in step must not be the clocksource */
	if (better && !changed && !strcmp(better, "tsc"))
		finding_is_of(j, better, NULL);
}
