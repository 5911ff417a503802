// SPDX-License-Identifier: GPL-2.0
/* The machine that the native test runs on, and its time page. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include <asm/pvclock.h>

#include "native.h"
#include "tap.h"

double native_hz;
u32 native_step_cyc;
u64 native_burst_cyc;
const struct pvclock_vcpu_time_info *native_page;

__thread const struct motion *native_motion;

/* defined by clocks.c in the module */
u32 tscope_tsc_khz;
u64 tscope_ns_mult;

static sigjmp_buf no_page;

u64 get_jiffies_64(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* All CPUs have the same page here, as in the vDSO. */
static const u32 *native_sequence(int cpu)
{
	(void)cpu;
	return native_page ? &native_page->version : NULL;
}

static bool native_copy(const u32 *sequence, struct tscope_timepage *to)
{
	const struct pvclock_vcpu_time_info *page = (const void *)sequence;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		to->sequence = READ_ONCE(page->version);
		virt_rmb();
		to->tsc = page->tsc_timestamp;
		to->ns = page->system_time;
		to->mult = (u64)page->tsc_to_system_mul << 32;
		to->shift = page->tsc_shift;
		to->flags = page->flags;
		virt_rmb();
		if (!(to->sequence & 1) &&
		    to->sequence == READ_ONCE(page->version))
			return true;
	}
	return false;
}

const struct tscope_timepage_ops native_page_ops = {
	.sequence = native_sequence,
	.copy = native_copy,
};

static u64 raw_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static u64 common_divisor(u64 a, u64 b)
{
	return b ? common_divisor(b, a % b) : a;
}

/* Measures the frequency over 200 ms, and the steps in which the TSC counts. */
static void measure_tsc(void)
{
	u64 tsc = native_tsc(), ns = raw_ns(), step = 0, last, now;
	struct timespec pause = { .tv_nsec = 200000000 };
	u32 i;

	nanosleep(&pause, NULL);
	native_hz = (native_tsc() - tsc) * 1e9 / (raw_ns() - ns);
	last = native_tsc();
	for (i = 0; i < 10000; i++) {
		now = native_tsc();
		step = common_divisor(step, now - last);
		last = now;
	}
	native_step_cyc = step;
	native_burst_cyc = native_hz * 10e-6;
	tscope_tsc_khz = native_hz / 1000;
	tscope_ns_mult = 4294967296e9 / native_hz;
}

static void print_line(const char *what, const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256] = "", *text = NULL;

	while (f && !text && fgets(line, sizeof(line), f))
		if (!key || !strncmp(line, key, strlen(key)))
			text = key ? strchr(line, ':') + 2 : line;
	if (text)
		tap_note("%s: %.*s", what, (int)strcspn(text, "\n"), text);
	if (f)
		fclose(f);
}

void native_machine(void)
{
	struct utsname names;

	measure_tsc();
	uname(&names);
	print_line("processor", "/proc/cpuinfo", "model name");
	print_line("model", "/proc/cpuinfo", "model\t");
	print_line("hypervisor", "/sys/hypervisor/type", NULL);
	tap_note("kernel: %s", names.release);
	print_line("clocksource",
		   "/sys/devices/system/clocksource/clocksource0/current_clocksource",
		   NULL);
	tap_note("TSC: %.3f MHz, in steps of %u cycles", native_hz / 1e6,
		 native_step_cyc);
}

static void page_is_absent(int number)
{
	(void)number;
	siglongjmp(no_page, 1);
}

/* If the kernel does not use kvm-clock, an access to its page is a SIGBUS. */
static bool is_readable(const struct pvclock_vcpu_time_info *page)
{
	struct sigaction action = { .sa_handler = page_is_absent }, old;
	bool readable;

	sigaction(SIGBUS, &action, &old);
	if (sigsetjmp(no_page, 1)) {
		sigaction(SIGBUS, &old, NULL);
		return false;
	}
	readable = READ_ONCE(page->version);
	sigaction(SIGBUS, &old, NULL);
	return readable;
}

/* Returns CPU 0's page as the vDSO maps it; NULL if there is none. */
const struct pvclock_vcpu_time_info *native_real_page(void)
{
	const struct pvclock_vcpu_time_info *page = NULL;
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "[vvar_vclock]") &&
		    sscanf(line, "%lx", &start) == 1)
			page = (const struct pvclock_vcpu_time_info *)start;
	if (f)
		fclose(f);
	return page && is_readable(page) ? page : NULL;
}
