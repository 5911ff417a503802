// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own clocks: the TSC itself, monotonic-raw and realtime.
 *
 * A snapshot of the timekeeper has what the clocksource counted, and both clocks computed from
 * that. The count is a TSC value, or a time page turns it back into one; else the clocks were read
 * between two TSC reads. Kernels up to 6.8 do not say what is counted: the value itself shows it.
 * If the lines by which the kernel computes both clocks are known, their fractions are known too.
 *
 * Interrupts stay on: an interrupt delays a snapshot but does not make it wrong.
 */
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/notifier.h>
#include <linux/pvclock_gtod.h>
#include <linux/seqlock.h>
#include <linux/smp.h>
#include <linux/timekeeper_internal.h>

#include <xen/xen.h>

#include "moment.h"
#include "math128.h"

/* The slowest of the devices, the ACPI PM timer: 3.579545 MHz. */
#define DEVICE_TICK_NS	280
/* This many snapshots in a row must agree. More are tried, because a page may be updated. */
#define ALIKE		3
#define ALIKE_TRIES	(4 * ALIKE)
/* These suffice: the kernel updates its lines once a tick, and a snapshot takes microseconds. */
#define UPDATED_TRIES	4
/* No clocksource of the kernel has a larger shift. */
#define SHIFT_MAX	32

/* The kernel's lines as of its last update. Its lock of the timekeeper serializes writers. */
static struct tscope_kernel_lines lines;
static seqcount_t lines_seq = SEQCNT_ZERO(lines_seq);

static void copy_line(struct tscope_kernel_line *to, const struct tk_read_base *from,
		      ktime_t ahead)
{
	to->ns = ktime_to_ns(ktime_add(from->base, ahead));
	to->shifted_ns = from->xtime_nsec;
	to->cycles = from->cycle_last;
	/* a count of fewer bits is that of a device, and may have wrapped */
	to->mult = from->mask == U64_MAX ? from->mult : 0;
	to->shift = from->shift;
}

/* Context: interrupts off. Readers of the kernel's clocks wait, so do not read any of them here. */
static int lines_updated(struct notifier_block *nb, unsigned long was_set, void *timekeeper)
{
	const struct timekeeper *tk = timekeeper;

	write_seqcount_begin(&lines_seq);
	copy_line(&lines.raw, &tk->tkr_raw, 0);
	copy_line(&lines.real, &tk->tkr_mono, tk->offs_real);
	write_seqcount_end(&lines_seq);
	return NOTIFY_OK;
}

static struct notifier_block lines_block = {
	.notifier_call = lines_updated,
};

/**
 * tscope_kernel_lines_watch() - keep a copy of the lines by which the kernel computes its clocks
 * @on: begin or end. The first lines are there on return; without lines fractions are not known
 *
 * A registration makes the kernel call all notifiers as if CLOCK_REALTIME had been set. In Xen's
 * dom0 one of them then sets Xen's wall clock, by the time of the last tick: nothing is registered
 * there, and fractions are not known. Context: process, no sampler at work; not concurrently with
 * itself.
 */
void tscope_kernel_lines_watch(bool on)
{
	if (xen_initial_domain())
		return;
	if (on)
		pvclock_gtod_register_notifier(&lines_block);
	else
		pvclock_gtod_unregister_notifier(&lines_block);
}

static bool take_once(struct tscope_take *t)
{
	const struct tscope_timepage_ops *page = tscope_clock_page_ops();
	const u32 *sequence = page ? page->sequence(raw_smp_processor_id()) : NULL;
	bool valid, held = sequence && page->copy(sequence, &t->page);

	t->unit_ns = page ? page->unit_ns : 1;
	t->ticks = get_jiffies_64();
	t->before = rdtsc_ordered();
	valid = tscope_snapshot(&t->snap);
	t->after = rdtsc_ordered();
	if (!held || READ_ONCE(*sequence) != t->page.sequence)
		t->page.flags = 0;
	return valid && t->before <= t->after;
}

/* Take a snapshot and the lines that it was computed by. If these were updated, take another. */
static bool take_snapshot(struct tscope_take *t)
{
	unsigned int seq, tries;
	bool valid;

	for (tries = 0; tries < UPDATED_TRIES; tries++) {
		seq = read_seqcount_begin(&lines_seq);
		t->lines = lines;
		valid = take_once(t);
		if (!read_seqcount_retry(&lines_seq, seq))
			return valid;
	}
	return false;
}

