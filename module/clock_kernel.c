// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own clocks: the TSC itself, monotonic-raw and realtime.
 *
 * A snapshot of the timekeeper has what the clocksource counted, and both clocks
 * computed from that. Where the clocksource is the TSC, that count is the TSC value
 * at which the clocks were read. Where it is kvm-clock, this CPU's pvti turns it
 * back into one. Otherwise the clocks were read somewhere between two TSC reads.
 *
 * The value decides what the clocksource counts, since the kernels up to 6.8 do not
 * say: three snapshots of three have to fit. kvm-clock also has to be stable, for
 * else the kernel raises its value to the last one that any CPU read. And the pvti at
 * the TSC value that was found has to give the very count again.
 *
 * A CPU whose TSC is behind the timekeeper's last update reads that update's time.
 * That is what the kernel's clocks show there, and so it is a reading.
 *
 * Interrupts stay on: what comes between delays the snapshot, and does not falsify it.
 * A snapshot is as expensive as a read of the clocksource.
 */
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/smp.h>

#include <asm/pvclock.h>

#include "clock.h"
#include "clock_kernel.h"
#include "cpu.h"
#include "pvti.h"
#include "wide.h"

/* The slowest of the devices, the ACPI PM timer: 3.579545 MHz. */
#define DEVICE_TICK_NS	280
/* So many snapshots have to fit; and so often it is tried, as an update may come between. */
#define LOOK_SNAPSHOTS	3
#define LOOK_ROUNDS	4
/* After so many in a row that do not fit the source is looked at anew. */
#define MISFITS_MAX	8

enum source { UNKNOWN, BY_TSC, BY_PAGE, BY_JIFFIES, BY_DEVICE };

/* What the clocks are read from. The leader's thread alone uses it. */
static struct {
	enum source is;
	u8 changed;		/* the kernel's count of changes at that time */
	bool stable;		/* whether the page was stable at that time */
	unsigned int number;	/* grows with each change */
	unsigned int misfits;
} source;

/* A snapshot, and the page that it may have been computed from. */
struct take {
	u64 before;
	u64 after;
	struct tscope_snapshot snap;
	struct tscope_pvti pvti;
	bool whole;		/* @pvti held all the time */
};

static bool take(struct take *t)
{
	struct pvclock_vcpu_time_info *page;
	bool valid;

	page = tscope_kvm_page(raw_smp_processor_id());
	t->whole = page && tscope_kvm_copy(page, &t->pvti);
	t->before = rdtsc_ordered();
	valid = tscope_snapshot(&t->snap);
	t->after = rdtsc_ordered();
	if (t->whole)
		t->whole = READ_ONCE(page->version) == t->pvti.version;
	return valid && t->before <= t->after;
}

static bool between(const struct take *t, u64 tsc)
{
	return t->before <= tsc && tsc <= t->after;
}

static bool at_page(const struct take *t, u64 *tsc)
{
	*tsc = t->snap.tsc;
	return t->whole && tscope_kvm_stable(&t->pvti) &&
	       (*tsc || tscope_pvti_inverse(&t->pvti, t->snap.cycles, tsc)) &&
	       between(t, *tsc) &&
	       tscope_pvti_eval(&t->pvti, *tsc) == t->snap.cycles;
}

static bool fits(const struct take *t, enum source is, u64 *tsc)
{
	if (is == BY_PAGE)
		return at_page(t, tsc);
	*tsc = t->snap.cycles;
	return between(t, *tsc);
}

static bool all_fit(enum source is)
{
	struct take t;
	u64 tsc;
	int i;

	for (i = 0; i < LOOK_SNAPSHOTS; i++)
		if (!take(&t) || !fits(&t, is, &tsc))
			return false;
	return true;
}

static enum source look(void)
{
	struct take t;
	u64 first, last;
	int i;

	for (i = 0; i < LOOK_ROUNDS; i++) {
		if (all_fit(BY_TSC))
			return BY_TSC;
		if (all_fit(BY_PAGE))
			return BY_PAGE;
	}
	first = get_jiffies_64();
	if (!take(&t))
		return BY_DEVICE;
	last = get_jiffies_64();
	return t.snap.cycles - first <= last - first ? BY_JIFFIES : BY_DEVICE;
}

static bool is_stable(const struct take *t)
{
	return t->whole && tscope_kvm_stable(&t->pvti);
}

/* Sees to it that the source is known, for a take that was just made. */
static void know_source(const struct take *t)
{
	enum source is;

	/* of a page that changes while it is read nothing is known */
	if (source.is != UNKNOWN && source.changed == t->snap.changed &&
	    (!t->whole || source.stable == is_stable(t)) &&
	    source.misfits < MISFITS_MAX)
		return;
	is = look();
	if (is != source.is || source.changed != t->snap.changed)
		source.number++;
	source.is = is;
	source.changed = t->snap.changed;
	source.stable = is_stable(t);
	source.misfits = 0;
}

