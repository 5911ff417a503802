/* SPDX-License-Identifier: GPL-2.0 */
/* made_pairs.h: pairs of CPUs, warps and jumps of the machine that tests construct */
#ifndef TSCOPE_MADE_PAIRS_H
#define TSCOPE_MADE_PAIRS_H

#include "made.h"

static struct pair_line pairs[4];

/* A machine as of quiet(), but with four CPUs. */
static inline void quiet_four(void)
{
	static struct cpu_line four[4];
	unsigned int i;

	quiet();
	for (i = 0; i < 4; i++)
		four[i] = (struct cpu_line){ .cpu = i, .state = "sampling", .leader = !i,
					     .windows = 1 };
	o.after.cpu_lines = four;
	o.after.n_cpu_lines = 4;
}

/* Add a pair of CPUs of the TSC or of kvm-clock, with the hull of an offset that does not move. */
static inline struct pair_line *pair(int clock, unsigned int cpu_i, unsigned int cpu_j,
				     int64_t offset_ns, int64_t bound_ns)
{
	struct pair_line *p = &pairs[o.after.n_pairs++];

	*p = (struct pair_line){ .known = true, .cpu_i = cpu_i, .cpu_j = cpu_j, .age_ms = 180,
				 .offset_ns = offset_ns, .bound_ns = bound_ns, .meetings = 600 };
	snprintf(p->clock, sizeof(p->clock), "%s", names[clock]);
	if (__builtin_sub_overflow(offset_ns, bound_ns, &p->hull_low_ns))
		p->hull_low_ns = INT64_MIN;
	p->hull_high_ns = offset_ns + bound_ns;
	o.after.pairs = pairs;
	clocks[clock].offset = (struct pair_offset){ true, offset_ns, bound_ns, 180, cpu_i, cpu_j,
						     false };
	return p;
}

/* A finding of this id whose title begins with @title, or NULL. */
static inline const struct finding *finding_of(const char *id, const char *title)
{
	size_t i;

	for (i = 0; i < found.n; i++)
		if (!strcmp(found.findings[i].id, id) &&
		    !strncmp(found.findings[i].title, title, strlen(title)))
			return &found.findings[i];
	return NULL;
}

static inline void warp(double at, int clock, unsigned int cpu, unsigned int peer, double ns)
{
	add(at, "warp", clock, cpu, ns);
	lines[o.after.n_violations - 1].peer = (struct figure){ true, peer };
	clocks[clock].warps = (struct count){ true, clocks[clock].warps.value + 1 };
	clocks[clock].warp_max_ns = (struct count){
		true, fmax(clocks[clock].warp_max_ns.value, ns),
	};
}

/* Add a pair whose offset moved within these limits. */
static inline void moving_pair(int clock, unsigned int cpu_i, unsigned int cpu_j, int64_t low_ns,
			       int64_t high_ns)
{
	struct pair_line *p = pair(clock, cpu_i, cpu_j, low_ns / 2 + high_ns / 2,
				   high_ns / 2 - low_ns / 2 + 1);

	p->moving = true;
	clocks[clock].offset.moving = true;
	p->hull_low_ns = low_ns;
	p->hull_high_ns = high_ns;
	clocks[clock].moving = (struct count){ true, clocks[clock].moving.value + 1 };
}

/* The TSC jumps: add the steps of all clocks. */
static inline void jump(double at, double ns)
{
	add(at, "step", KVM, 0, -ns);
	add(at + 0.1, "step", RAW, 0, -ns + jitter());
	add(at + 0.1, "step", WALL, 0, -ns + jitter());
	add(at + 0.1, "step", PTP, 0, -ns + jitter());
	add(at + 1, "step", PM, 0, device(-ns, PM_WRAP_NS));
	add(at + 1, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
}

#endif /* TSCOPE_MADE_PAIRS_H */
