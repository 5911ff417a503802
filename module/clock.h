/* SPDX-License-Identifier: GPL-2.0 */
/* What a clock is: its ops and its figures; and the clocks that are present. */
#ifndef TSCOPE_CLOCK_H
#define TSCOPE_CLOCK_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "counter.h"
#include "events.h"
#include "fit.h"
#include "hist.h"
#include "series.h"
#include "timepage.h"

struct tscope_cpu;
struct tscope_page_event;

#define TSCOPE_CLOCKS_MAX	16	/* how many clocks may be present */

/* Clocks that CPUs show each other through mailboxes. */
enum tscope_lane {
	TSCOPE_LANE_TSC,	/* cycles */
	TSCOPE_LANE_PAGE,	/* the time page's clock, ns */
	TSCOPE_LANE_RAW,	/* monotonic-raw, ns */
	TSCOPE_LANES,
	TSCOPE_NO_LANE = -1,	/* the clock is read by one CPU only */
};

/* How a clock is read. */
enum tscope_kind {
	TSCOPE_KIND_TSC,	/* by bursts; the others are compared with it: it has no points */
	TSCOPE_KIND_PAGE,	/* a time page, evaluated at a TSC value by bursts */
	TSCOPE_KIND_AT_TSC,	/* at a TSC value if possible, else between two TSC reads */
	TSCOPE_KIND_PAIRING,	/* the host reports its clock and the TSC value together */
	TSCOPE_KIND_BRACKETED,	/* between two TSC reads; a reading leaves the guest */
};

/* One reading of a clock. */
struct tscope_raw {
	u64 before;		/* TSC before the read */
	u64 after;		/* TSC after it */
	u64 tsc;		/* the TSC value at which it was read if @exact, else the middle */
	u64 ns;			/* what the clock showed */
	u64 real_ns;		/* realtime at the same time; only of the kernel's clocks */
	unsigned int was_set;	/* changes when realtime is set; only of the kernel's clocks */
	u32 tick_ns;		/* step in which the clock counts; 0: @ns and @frac are all of it */
	u32 frac;		/* the part of the clock beyond @ns that is known, 2^-16 ns */
	u32 real_tick_ns;	/* @tick_ns of realtime */
	u32 real_frac;		/* @frac of realtime */
	u32 source;		/* a change begins a segment: another source, or an unknown gap */
	bool exact;		/* read at @tsc, else somewhere between @before and @after */
	bool other_scale;	/* its zero differs from that of the last reading */
	bool stepped;		/* the clock stepped since the last reading; see @knows_steps */
	struct tscope_step step;	/* that step */
};

/**
 * struct tscope_clock_ops - what a clock does
 * @name: its name in sysfs, debugfs and tracepoints; at most 15 characters
 * @kind: how it is read
 * @lane: its place in the mailbox, or TSCOPE_NO_LANE
 * @group: sysfs files that no other clock has, or NULL
 * @page: where its pages are; only of TSCOPE_KIND_PAGE
 * @probe: called once at load to take what the clock needs; may sleep. Returns NULL, or why
 *	the clock is absent, and then holds nothing. NULL: always present
 * @remove: called once after the last read to give back what @probe took; may sleep. NULL: nothing
 *	to do
 * @reset: forgets what was gathered; no sampler is at work. NULL: nothing to forget
 * @suspended: the machine was suspended: forgets what must not be compared with a later reading,
 *	and figures whose age is counted by jiffies; no sampler is at work. NULL: nothing to forget
 * @read: takes one reading; NULL for clocks that bursts read. Called by the leader's thread on its
 *	own CPU with interrupts on; may divide, does not sleep. Returns 0; -EAGAIN for a reading
 *	that can't be used, which counts as rejected; -ENODATA if there is nothing to read now,
 *	which does not count; or an errno, which counts as an error
 * @knows_steps: @read reports steps of the clock; else they are found among the points
 * @steered: NTP may slew the clock, so its rate while sampling is off is not known
 */
struct tscope_clock_ops {
	const char *name;
	enum tscope_kind kind;
	enum tscope_lane lane;
	const struct attribute_group *group;
	const struct tscope_timepage_ops *page;
	const char *(*probe)(void);
	void (*remove)(void);
	void (*reset)(void);
	void (*suspended)(void);
	int (*read)(struct tscope_raw *raw);
	bool knows_steps;
	bool steered;
};

/* How the newest reading was taken: not yet, between two TSC reads, or at a TSC value. */
enum tscope_exactness {
	TSCOPE_UNREAD,
	TSCOPE_BRACKETED,
	TSCOPE_EXACT,
};

/*
 * A clock that is present, and its figures. All but @alert and what @step_lock protects is
 * written by the leader alone, while it holds the lead (cpus.c), and read at any time.
 */
