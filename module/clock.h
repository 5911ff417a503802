/* SPDX-License-Identifier: GPL-2.0 */
/* What a clock is: its ops, its figures, the table of all clocks. */
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
#include "stability.h"
#include "timepage.h"

struct tscope_cpu;
struct tscope_page_event;
struct tscope_clock;

/* Room in arrays of clocks; the table is checked against it. */
#define TSCOPE_CLOCKS_MAX	16

/**
 * enum tscope_lane - clocks that CPUs show each other through mailboxes
 * @TSCOPE_LANE_TSC: cycles
 * @TSCOPE_LANE_KVM: the time page's clock, ns
 * @TSCOPE_LANE_RAW: monotonic-raw, ns
 * @TSCOPE_LANES: how many
 * @TSCOPE_NO_LANE: the clock is read by one CPU only
 */
enum tscope_lane {
	TSCOPE_LANE_TSC,
	TSCOPE_LANE_KVM,
	TSCOPE_LANE_RAW,
	TSCOPE_LANES,
	TSCOPE_NO_LANE = -1,
};

/**
 * enum tscope_kind - how a clock is read
 * @TSCOPE_KIND_TSC: by the bursts; all others are held against it, so it has no points
 * @TSCOPE_KIND_PAGE: a time page, evaluated at a TSC value by the bursts
 * @TSCOPE_KIND_AT_TSC: at a TSC value where the kernel's clocksource allows it, else
 *	between two TSC reads
 * @TSCOPE_KIND_PAIRING: the host says its clock together with the TSC value
 * @TSCOPE_KIND_BRACKETED: between two TSC reads; a reading leaves the guest
 */
enum tscope_kind {
	TSCOPE_KIND_TSC,
	TSCOPE_KIND_PAGE,
	TSCOPE_KIND_AT_TSC,
	TSCOPE_KIND_PAIRING,
	TSCOPE_KIND_BRACKETED,
};

/**
 * struct tscope_raw - one reading of a clock
 * @before: TSC before the read
 * @after: TSC after it
 * @tsc: the TSC value at which the clock was read, where @exact; else the middle
 * @ns: what the clock showed, nanoseconds
 * @tick_ns: the step in which it counts; 0 where @frac is all there is below @ns
 * @frac: what is known of it beyond @ns, 2^-16 ns
 * @source: changes where the clock is read from something else than before, or where
 *	nothing says how much time it counted since
 * @exact: it was read at @tsc, else somewhere between @before and @after
 */
struct tscope_raw {
	u64 before;
	u64 after;
	u64 tsc;
	u64 ns;
	u32 tick_ns;
	u32 frac;
	u32 source;
	bool exact;
};

/**
 * struct tscope_clock_ops - what a clock does
 * @name: its name in sysfs, debugfs and tracepoints; at most 15 characters
 * @kind: how it is read
 * @lane: its place in the mailbox, or TSCOPE_NO_LANE
 * @group: sysfs files that no other clock has, or NULL
 * @page: of TSCOPE_KIND_PAGE: where its pages are
 * @probe: takes what the clock needs. Called once at load, may sleep. Returns NULL, or
 *	why the clock is absent, and then holds nothing. NULL: always present
 * @remove: gives back what @probe took. Called once, after the last read.
 *	May sleep. NULL: nothing to do
 * @reset: forgets what was gathered. Called with no sampler at work. NULL:
 *	nothing to forget
 * @read: one reading, where neither @kind is read by the bursts. Called by the leader's
 *	thread on its own CPU with interrupts on; may divide, does not sleep. Returns 0;
 *	-EAGAIN for a reading that says nothing, which is counted as rejected; or an
 *	errno, which is counted as an error
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
	int (*read)(struct tscope_raw *raw);
};

/**
 * enum tscope_exactness - how the newest reading was taken
 * @TSCOPE_UNREAD: there is none
 * @TSCOPE_BRACKETED: between two TSC reads
 * @TSCOPE_EXACT: at a TSC value
 */
enum tscope_exactness {
	TSCOPE_UNREAD,
	TSCOPE_BRACKETED,
	TSCOPE_EXACT,
};