static void fill(struct tscope_moment *m, const struct take *t)
{
	m->before = t->before;
	m->after = t->after;
	m->raw_ns = t->snap.raw_ns;
	m->real_ns = t->snap.real_ns;
	m->was_set = t->snap.was_set;
	m->source = source.number;
	m->exact = source.is == BY_TSC || source.is == BY_PAGE;
	m->frac = 0;
}

/* A device behind a lock may be read by another CPU, and its value be handed on. */
static int read_device(struct tscope_moment *m, struct take *t)
{
	u64 first_before = t->before, first_ns = t->snap.raw_ns;
	u8 changed = t->snap.changed;

	if (!take(t))
		return -EAGAIN;
	/* what is read slower than it counts has to differ, but for rounding */
	if (changed != t->snap.changed ||
	    (t->snap.raw_ns - first_ns <= 1 &&
	     tscope_cyc_to_ns(t->after - t->before, tscope_tsc_khz) >
	     DEVICE_TICK_NS))
		return -EAGAIN;
	fill(m, t);
	m->before = first_before;
	m->tsc = m->before + (m->after - m->before) / 2;
	m->tick_ns = DEVICE_TICK_NS;
	return 0;
}

/**
 * tscope_moment_read() - read monotonic-raw and realtime together
 * @m: result
 *
 * Context: the leader's thread on its own CPU, interrupts on; not concurrently with
 * itself.
 *
 * Return: 0, or -EAGAIN where nothing can be said of this reading.
 */
int tscope_moment_read(struct tscope_moment *m)
{
	struct take t;
	u64 ns;
	u16 frac;

	if (!take(&t))
		return -EAGAIN;
	know_source(&t);
	if (t.snap.changed != source.changed)
		return -EAGAIN;
	if (source.is == BY_DEVICE)
		return read_device(m, &t);

	fill(m, &t);
	if (!m->exact) {
		m->tsc = m->before + (m->after - m->before) / 2;
		m->tick_ns = TICK_NSEC;
		return 0;
	}
	if (!fits(&t, source.is, &m->tsc)) {
		source.misfits++;
		return -EAGAIN;
	}
	source.misfits = 0;
	m->tick_ns = 1;
	if (source.is == BY_PAGE) {
		ns = tscope_pvti_eval_frac(&t.pvti, m->tsc, &frac);
		m->frac = (u32)((ns - t.snap.cycles) << TSCOPE_PHASE_SHIFT) +
			  frac;
		m->tick_ns = 0;
	}
	return 0;
}

/* The newest moment, of which both clocks have their readings. */
static struct tscope_moment newest;

/**
 * tscope_kernel_read() - read anew what the read ops of both clocks give
 *
 * Context: as tscope_moment_read().
 *
 * Return: as tscope_moment_read().
 */
int tscope_kernel_read(void)
{
	return tscope_moment_read(&newest);
}

static void give(struct tscope_raw *raw, u64 ns, unsigned int *last_source)
{
	*raw = (struct tscope_raw){
		.before = newest.before, .after = newest.after,
		.tsc = newest.tsc, .ns = ns, .frac = newest.frac,
		.tick_ns = newest.tick_ns, .exact = newest.exact,
		.begins = newest.source != *last_source,
	};
	*last_source = newest.source;
}

static void forget_source(void)
{
	source.is = UNKNOWN;
}

static int raw_read(struct tscope_raw *raw)
{
	static unsigned int last_source;

	give(raw, newest.raw_ns, &last_source);
	return 0;
}

static int real_read(struct tscope_raw *raw)
{
	static unsigned int last_source;

	give(raw, newest.real_ns, &last_source);
	/* NTP's multiplier turns whole counts into whole nanoseconds */
	raw->tick_ns = max(raw->tick_ns, 1U);
	return 0;
}

/* monotonic-raw: the kernel's own clock, as no one slews it. */
const struct tscope_clock_ops tscope_clock_raw = {
	.name = "monotonic-raw",
	.kind = TSCOPE_KIND_KERNEL,
	.lane = TSCOPE_LANE_RAW,
	.series = true,
	.read = raw_read,
	.reset = forget_source,
};

/* realtime: the guest's wall clock, slewed by NTP; anybody may set it. */
const struct tscope_clock_ops tscope_clock_real = {
	.name = "realtime",
	.kind = TSCOPE_KIND_KERNEL,
	.lane = TSCOPE_NO_LANE,
	.series = true,
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