struct tscope_clock {
	const struct tscope_clock_ops *ops;
	struct kobject dir;		/* in sysfs */
	struct completion dir_released;	/* done when nobody refers to @dir any more */

	u64 samples;			/* readings taken outside of bursts */
	u64 rejected;			/* of those, not used */
	u64 errors;			/* of those, failed */
	u64 last_ns;			/* newest reading of a clock without a lane */
	u64 backward;			/* readings lower than the one before */
	u64 backward_max_ns;
	struct tscope_hist width;	/* of readings, ns */
	u64 width_ref_ns;		/* usual narrowest width; U64_MAX: not known yet */
	u8 exactness;			/* enum tscope_exactness */
	u32 source;			/* of the newest reading */
	u32 read_tick_ns;		/* tick of the newest reading */
	u32 tick_ns;			/* the largest tick among the points that are fitted */
	struct tscope_series series;	/* the points; the TSC has none */
	u64 point_boot_ns;		/* CLOCK_BOOTTIME at the newest point, precise to a tick */

	spinlock_t step_lock;		/* protects what follows, except @alert; interrupts on */
	u64 steps;
	s64 step_last_ns;
	s64 step_max_ns;		/* the largest by magnitude */
	struct tscope_page_updates updates;	/* which steps of a time page were reported */
	struct tscope_shist step_hist;

	struct tscope_alert alert[TSCOPE_ALERT_CAUSES];	/* limits and alerts, see events.c */
};

/* tscope_clock_of() - the clock of a directory in sysfs */
static inline struct tscope_clock *tscope_clock_of(struct kobject *dir)
{
	return container_of(dir, struct tscope_clock, dir);
}

/* Whether points of a clock are gathered: it has skew, phase and steps. */
static inline bool tscope_clock_has_points(const struct tscope_clock *clk)
{
	return clk->ops->kind != TSCOPE_KIND_TSC;
}

extern const struct tscope_clock_ops tscope_clock_tsc, tscope_clock_kvm, tscope_clock_ptp;
extern const struct tscope_clock_ops tscope_clock_hyperv;
extern const struct tscope_clock_ops tscope_clock_xen;
extern const struct tscope_clock_ops tscope_clock_raw, tscope_clock_real;
extern const struct tscope_clock_ops tscope_clock_acpi_pm, tscope_clock_hpet;
extern const struct tscope_clock_ops tscope_clock_vmclock;

extern u32 tscope_tsc_khz;	/* the TSC's nominal frequency; not 0 while loaded */
extern u64 tscope_ns_mult;	/* 2^-32 ns a cycle */

/* clocks.c */
int tscope_clocks_init(const struct tscope_clock_ops *const *table, u32 khz);
void tscope_clocks_exit(void);
void tscope_clocks_reset(void);
bool tscope_clocks_refined(void);
unsigned int tscope_clock_count(void);
struct tscope_clock *tscope_clock_get(unsigned int i);
struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane);
const struct tscope_timepage_ops *tscope_clock_page_ops(void);
struct tscope_clock *tscope_clock_alloc(const struct tscope_clock_ops *ops);
void tscope_clock_free(struct tscope_clock *clk);

/* A device that counts time by itself. */
struct tscope_device {
	u32 (*count)(void);
	struct tscope_counter counter;	/* its counter, extended to nanoseconds */
	bool in_order;			/* may give garbage: three reads have to come in order */
	u32 gaps;			/* reads that came too late to know the number of wraps */
};

/* clock_hw.c */
int tscope_device_read(struct tscope_device *d, struct tscope_raw *raw);

/* The rotation of devices. */
struct tscope_turn {
	unsigned int next;		/* which device is read next */
	unsigned int wait;		/* how many windows pass before that */
};

/* reading.c */
void tscope_points_take(struct tscope_cpu *c, bool read);
void tscope_clock_take(struct tscope_clock *clk, struct tscope_cpu *c, u32 wanted,
		       u64 budget_cyc);
void tscope_devices_take(struct tscope_turn *turn, struct tscope_clock **device,
			 unsigned int n, struct tscope_cpu *c, u64 budget_cyc);
void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r);
void tscope_points_break(void);
void tscope_clocks_suspended(void);
void tscope_page_report(struct tscope_cpu *c, struct tscope_clock *clk,
			const struct tscope_page_event *event, unsigned int n,
			bool leader);

/* points.c */
int tscope_clock_fit(struct tscope_clock *clk, struct tscope_fit *fit);
int tscope_clock_residuals(struct tscope_clock *clk, struct tscope_shist *h);
u32 tscope_clock_points(struct tscope_clock *clk, struct tscope_point *to, u32 *khz);
void tscope_alerts_watch(bool on);
void tscope_alert_set_limit(struct tscope_clock *clk, enum tscope_cause cause,
			    u64 limit);

#endif /* TSCOPE_CLOCK_H */