static bool is_between(const struct tscope_take *t, u64 tsc)
{
	return t->before <= tsc && tsc <= t->after;
}

/*
 * Whether a snapshot counts the page's units, and at which TSC value. The page has to be stable,
 * because otherwise the kernel raises its value to the last one that any CPU read. The page at the
 * TSC value has to give the same count again. If a count lasts for many cycles, any of these within
 * the snapshot will do: find_frac() is given how much of the count has passed there.
 */
static bool is_of_page(const struct tscope_take *t, u64 *tsc)
{
	const struct tscope_timepage *page = &t->page;
	u64 ns = t->snap.cycles * t->unit_ns;

	if (!(page->flags & TSCOPE_PAGE_STABLE))
		return false;
	*tsc = t->snap.tsc;
	if (!*tsc) {
		if (!tscope_timepage_inverse(page, ns, t->unit_ns, tsc))
			return false;
		*tsc = clamp(*tsc, t->before, t->after);
	}
	return (s64)(*tsc - page->tsc) >= 0 &&
	       tscope_timepage_ns(page, *tsc) - ns < t->unit_ns && is_between(t, *tsc);
}

/* What a snapshot seems to count, and the TSC value at which the clocks were read, if any. */
static enum tscope_counts look_at(const struct tscope_take *t, u64 *tsc)
{
	if (is_between(t, t->snap.cycles)) {
		*tsc = t->snap.cycles;
		return TSCOPE_COUNTS_TSC;
	}
	if (is_of_page(t, tsc))
		return TSCOPE_COUNTS_PAGE;
	return t->snap.cycles - t->ticks < HZ ? TSCOPE_COUNTS_JIFFIES : TSCOPE_COUNTS_DEVICE;
}

/* Find out what the clocksource counts. If snapshots do not look alike, treat it as a device. */
static void examine(struct tscope_source *s, u8 changed)
{
	enum tscope_counts counts, last = TSCOPE_COUNTS_UNKNOWN;
	struct tscope_take t;
	int tries, alike = 0;
	u64 tsc;

	for (tries = 0; alike < ALIKE && tries < ALIKE_TRIES && s->take(&t); tries++) {
		counts = look_at(&t, &tsc);
		alike = counts == last ? alike + 1 : 1;
		last = counts;
	}
	if (alike == ALIKE)
		s->counts = last;
	else
		s->counts = tries < ALIKE_TRIES ? TSCOPE_COUNTS_UNKNOWN : TSCOPE_COUNTS_DEVICE;
	s->changed = changed;
}

/*
 * A CPU that waits for the lock of a device gets the value that the holder of the lock read, which
 * may be older than @t. Of two readings that differ, the second one is not older: take that one.
 */
static int retake_device(struct tscope_source *s, struct tscope_take *t)
{
	struct tscope_take first = *t;

	if (!s->take(t) || first.snap.changed != t->snap.changed)
		return -EAGAIN;
	/* values of a device that is read slower than it counts differ, except for rounding */
	if (t->snap.raw_ns - first.snap.raw_ns <= 1 &&
	    tscope_cyc_to_ns(t->after - t->before, tscope_tsc_khz) > DEVICE_TICK_NS)
		return -EAGAIN;
	t->before = first.before;
	return 0;
}

/*
 * Find a clock's fraction. Let c be the whole count and F the part of a count beyond c. The clock
 * is at
 *
 *	ns + (shifted_ns + (c + F - cycles) * mult) / 2^shift
 *
 * The kernel computes that with F = 0 and rounds it down (timekeeping_cycles_to_ns()). If that does
 * not give @ns, which the kernel showed, the kernel used another line, or it used @line->cycles for
 * a count before that: the fraction is not known. So no line moves a clock to another nanosecond.
 *
 * @beyond: F, 2^-16 of a count
 * @frac: result on success: the part of the clock beyond @ns, 2^-16 ns
 */
static bool find_frac(const struct tscope_kernel_line *line, u64 cycles, u64 ns, u32 beyond,
		      u32 *frac)
{
	u64 passed = cycles - line->cycles, below;
	u128 shifted;

	if (!line->mult || line->shift > SHIFT_MAX || (s64)passed < 0)
		return false;
	shifted = (u128)passed * line->mult + line->shifted_ns;
	if (line->ns + (u64)(shifted >> line->shift) != ns)
		return false;
	below = (u64)shifted & (BIT_ULL(line->shift) - 1);
	*frac = ((below << TSCOPE_PHASE_SHIFT) + (u64)beyond * line->mult) >> line->shift;
	return true;
}

