// SPDX-License-Identifier: GPL-2.0
/*
 * ptp-kvm: the host's wall clock, by the hypercall KVM_HC_CLOCK_PAIRING.
 *
 * The host answers with its CLOCK_REALTIME and the guest's TSC at that very
 * instant: the width of the call is not an error of the pair. A call costs a
 * VM exit, one to two microseconds natively. It neither needs nor disturbs
 * the ptp_kvm driver: it has a page of its own.
 *
 * The guest's wall clock is read before the call and after it. Where both moments are
 * exact, the line between them gives it at the pairing's TSC value to some ns; else to
 * as much as the reads are wide.
 *
 * That the host refuses (-EOPNOTSUPP while it is not on a TSC clocksource) is
 * a state that may pass: it is counted in "errors", and no reading comes of
 * it.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/kvm_para.h>
#include <linux/mm.h>
#include <linux/seqlock.h>
#include <linux/set_memory.h>
#include <linux/time64.h>

#include "clock.h"
#include "clock_kernel.h"
#include "wide.h"

/*
 * How far the guest's wall clock may be off the line between two moments: by the
 * rounding of both and of the host's clock...
 */
#define ROUNDING_TSC_NS		3
#define ROUNDING_PAGE_NS	5
/*
 * ...and where its rate changes within the call. A change by 500 ppm, NTP's largest, from
 * one end of the range to the other bends the line by this part of it.
 */
#define BEND_PART		4000
/* Against monotonic-raw's own rate the moments may be off by that part of the call. */
#define RAW_PART		1000
/* Before that rate is known: the kernel may have the TSC's frequency wrong. */
#define UNKNOWN_RATE_PART	8
#define WRONG_RATE_PART		32
/* A rate that was measured for so many times the call's length can be told by it. */
#define RATE_SPANS		8
/* Of the pairings of so long a time the best is shown. */
#define WINDOW_MS		1

static struct kvm_clock_pairing *pairing;
static phys_addr_t pairing_gpa;

/* An earlier moment, by which the wall clock's slew is known; the leader's alone. */
static struct {
	u64 tsc;
	s64 ahead_ns;		/* realtime less monotonic-raw */
	unsigned int was_set;
	unsigned int source;
	bool valid;
} earlier;

static struct {
	seqlock_t lock;		/* protects what follows */
	s64 ns;
	u64 error_ns;
	u64 tsc;
	u64 jiffies;
	bool exact;
	bool valid;
} offset;

static int page_get(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	pairing = page_address(page);
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
	    set_memory_decrypted((unsigned long)pairing, 1)) {
		/* its state is not known: it can't be used again */
		pairing = NULL;
		return -EIO;
	}
	pairing_gpa = slow_virt_to_phys(pairing);
	return 0;
}

static void page_put(void)
{
	bool keep = cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
		    set_memory_encrypted((unsigned long)pairing, 1);

	/* a page that the host can still write must not be given away */
	if (!keep)
		free_page((unsigned long)pairing);
	pairing = NULL;
}

/* Returns 0 or a negative KVM_E* of the hypercall's own numbers. */
static long call(void)
{
	return kvm_hypercall2(KVM_HC_CLOCK_PAIRING, pairing_gpa,
			      KVM_CLOCK_PAIRING_WALLCLOCK);
}

static int ptp_probe(const char **why)
{
	int err;

	if (!kvm_para_available()) {
		*why = "not a KVM guest";
		return -ENODEV;
	}
	err = page_get();
	if (err) {
		*why = "no page for the hypercall";
		return err;
	}
	if (call() == -KVM_ENOSYS) {
		*why = "the host has no clock pairing";
		page_put();
		return -EOPNOTSUPP;
	}
	/* any other error may pass, and is counted then */
	seqlock_init(&offset.lock);
	return 0;
}

static void ptp_reset(void)
{
	earlier.valid = false;
	write_seqlock(&offset.lock);
	offset.valid = false;
	write_sequnlock(&offset.lock);
}

static u64 span_ns(u64 from_tsc, u64 to_tsc)
{
	return tscope_cyc_to_ns(to_tsc - from_tsc, tscope_tsc_khz);
}

/*
 * How much monotonic-raw should gain against the TSC in @cyc cycles, by what is
 * gathered of it. False: that is too little yet.
 */
