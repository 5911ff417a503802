// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own clocks: the TSC itself, monotonic-raw and realtime.
 *
 * A snapshot of the timekeeper has what the clocksource counted, and both clocks
 * computed from that. Where the clocksource is the TSC, that count is the TSC value
 * at which the clocks were read. Where it is a time page, the page turns it back into
 * one. Otherwise the clocks were read somewhere between two TSC reads.
 *
 * The value decides what the clocksource counts, since kernels up to 6.8 do not say:
 * three snapshots of three have to fit. A time page also has to be stable, for else the
 * kernel raises its value to the last one that any CPU read. And the page at the TSC
 * value that was found has to give the very count again.
 *
 * A CPU whose TSC is behind the timekeeper's last update reads that update's time.
 * That is what the kernel's clocks show there, and so it is a reading.
 *
 * Interrupts stay on: an interrupt delays the snapshot, and does not falsify it.
 * A snapshot is as expensive as a read of the clocksource.
 */
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/smp.h>

#include "moment.h"
#include "math128.h"

/* The slowest of the devices, the ACPI PM timer: 3.579545 MHz. */
#define DEVICE_TICK_NS	280
/* So many snapshots have to fit; this is tried several times, as an update may come between. */
#define FIT_SNAPSHOTS	3
#define FIT_ROUNDS	4
/* After so many misfits in a row the clocksource is examined anew. */
#define MISFITS_MAX	8

static bool take_snapshot(struct tscope_take *t)
{
	const struct tscope_timepage_ops *page = tscope_clock_page_ops();
	const u32 *sequence = page ? page->sequence(raw_smp_processor_id()) : NULL;
	bool valid;

	t->whole = sequence && page->copy(sequence, &t->page);
	t->jiffies_before = get_jiffies_64();
	t->before = rdtsc_ordered();
	valid = tscope_snapshot(&t->snap);
	t->after = rdtsc_ordered();
	t->jiffies_after = get_jiffies_64();
	if (t->whole)
		t->whole = READ_ONCE(*sequence) == t->page.sequence;
	return valid && t->before <= t->after;
}

/* The TSC value of a snapshot, if it is one of a clocksource that @counts so. */
static bool fits(const struct tscope_take *t, enum tscope_counts counts, u64 *tsc)
{
	if (counts == TSCOPE_COUNTS_TSC) {
		*tsc = t->snap.cycles;
	} else {
		*tsc = t->snap.tsc;
		if (!t->whole || !(t->page.flags & TSCOPE_PAGE_STABLE))
			return false;
		if (!*tsc && !tscope_timepage_inverse(&t->page, t->snap.cycles, tsc))
			return false;
		if ((s64)(*tsc - t->page.tsc) < 0 ||
		    tscope_timepage_ns(&t->page, *tsc) != t->snap.cycles)
			return false;
	}
	return t->before <= *tsc && *tsc <= t->after;
}

static bool all_fit(struct tscope_source *s, enum tscope_counts counts)
{
	struct tscope_take t;
	u64 tsc;
	int i;

	for (i = 0; i < FIT_SNAPSHOTS; i++)
		if (!s->take(&t) || !fits(&t, counts, &tsc))
			return false;
	return true;
}

static enum tscope_counts find_counts(struct tscope_source *s)
{
	struct tscope_take t;
	int i;

	for (i = 0; i < FIT_ROUNDS; i++) {
		if (all_fit(s, TSCOPE_COUNTS_TSC))
			return TSCOPE_COUNTS_TSC;
		if (all_fit(s, TSCOPE_COUNTS_PAGE))
			return TSCOPE_COUNTS_PAGE;
	}
	if (s->take(&t) && t.snap.cycles - t.jiffies_before <=
			   t.jiffies_after - t.jiffies_before)
		return TSCOPE_COUNTS_JIFFIES;
	return TSCOPE_COUNTS_DEVICE;
}

/* See to it that @s->counts is right for a snapshot that was just taken. */
static void update_counts(struct tscope_source *s, const struct tscope_take *t)
{
	bool stable = t->whole && t->page.flags & TSCOPE_PAGE_STABLE;
	enum tscope_counts counts;

	/* a page that changes while it is read does not say whether it is stable */
	if (s->counts != TSCOPE_COUNTS_UNKNOWN && s->changed == t->snap.changed &&
	    (!t->whole || s->stable == stable) && s->misfits < MISFITS_MAX)
		return;
	counts = find_counts(s);
	if (counts != s->counts || s->changed != t->snap.changed)
		s->number++;
	s->counts = counts;
	s->changed = t->snap.changed;
	s->stable = stable;
	s->misfits = 0;
}

/*
 * A CPU that waits for the lock of a device is given what the CPU that had the lock read,
 * which may be older than @t. Of two readings that differ the second one is not.
 */
