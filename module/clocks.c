// SPDX-License-Identifier: GPL-2.0
/* The clocks that are present: how they are found, and what holds their figures. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "clock.h"

static struct tscope_clock *clocks[TSCOPE_CLOCKS_MAX];
static unsigned int clock_count;

/* The lowest TSC frequency that a user may give, in kHz: a cycle lasts 1 us then. */
#define KHZ_MIN	1000

static u32 given_khz;

u32 tscope_tsc_khz;
u64 tscope_ns_mult;

/**
 * tscope_clock_count() - how many clocks are present
 * Context: any.
 * Return: their number, which does not change while the module is loaded.
 */
unsigned int tscope_clock_count(void)
{
	return clock_count;
}

/**
 * tscope_clock_get() - a clock that is present
 * @i: its number in the order of the table, below tscope_clock_count()
 * Context: any.
 * Return: the clock.
 */
struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return clocks[i];
}

/**
 * tscope_clock_of_lane() - the clock of a lane of the mailboxes
 * @lane: the lane
 * Context: any.
 * Return: the clock; NULL if it is not present.
 */
struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane)
{
	unsigned int i;

	for (i = 0; i < clock_count; i++)
		if (clocks[i]->ops->lane == lane)
			return clocks[i];
	return NULL;
}

/* tscope_clock_page_ops() - the ops of the time page that bursts read, NULL if there is none */
const struct tscope_timepage_ops *tscope_clock_page_ops(void)
{
	struct tscope_clock *clk = tscope_clock_of_lane(TSCOPE_LANE_PAGE);

	return clk ? clk->ops->page : NULL;
}

static void clock_zero(struct tscope_clock *clk)
{
	WRITE_ONCE(clk->samples, 0);
	WRITE_ONCE(clk->rejected, 0);
	WRITE_ONCE(clk->errors, 0);
	WRITE_ONCE(clk->backward, 0);
	WRITE_ONCE(clk->backward_max_ns, 0);
	clk->last_ns = 0;
	clk->width_ref_ns = U64_MAX;
	tscope_hist_init(&clk->width);
	tscope_series_restart(&clk->series);
	/* no point is left that counts in larger ticks */
	WRITE_ONCE(clk->tick_ns, 0);
	WRITE_ONCE(clk->exactness, TSCOPE_UNREAD);
	if (clk->ops->reset)
		clk->ops->reset();

	spin_lock(&clk->step_lock);
	WRITE_ONCE(clk->steps, 0);
	WRITE_ONCE(clk->step_last_ns, 0);
	WRITE_ONCE(clk->step_max_ns, 0);
	memset(&clk->updates, 0, sizeof(clk->updates));
	tscope_shist_init(&clk->step_hist);
	spin_unlock(&clk->step_lock);
}

/* tscope_clock_free() - free a clock that nobody uses any more; may sleep */
void tscope_clock_free(struct tscope_clock *clk)
{
	vfree(clk->series.ring);
	kvfree(clk);
}

/* A clock that has no readings yet; NULL if there is no memory. May sleep. */
struct tscope_clock *tscope_clock_alloc(const struct tscope_clock_ops *ops)
{
	struct tscope_clock *clk = kvzalloc(sizeof(*clk), GFP_KERNEL);
	struct tscope_point *ring;

	if (!clk)
		return NULL;
	clk->ops = ops;
	spin_lock_init(&clk->step_lock);
	if (ops->lane != TSCOPE_NO_LANE)
		clk->alert[TSCOPE_ALERT_WARP].limit = TSCOPE_WARP_ALERT_NS;
	if (tscope_clock_has_points(clk)) {
		ring = vcalloc(TSCOPE_SERIES_POINTS, sizeof(*ring));
		tscope_series_init(&clk->series, ring, tscope_tsc_khz,
				   ops->kind == TSCOPE_KIND_PAGE || ops->knows_steps);
		clk->series.step_flags = ops->steered ? TSCOPE_STEP_STEERED : 0;
		if (!ring) {
			tscope_clock_free(clk);
			return NULL;
		}
	}
	clock_zero(clk);
	return clk;
}

/* The TSC's frequency that the kernel assumes, or else the one that the user gave, in kHz. */
static u32 nominal_khz(void)
{
	return tsc_khz ?: given_khz;
}

static void set_frequency(u32 khz)
{
	unsigned int i;

	/* pairs with the acquire in tscope_clock_points() */
	smp_store_release(&tscope_tsc_khz, khz);
	WRITE_ONCE(tscope_ns_mult, div_u64(1000000ULL << 32, khz));
	for (i = 0; i < clock_count; i++)
		clocks[i]->series.khz = khz;
}

/**
 * tscope_clocks_refined() - whether the kernel has refined the TSC's frequency
 *
 * If neither firmware nor hypervisor gave the frequency, the kernel measures it more precisely in
 * the first seconds after booting.
 * Return: whether the frequency in use is outdated, so that figures are to be reset.
 */
bool tscope_clocks_refined(void)
{
	return tscope_tsc_khz != nominal_khz();
}

/**
 * tscope_clocks_init() - probe the clocks
 * @table: their ops, TSCOPE_CLOCKS_MAX at most, ended by NULL
 * @khz: the TSC's frequency, for a kernel that knows none; 0: not given
 *
 * The kernel log says why a clock is absent. Context: process, at load.
 * Return: 0, or -ENODEV, -ERANGE or -ENOMEM with nothing held.
 */
int tscope_clocks_init(const struct tscope_clock_ops *const *table, u32 khz)
{
	const struct tscope_clock_ops *ops;
	struct tscope_clock *clk;
	const char *why;

	if (khz && khz < KHZ_MIN) {
		pr_err("tsc_khz=%u is out of range (see modinfo)\n", khz);
		return -ERANGE;
	}
	if (!tsc_khz && !khz) {
		pr_err("the kernel does not know the TSC's frequency: set tsc_khz=\n");
		return -ENODEV;
	}
	if (tsc_khz && khz)
		pr_warn("tsc_khz=%u is not used: the kernel uses %u\n", khz, tsc_khz);
	else if (khz)
		pr_warn("no TSC frequency in the kernel: all figures use tsc_khz=%u\n", khz);
	given_khz = khz;
	set_frequency(nominal_khz());
	while ((ops = *table++)) {
		why = ops->probe ? ops->probe() : NULL;
		if (why) {
			pr_info("%s is absent: %s\n", ops->name, why);
			continue;
		}
		clk = tscope_clock_alloc(ops);
		if (!clk) {
			if (ops->remove)
				ops->remove();
			tscope_clocks_exit();
			return -ENOMEM;
		}
		clocks[clock_count++] = clk;
	}
	return 0;
}

/**
 * tscope_clocks_exit() - give back what tscope_clocks_init() took
 *
 * Context: process; no sampler and no reader may be left.
 */
void tscope_clocks_exit(void)
{
	while (clock_count) {
		struct tscope_clock *clk = clocks[--clock_count];

		if (clk->ops->remove)
			clk->ops->remove();
		tscope_clock_free(clk);
	}
}

/**
 * tscope_clocks_reset() - set all figures to zero, and read the TSC's frequency again
 *
 * Context: process; no sampler may be at work, readers may.
 */
void tscope_clocks_reset(void)
{
	unsigned int i;

	for (i = 0; i < clock_count; i++)
		clock_zero(clocks[i]);
	if (!tscope_clocks_refined())
		return;
	pr_info("the kernel has refined the TSC's frequency from %u to %u kHz: all figures begin anew\n",
		tscope_tsc_khz, tsc_khz);
	set_frequency(nominal_khz());
}