static bool raw_gain_ns(u64 cyc, s64 *gain_ns)
{
	struct tscope_clock *clk;
	u64 span_cyc, mag;
	unsigned int i;
	s64 gain;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		if (clk->ops != &tscope_clock_raw)
			continue;
		if (!tscope_series_rate(&clk->series, &gain, &span_cyc) ||
		    span_cyc / MSEC_PER_SEC < tscope_tsc_khz)
			return false;
		mag = (u64)tscope_div128((tscope_u128)tscope_abs64(gain) * cyc,
					 span_cyc) >> TSCOPE_PHASE_SHIFT;
		*gain_ns = gain < 0 ? -(s64)mag : (s64)mag;
		return true;
	}
	return false;
}

/* Whether time went on between two moments as it does, and nobody set the clock. */
static bool same_time(const struct tscope_moment *a, const struct tscope_moment *b)
{
	u64 passed_ns = span_ns(a->tsc, b->tsc), off_ns;
	s64 gain_ns = 0;

	if (a->source != b->source || a->was_set != b->was_set ||
	    a->exact != b->exact)
		return false;
	if (raw_gain_ns(b->tsc - a->tsc, &gain_ns))
		off_ns = 3 + passed_ns / RAW_PART;
	else
		off_ns = 3 + passed_ns / UNKNOWN_RATE_PART;
	if (!a->exact)
		off_ns += span_ns(a->before, a->after) +
			  span_ns(b->before, b->after) + a->tick_ns;
	return tscope_abs64(tscope_sub64(b->raw_ns, a->raw_ns + passed_ns +
					 gain_ns)) <= off_ns;
}

static s64 ahead_ns(const struct tscope_moment *m)
{
	return (s64)(m->real_ns - m->raw_ns);
}

/*
 * How far the wall clock's rate can have bent between two exact moments. The line
 * that led to the first one hits the second one but for that.
 */
static u64 bend_ns(const struct tscope_moment *a, const struct tscope_moment *b)
{
	u64 most_ns = DIV_ROUND_UP_ULL(span_ns(a->tsc, b->tsc), BEND_PART);
	u64 before_cyc = a->tsc - earlier.tsc, cyc = b->tsc - a->tsc, slew_ns, off_ns;
	s64 moved_ns = ahead_ns(a) - earlier.ahead_ns;

	if (!earlier.valid || earlier.source != a->source ||
	    earlier.was_set != a->was_set || earlier.tsc >= a->tsc ||
	    before_cyc / RATE_SPANS < cyc)
		return most_ns;
	slew_ns = (u64)tscope_div128((tscope_u128)tscope_abs64(moved_ns) * cyc,
				     before_cyc);
	off_ns = tscope_abs64(ahead_ns(b) - ahead_ns(a) -
			      (moved_ns < 0 ? -(s64)slew_ns : (s64)slew_ns));
	/* each of the four differences is of whole nanoseconds */
	return min(most_ns, off_ns + 3);
}

static void remember(const struct tscope_moment *m)
{
	earlier.tsc = m->tsc;
	earlier.ahead_ns = ahead_ns(m);
	earlier.was_set = m->was_set;
	earlier.source = m->source;
	earlier.valid = true;
}

static u64 error_of(const struct tscope_moment *a, const struct tscope_moment *b)
{
	u64 wide_ns;

	if (a->exact)
		return (a->tick_ns ? ROUNDING_TSC_NS : ROUNDING_PAGE_NS) +
		       bend_ns(a, b);
	wide_ns = max(span_ns(a->before, a->after), span_ns(b->before, b->after));
	/*
	 * The line's ends are the middles of their reads, by a TSC whose frequency may be
	 * wrong by some percent, and may be a tick old.
	 */
	return wide_ns / 2 + wide_ns / WRONG_RATE_PART + a->tick_ns + ROUNDING_PAGE_NS +
	       span_ns(a->tsc, b->tsc) / RAW_PART;
}

static void offset_show(s64 ns, u64 error_ns, u64 tsc, bool exact)
{
	write_seqlock(&offset.lock);
	if (!offset.valid || error_ns <= offset.error_ns ||
	    (tsc - offset.tsc) / WINDOW_MS > tscope_tsc_khz) {
		offset.ns = ns;
		offset.error_ns = error_ns;
		offset.tsc = tsc;
		offset.jiffies = get_jiffies_64();
		offset.exact = exact;
		offset.valid = true;
	}
	write_sequnlock(&offset.lock);
}