static int retake_device(struct tscope_source *s, struct tscope_take *t)
{
	struct tscope_take first = *t;

	if (!s->take(t) || first.snap.changed != t->snap.changed)
		return -EAGAIN;
	/* what is read slower than it counts has to differ, but for rounding */
	if (t->snap.raw_ns - first.snap.raw_ns <= 1 &&
	    tscope_cyc_to_ns(t->after - t->before, tscope_tsc_khz) > DEVICE_TICK_NS)
		return -EAGAIN;
	t->before = first.before;
	return 0;
}

/**
 * tscope_source_read() - read monotonic-raw and realtime together
 * @s: what they are read from
 * @m: result
 *
 * Context: as tscope_moment_read().
 *
 * Return: 0, or -EAGAIN where nothing can be said of this reading.
 */
int tscope_source_read(struct tscope_source *s, struct tscope_moment *m)
{
	struct tscope_raw *raw = &m->raw;
	struct tscope_take t;
	u64 ns;
	u16 frac;

	*m = (struct tscope_moment){ };
	if (!s->take(&t))
		return -EAGAIN;
	update_counts(s, &t);
	if (t.snap.changed != s->changed)
		return -EAGAIN;

	raw->exact = s->counts == TSCOPE_COUNTS_TSC || s->counts == TSCOPE_COUNTS_PAGE;
	raw->source = s->number;
	if (raw->exact && !fits(&t, s->counts, &raw->tsc)) {
		s->misfits++;
		return -EAGAIN;
	}
	s->misfits = 0;
	if (s->counts == TSCOPE_COUNTS_DEVICE && retake_device(s, &t))
		return -EAGAIN;

	raw->before = t.before;
	raw->after = t.after;
	raw->ns = t.snap.raw_ns;
	m->real_ns = t.snap.real_ns;
	m->was_set = t.snap.was_set;
	if (s->counts == TSCOPE_COUNTS_PAGE) {
		ns = tscope_timepage_line(&t.page, raw->tsc, &frac);
		raw->frac = (u32)((ns - t.snap.cycles) << TSCOPE_PHASE_SHIFT) + frac;
	} else if (raw->exact) {
		raw->tick_ns = 1;
	} else {
		raw->tsc = raw->before + (raw->after - raw->before) / 2;
		raw->tick_ns = s->counts == TSCOPE_COUNTS_DEVICE ? DEVICE_TICK_NS :
								   TICK_NSEC;
	}
	return 0;
}

/* The clocksource of this kernel; the leader's thread alone uses it. */
static struct tscope_source source = { .take = take_snapshot };

/**
 * tscope_moment_read() - read the kernel's monotonic-raw and realtime together
 * @m: result
 *
 * Context: the leader's thread on its own CPU, interrupts on; not concurrently with
 * itself.
 *
 * Return: 0, or -EAGAIN where nothing can be said of this reading.
 */
int tscope_moment_read(struct tscope_moment *m)
{
	return tscope_source_read(&source, m);
}

static void forget_source(void)
{
	source.counts = TSCOPE_COUNTS_UNKNOWN;
}

static int raw_read(struct tscope_raw *raw)
{
	struct tscope_moment m;
	int err = tscope_moment_read(&m);

	*raw = m.raw;
	return err;
}

static int real_read(struct tscope_raw *raw)
{
	struct tscope_moment m;
	int err = tscope_moment_read(&m);

	*raw = m.raw;
	raw->ns = m.real_ns;
	/* NTP's multiplier turns whole counts into whole nanoseconds */
	raw->tick_ns = max(raw->tick_ns, 1U);
	return err;
}

/* monotonic-raw: the kernel's own clock, which nothing slews. */
const struct tscope_clock_ops tscope_clock_raw = {
	.name = "monotonic-raw",
	.kind = TSCOPE_KIND_AT_TSC,
	.lane = TSCOPE_LANE_RAW,
	.read = raw_read,
	.reset = forget_source,
};

/* realtime: the guest's wall clock, slewed by NTP; anybody may set it. */
const struct tscope_clock_ops tscope_clock_real = {
	.name = "realtime",
	.kind = TSCOPE_KIND_AT_TSC,
	.lane = TSCOPE_NO_LANE,
	.read = real_read,
};

static ssize_t khz_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n", tscope_tsc_khz);
}

static struct kobj_attribute khz_attr = __ATTR_RO(khz);

static struct attribute *tsc_attrs[] = {
	&khz_attr.attr,
	NULL
};

static const struct attribute_group tsc_group = {
	.attrs = tsc_attrs,
};

/* tsc: the time base that every clock is held against; read by every CPU in its bursts. */
const struct tscope_clock_ops tscope_clock_tsc = {
	.name = "tsc",
	.kind = TSCOPE_KIND_TSC,
	.lane = TSCOPE_LANE_TSC,
	.group = &tsc_group,
};
