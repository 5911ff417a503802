/* SPDX-License-Identifier: GPL-2.0 */
/* Violations that are kept for readers, and alerts for what is beyond a limit. */
#ifndef TSCOPE_EVENTS_H
#define TSCOPE_EVENTS_H

#include <linux/types.h>

#define TSCOPE_VIOLATIONS	1024

#define TSCOPE_ALERT_INTERVAL_S		60
#define TSCOPE_ALERT_INTERVAL_MAX_S	604800	/* a week */

/* The default limit: any warp raises an alert. */
#define TSCOPE_WARP_ALERT_NS		1

/* What a violation is, as readers see it. */
#define TSCOPE_WARP	"warp"		/* a CPU read a clock lower than another had published */
#define TSCOPE_BACKWARD	"backward"	/* a CPU read a clock lower than at its last reading */
#define TSCOPE_STEP	"step"		/* a clock's phase jumped */
#define TSCOPE_MARKER	"marker"	/* the host says that the TSC may have jumped */
#define TSCOPE_LOADED	"snapshot"	/* the host says that it loaded a snapshot of the guest */

struct tscope_clock;

/* A violation, or several of one kind within a window; warps: within a second. */
struct tscope_violation {
	u64 time_ns;			/* CLOCK_MONOTONIC when it was recorded */
	u64 tsc;			/* the TSC when it was seen */
	s64 size_ns;			/* size; of several, of the largest */
	u64 count;			/* how many */
	s64 error_ns;			/* how far a step's size may be off; others: -1 */
	const char *clock;		/* name of the clock */
	const char *what;		/* TSCOPE_WARP, ... */
	s32 cpu;			/* the CPU that saw it */
	s32 peer;			/* the CPU whose value was higher, or -1 */
};

/* What an alert is for. */
enum tscope_cause {
	TSCOPE_ALERT_WARP,		/* a warp of warp_alert_ns or more */
	TSCOPE_ALERT_STEP,		/* a step of step_alert_ns or more */
	TSCOPE_ALERT_SKEW,		/* a skew whose whole interval is beyond skew_alert_ppb */
	TSCOPE_ALERT_CAUSES,
};

/* A clock's alert for one cause. All but @limit are protected by alert_lock. */
struct tscope_alert {
	u64 limit;			/* ns or ppb; 0: no alert */
	u64 raised_ns;			/* when it was last raised, CLOCK_BOOTTIME; 0: never */
	bool pending;			/* it has not been reported yet */
	s64 size;			/* size of what it reports, ns or 10^-3 ppb */
	int cpu;			/* the CPU that saw it */
	int peer;			/* the other CPU, or -1 */
};

void tscope_violation(const char *what, const char *clock, int cpu, int peer, s64 size_ns,
		      u64 count, u64 tsc);
void tscope_violation_step(const char *clock, int cpu, s64 size_ns, u64 error_ns, u64 tsc);
void tscope_violations_range(u64 *first, u64 *end);
bool tscope_violation_get(u64 number, struct tscope_violation *v);
void tscope_violations_reset(void);

void tscope_alert_raise(struct tscope_clock *clk, enum tscope_cause cause, s64 size, int cpu,
			int peer);
void tscope_alerts_finish(void);
void tscope_alerts_reset(void);
u64 tscope_alerts_count(void);

/* The least time between two alerts for one cause of a clock. */
extern u32 tscope_alert_interval_s;

#endif /* TSCOPE_EVENTS_H */