/* The guest's wall clock at the pairing's TSC, on the line between two moments. */
static void offset_take(const struct tscope_moment *a, const struct tscope_moment *b,
			const struct tscope_raw *raw)
{
	u64 span = b->tsc - a->tsc, part = raw->tsc - a->tsc, error_ns;
	s64 gain = tscope_sub64(b->real_ns, a->real_ns), ns;
	tscope_u128 line;

	/* unsigned: before the first is far behind the second */
	if (a->tsc >= b->tsc || part > span || !same_time(a, b) || gain < 0)
		return;
	line = ((tscope_u128)gain << TSCOPE_PHASE_SHIFT) + b->frac - a->frac;
	line = tscope_div128(line * part, span) + a->frac +
	       (1 << (TSCOPE_PHASE_SHIFT - 1));
	ns = tscope_sub64(a->real_ns + (u64)(line >> TSCOPE_PHASE_SHIFT), raw->ns);
	error_ns = error_of(a, b);
	offset_show(ns, error_ns, raw->tsc, a->exact);
	if (a->exact && (!earlier.valid || earlier.tsc > b->tsc ||
			 (b->tsc - earlier.tsc) / WINDOW_MS > tscope_tsc_khz))
		remember(b);
}

static int ptp_read(struct tscope_raw *raw)
{
	struct tscope_moment a, b;
	bool framed;
	long err;

	*raw = (struct tscope_raw){ .tick_ns = 1, .exact = true };
	framed = !tscope_moment_read(&a);
	raw->before = rdtsc_ordered();
	err = call();
	raw->after = rdtsc_ordered();
	if (err)
		return -EIO;
	raw->tsc = pairing->tsc;
	raw->ns = pairing->sec * NSEC_PER_SEC + pairing->nsec;
	if (framed && !tscope_moment_read(&b))
		offset_take(&a, &b, raw);
	return 0;
}

struct shown {
	s64 ns;
	u64 error_ns;
	u64 age_ms;
	bool exact;
};

/* The offset and what belongs to it; -ENODATA before the first. */
static int offset_get(struct shown *to)
{
	unsigned int seq;
	bool valid;
	u64 since;

	do {
		seq = read_seqbegin(&offset.lock);
		to->ns = offset.ns;
		to->error_ns = offset.error_ns;
		to->exact = offset.exact;
		since = offset.jiffies;
		valid = offset.valid;
	} while (read_seqretry(&offset.lock, seq));
	to->age_ms = jiffies64_to_msecs(get_jiffies_64() - since);
	return valid ? 0 : -ENODATA;
}

static ssize_t offset_file_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	struct shown s;
	int err = offset_get(&s);

	return err ?: sysfs_emit(buf, "%lld %llu %llu\n", s.ns, s.error_ns,
				 s.age_ms);
}

static ssize_t offset_ns_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	struct shown s;
	int err = offset_get(&s);

	return err ?: sysfs_emit(buf, "%lld\n", s.ns);
}

static ssize_t offset_error_ns_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	struct shown s;
	int err = offset_get(&s);

	return err ?: sysfs_emit(buf, "%llu\n", s.error_ns);
}

static ssize_t exact_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct shown s;
	int err = offset_get(&s);

	return err ?: sysfs_emit(buf, "%d\n", s.exact);
}

static ssize_t errors_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(tscope_clock_of(kobj)->errors));
}

static struct kobj_attribute offset_attr = __ATTR(offset, 0444, offset_file_show, NULL);
static struct kobj_attribute offset_ns_attr = __ATTR_RO(offset_ns);
static struct kobj_attribute offset_error_attr = __ATTR_RO(offset_error_ns);
static struct kobj_attribute exact_attr = __ATTR_RO(exact);
static struct kobj_attribute errors_attr = __ATTR_RO(errors);

static struct attribute *ptp_attrs[] = {
	&offset_attr.attr,
	&offset_ns_attr.attr,
	&offset_error_attr.attr,
	&exact_attr.attr,
	&errors_attr.attr,
	NULL
};

static const struct attribute_group ptp_group = {
	.attrs = ptp_attrs,
};

const struct tscope_clock_ops tscope_clock_ptp = {
	.name = "ptp-kvm",
	.kind = TSCOPE_KIND_PAIRING,
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.group = &ptp_group,
	.probe = ptp_probe,
	.remove = page_put,
	.reset = ptp_reset,
	.read = ptp_read,
};