/**
 * struct tscope_clock - a clock that is present, and its figures
 * @ops: what it does
 * @dir: its directory in sysfs
 * @dir_released: nobody refers to @dir any more
 * @samples: readings taken outside the bursts
 * @rejected: of those, too wide to use
 * @errors: of those, failed
 * @last_ns: its newest reading, where it has no lane
 * @backward: readings that were lower than the one before
 * @backward_max_ns: by how much at most
 * @width: widths of readings, ns
 * @width_ref_ns: width that a reading is judged by; U64_MAX: not known yet
 * @exactness: enum tscope_exactness of the newest reading
 * @source: what the newest reading was read from
 * @read_tick_ns: the step in which it counted at the newest reading
 * @tick_ns: the largest step in which it counted at the points that are fitted
 * @series: its points, but of the TSC
 * @point_boot_ns: CLOCK_BOOTTIME, to a tick, when the newest of them was added
 * @step_lock: protects all below but @alert; taken once a step or update, with
 *	interrupts on
 * @steps: steps seen
 * @step_last_ns: the newest
 * @step_max_ns: the largest by magnitude
 * @updates: of a time page: what of its steps was reported
 * @step_hist: sizes
 * @alert: limits, and alerts that were raised; see events.c
 *
 * All but @alert and what @step_lock protects is written by the leader alone (see
 * sampler.c), and read at any time.
 */
struct tscope_clock {
	const struct tscope_clock_ops *ops;
	struct kobject dir;
	struct completion dir_released;

	u64 samples;
	u64 rejected;
	u64 errors;
	u64 last_ns;
	u64 backward;
	u64 backward_max_ns;
	struct tscope_hist width;
	u64 width_ref_ns;
	u8 exactness;
	u32 source;
	u32 read_tick_ns;
	u32 tick_ns;
	struct tscope_series series;
	u64 point_boot_ns;

	spinlock_t step_lock;	/* protects what follows */
	u64 steps;
	s64 step_last_ns;
	s64 step_max_ns;
	struct tscope_page_updates updates;
	struct tscope_shist step_hist;

	struct tscope_alert alert[TSCOPE_ALERT_CAUSES];
};

/* tscope_clock_of() - the clock of a directory in sysfs */
static inline struct tscope_clock *tscope_clock_of(struct kobject *dir)
{
	return container_of(dir, struct tscope_clock, dir);
}

extern const struct tscope_clock_ops tscope_clock_tsc;
extern const struct tscope_clock_ops tscope_clock_kvm;
extern const struct tscope_clock_ops tscope_clock_ptp;
extern const struct tscope_clock_ops tscope_clock_raw;
extern const struct tscope_clock_ops tscope_clock_real;
extern const struct tscope_clock_ops tscope_clock_acpi_pm;
extern const struct tscope_clock_ops tscope_clock_hpet;

/* tscope_tsc_khz - the TSC's nominal frequency; not 0 while loaded */
extern u32 tscope_tsc_khz;
/* tscope_ns_mult - 2^32 ns a cycle: what a product turns cycles to ns by */
extern u64 tscope_ns_mult;

int tscope_clocks_init(void);
void tscope_clocks_exit(void);
void tscope_clocks_reset(void);
bool tscope_clocks_refined(void);
void tscope_clocks_refine(void);
unsigned int tscope_clock_count(void);
struct tscope_clock *tscope_clock_get(unsigned int i);
struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane);
const struct tscope_timepage_ops *tscope_clock_page_ops(void);
struct tscope_clock *tscope_clock_alloc(const struct tscope_clock_ops *ops);
void tscope_clock_free(struct tscope_clock *clk);

/* Whether points of a clock are gathered: it has skew, phase and steps. */
static inline bool tscope_clock_has_points(const struct tscope_clock *clk)
{
	return clk->ops->kind != TSCOPE_KIND_TSC;
}

/**
 * struct tscope_device - a device that counts time by itself
 * @count: reads its counter
 * @counter: the counter, extended to nanoseconds
 * @tick_ns: the step in which it counts, rounded up
 * @in_order: it may give garbage: three reads have to come in order, of which the one in
 *	the middle counts
 * @gaps: how often so much time had passed that nothing says how often it wrapped
 */
struct tscope_device {
	u32 (*count)(void);
	struct tscope_counter counter;
	u32 tick_ns;
	bool in_order;
	u32 gaps;
};

/* clock_hw.c */
int tscope_device_read(struct tscope_device *d, struct tscope_raw *raw);

/**
 * struct tscope_turn - the rotation of devices
 * @next: which is read next
 * @wait: windows that it waits for
 */
struct tscope_turn {
	unsigned int next;
	unsigned int wait;
};

/* reading.c */
void tscope_points_take(struct tscope_cpu *c, bool read);
void tscope_clock_take(struct tscope_clock *clk, struct tscope_cpu *c, u32 wanted,
		       u64 budget_cyc);
void tscope_devices_take(struct tscope_turn *turn, struct tscope_clock **device,
			 unsigned int n, struct tscope_cpu *c, u64 budget_cyc);
void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r);
void tscope_points_break(void);
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
int tscope_clock_stability(struct tscope_clock *clk,
			   struct tscope_stability_figures *fig);

#endif /* TSCOPE_CLOCK_H */
