// SPDX-License-Identifier: GPL-2.0
/* rules_system.c: why the kernel has its clocksource, and what to do about it */
#include <stdio.h>

#include "expect.h"

static struct clock_figures tsc;
static struct finding_list list;

/* A machine with a TSC that is constant. */
static struct observation machine(void)
{
	struct observation o = {
		.system = {
			.constant_tsc = { true, 1 }, .nonstop_tsc = { true, 1 },
		},
		.observed_ns = 10000000000,
	};

	set_text(tsc.name, "tsc");
	o.after.clocks = &tsc;
	o.after.n_clocks = 1;
	o.after.loaded = true;
	return o;
}

static void use(struct observation *o, const char *clocksource, const char *available)
{
	set_text(o->system.clocksource, clocksource);
	set_text(o->before.clocksource, clocksource);
	set_text(o->after.clocksource, clocksource);
	set_text(o->system.clocksources, available);
}

static const struct finding *judge(const struct observation *o, const char *id)
{
	findings_free(&list);
	findings_of(o, &list);
	return the_finding(&list, id);
}

/* Only a parameter that explains the choice is the cause, and is to be removed. */
static void test_causes(void)
{
	static const struct {
		const char *hypervisor, *clocksource, *available, *cmdline, *remove;
	} machines[] = {
		{ "", "hpet", "hpet acpi_pm ", "notsc ro", "notsc" },
		{ "", "hpet", "hpet acpi_pm ", "ro tsc=unstable", "tsc=unstable" },
		{ "", "hpet", "tsc hpet acpi_pm ", "clocksource=hpet", "clocksource=hpet" },
		{ "", "hpet", "tsc hpet acpi_pm ", "clocksource=acpi_pm nohpet", NULL },
		{ "KVM", "hpet", "hpet acpi_pm ", "no-kvmclock", "no-kvmclock" },
		{ "KVM", "hpet", "kvm-clock hpet acpi_pm ", "tsc=unstable", NULL },
		{ "KVM", "hpet", "kvm-clock hpet ", "no-kvmclock-vsyscall notsc", NULL },
	};
	struct observation o = machine();
	const struct finding *f;
	char advice[128];
	bool any;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		set_text(o.system.hypervisor, machines[i].hypervisor);
		use(&o, machines[i].clocksource, machines[i].available);
		set_text(o.system.cmdline, machines[i].cmdline);
		f = judge(&o, "clocksource");
		EXPECT(f, "%zu: no finding", i);
		if (!f)
			continue;
		any = !strcmp(f->cause, "A parameter of the kernel says so.");
		EXPECT_EQ(any, !!machines[i].remove, "%zu: %s", i, f->cause);
		snprintf(advice, sizeof(advice), "remove %s from /etc/default/grub or /etc/default/grub.d/, run update-grub, and reboot",
			 machines[i].remove ?: "");
		EXPECT_EQ(f->advice.n && !strcmp(f->advice.lines[0], advice),
			  !!machines[i].remove, "%zu: %s", i, f->advice.lines[0]);
	}
}

/* If the TSC is at fault, there is no finding that it is not the clocksource. */
static void test_explained(void)
{
	struct observation o = machine();
	struct pair_line pair = {
		.clock = "tsc", .cpu_j = 1, .known = true, .offset_ns = 2400000, .bound_ns = 100,
		.hull_low_ns = 2399900, .hull_high_ns = 2400100, .age_ms = 10, .meetings = 9,
	};

	set_text(o.system.cmdline, "ro tsc=unstable");
	o.after.pairs = &pair;
	o.after.n_pairs = 1;
	use(&o, "hpet", "hpet acpi_pm ");
	EXPECT(judge(&o, "tsc-offset") && !judge(&o, "clocksource"), "the TSC is off");
	use(&o, "acpi_pm", "hpet acpi_pm kvm-clock ");
	EXPECT(judge(&o, "tsc-offset") && judge(&o, "clocksource"), "kvm-clock is there");
	use(&o, "hpet", "hpet acpi_pm ");
	set_text(o.before.clocksource, "tsc");
	EXPECT(judge(&o, "tsc-offset") && judge(&o, "clocksource"), "it changed");
	o.after.n_pairs = 0;
	use(&o, "hpet", "hpet acpi_pm ");
	EXPECT(!judge(&o, "tsc-offset") && judge(&o, "clocksource"), "the TSC is right");
}

static const struct tap_test tests[] = {
	{ "clocksource: parameters that are the cause", test_causes },
	{ "clocksource: the TSC is at fault", test_explained },
};

TAP_MAIN(tests)