/* As tscope_moment_read(), but from clocksource @s. */
int tscope_source_read(struct tscope_source *s, struct tscope_raw *raw)
{
	struct tscope_take t;
	enum tscope_counts counts;
	u32 beyond = 0;
	u64 ns;
	u16 frac;

	*raw = (struct tscope_raw){ };
	if (!s->take(&t))
		return -EAGAIN;
	counts = look_at(&t, &raw->tsc);
	if (counts != s->counts || t.snap.changed != s->changed)
		examine(s, t.snap.changed);
	if (counts != s->counts ||
	    (counts == TSCOPE_COUNTS_DEVICE && retake_device(s, &t)))
		return -EAGAIN;

	raw->before = t.before;
	raw->after = t.after;
	raw->ns = t.snap.raw_ns;
	raw->real_ns = t.snap.real_ns;
	raw->was_set = t.snap.was_set;
	raw->source = s->changed << 8 | counts;
	switch (counts) {
	case TSCOPE_COUNTS_TSC:
		raw->exact = true;
		raw->tick_ns = 1;
		break;
	case TSCOPE_COUNTS_PAGE:
		raw->exact = true;
		ns = tscope_timepage_line(&t.page, raw->tsc, &frac) - t.snap.cycles * t.unit_ns;
		/* the page's time beyond the count; find_frac() replaces it if it can */
		raw->frac = (u32)(ns << TSCOPE_PHASE_SHIFT) + frac;
		beyond = raw->frac / t.unit_ns;
		break;
	default:
		raw->tsc = raw->before + (raw->after - raw->before) / 2;
		raw->tick_ns = counts == TSCOPE_COUNTS_DEVICE ? DEVICE_TICK_NS : TICK_NSEC;
	}
	/* realtime: NTP's multiplier makes whole nanoseconds of whole counts */
	raw->real_tick_ns = max(raw->tick_ns, 1U);
	raw->real_frac = raw->frac;
	if (!raw->exact)
		return 0;
	if (find_frac(&t.lines.raw, t.snap.cycles, raw->ns, beyond, &raw->frac))
		raw->tick_ns = 0;
	if (find_frac(&t.lines.real, t.snap.cycles, raw->real_ns, beyond,
		      &raw->real_frac))
		raw->real_tick_ns = 0;
	return 0;
}

/**
 * tscope_moment_read() - read the kernel's monotonic-raw, and realtime with it
 * @raw: result
 * Context: the leader's thread on its own CPU, interrupts on; not concurrently with itself.
 * Return: 0, or -EAGAIN if this reading can't be used.
 */
int tscope_moment_read(struct tscope_raw *raw)
{
	static struct tscope_source source = { .take = take_snapshot };

	return tscope_source_read(&source, raw);
}

static int real_read(struct tscope_raw *raw)
{
	int err = tscope_moment_read(raw);

	raw->ns = raw->real_ns;
	raw->frac = raw->real_frac;
	raw->tick_ns = raw->real_tick_ns;
	return err;
}

/* monotonic-raw: the kernel's own clock, which nothing slews. */
const struct tscope_clock_ops tscope_clock_raw = {
	.name = "monotonic-raw",
	.kind = TSCOPE_KIND_AT_TSC,
	.lane = TSCOPE_LANE_RAW,
	.read = tscope_moment_read,
};

/* realtime: the guest's wall clock, slewed by NTP; anybody may set it. */
const struct tscope_clock_ops tscope_clock_real = {
	.name = "realtime",
	.kind = TSCOPE_KIND_AT_TSC,
	.lane = TSCOPE_NO_LANE,
	.read = real_read,
	.steered = true,
};

static ssize_t khz_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(tscope_tsc_khz));
}

static struct kobj_attribute khz_attr = __ATTR_RO(khz);

static struct attribute *tsc_attrs[] = { &khz_attr.attr, NULL };
static const struct attribute_group tsc_group = { .attrs = tsc_attrs };

/* tsc: the time base that all clocks are compared with; each CPU reads it in its bursts. */
const struct tscope_clock_ops tscope_clock_tsc = {
	.name = "tsc",
	.kind = TSCOPE_KIND_TSC,
	.lane = TSCOPE_LANE_TSC,
	.group = &tsc_group,
};
