// SPDX-License-Identifier: GPL-2.0
/*
 * ptp-kvm: the host's wall clock, by the hypercall KVM_HC_CLOCK_PAIRING.
 *
 * The host answers with its CLOCK_REALTIME and the guest's TSC at that very
 * instant: the duration of the call is not an error of the pair. A call costs a
 * VM exit, one to two microseconds natively. It neither needs nor disturbs
 * the ptp_kvm driver: it has a page of its own.
 *
 * The guest's wall clock is read before the call and after it. Where both moments are
 * exact, the line between them gives it at the pairing's TSC value to some ns; else to
 * as much as the reads are wide.
 *
 * A host that is not on a TSC clocksource refuses (-EOPNOTSUPP). That may pass: it is
 * counted in "errors", and there is no reading.
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

#include "moment.h"
#include "math128.h"

/*
 * The guest's wall clock is off the line between two exact moments by the rounding of both
 * and of the host's clock, each moment of a time page by 1 ns more...
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
/* monotonic-raw's rate is known after this time. */
#define RATE_KNOWN_MS		1000
/* A slew that was measured for 8 times the call's length shows how far it changed. */
#define SLEW_SPANS		8
/* Of the pairings of so long a time the best is shown. */
#define WINDOW_MS		1

static struct kvm_clock_pairing *pairing;
static phys_addr_t pairing_gpa;

/* An earlier moment, by which the wall clock's slew is known; the leader's alone. */
static struct tscope_moment earlier;

/* The offset that is shown. */
static struct {
	seqlock_t lock;		/* protects what follows */
	struct tscope_wall_offset offset;
	u64 jiffies;
	bool valid;
} shown;

static bool page_get(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return false;
	pairing = page_address(page);
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
	    set_memory_decrypted((unsigned long)pairing, 1)) {
		/* its state is not known: it can't be used again */
		pairing = NULL;
		return false;
	}
	pairing_gpa = slow_virt_to_phys(pairing);
	return true;
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

static const char *ptp_probe(void)
{
	if (!kvm_para_available())
		return "not a KVM guest";
	if (!page_get())
		return "no page for the hypercall";
	if (call() == -KVM_ENOSYS) {
		page_put();
		return "the host has no clock pairing";
	}
	/* any other error may pass, and is counted then */
	seqlock_init(&shown.lock);
	return NULL;
}

static void ptp_reset(void)
{
	earlier.raw.exact = false;
	write_seqlock(&shown.lock);
	shown.valid = false;
	write_sequnlock(&shown.lock);
}

static u64 span_ns(u64 from_tsc, u64 to_tsc)
{
	return tscope_cyc_to_ns(to_tsc - from_tsc, tscope_tsc_khz);
}

/* What is gained in a part of the time in which @gain is gained. */
static s64 gain_in(s64 gain, u64 part_cyc, u64 whole_cyc)
{
	u64 mag = (u64)tscope_div128((u128)tscope_abs64(gain) * part_cyc, whole_cyc);

	return gain < 0 ? -(s64)mag : (s64)mag;
}

/*
 * Whether time went on between two moments as it does, and nobody set the clock. @raw: the
 * points of monotonic-raw
 */
static bool same_time(const struct tscope_moment *a, const struct tscope_moment *b,
		      const struct tscope_series *raw)
{
	u64 passed_ns = span_ns(a->raw.tsc, b->raw.tsc), span_cyc, off_ns;
	s64 gain;

	if (a->raw.source != b->raw.source || a->was_set != b->was_set)
		return false;
	if (raw && tscope_series_rate(raw, &gain, &span_cyc) &&
	    span_cyc / RATE_KNOWN_MS >= tscope_tsc_khz) {
		off_ns = 3 + passed_ns / RAW_PART;
		passed_ns += tscope_phase_to_ns(gain_in(gain, b->raw.tsc - a->raw.tsc,
							span_cyc));
	} else {
		off_ns = 3 + passed_ns / UNKNOWN_RATE_PART;
	}
	if (!a->raw.exact)
		off_ns += span_ns(a->raw.before, a->raw.after) +
			  span_ns(b->raw.before, b->raw.after) + a->raw.tick_ns;
	return tscope_abs64(tscope_sub64(b->raw.ns, a->raw.ns + passed_ns)) <= off_ns;
}

static s64 ahead_ns(const struct tscope_moment *m)
{
	return (s64)(m->real_ns - m->raw.ns);
}

/*
 * How far the wall clock's rate can have bent the line between two exact moments. In
 * emulation a call takes 60 us and more, of which a 4000th is 15 ns. The line from @before
 * to the first moment hits the second one but for that bend, which says more.
 */
static u64 bend_ns(const struct tscope_moment *a, const struct tscope_moment *b,
		   const struct tscope_moment *before)
{
	u64 most_ns = DIV_ROUND_UP_ULL(span_ns(a->raw.tsc, b->raw.tsc), BEND_PART);
	u64 before_cyc = a->raw.tsc - before->raw.tsc, cyc = b->raw.tsc - a->raw.tsc;
	s64 slew_ns;

	if (!before->raw.exact || before->raw.source != a->raw.source ||
	    before->was_set != a->was_set || before->raw.tsc >= a->raw.tsc ||
	    before_cyc / SLEW_SPANS < cyc)
		return most_ns;
	slew_ns = gain_in(ahead_ns(a) - ahead_ns(before), cyc, before_cyc);
	/* each of the four differences is of whole nanoseconds */
	return min(most_ns, tscope_abs64(ahead_ns(b) - ahead_ns(a) - slew_ns) + 3);
}

/*
 * Where the moments are brackets, the line's ends are the middles of them, by a TSC whose
 * frequency may be wrong by some percent, and may be a tick old.
 */
static u64 bracket_error_ns(const struct tscope_moment *a, const struct tscope_moment *b)
{
	u64 width_ns = max(span_ns(a->raw.before, a->raw.after),
			   span_ns(b->raw.before, b->raw.after));

	return width_ns / 2 + width_ns / WRONG_RATE_PART + a->raw.tick_ns +
	       ROUNDING_PAGE_NS + span_ns(a->raw.tsc, b->raw.tsc) / RAW_PART;
}

/**
 * tscope_wall_offset_find() - the guest's wall clock at a pairing's TSC value, less the host's
 * @a: moment before the pairing
 * @b: moment after it
 * @host: the pairing
 * @raw: the points of monotonic-raw, NULL where there are none
 * @before: a moment some time before @a, by which the slew is known; one that is not
 *	exact says nothing
 * @o: result
 *
 * It lies on the line between the two moments. Context: process; divides.
 *
 * Return: false where the two moments and the pairing do not belong to one such line.
 */
bool tscope_wall_offset_find(const struct tscope_moment *a, const struct tscope_moment *b,
			     const struct tscope_raw *host, const struct tscope_series *raw,
			     const struct tscope_moment *before,
			     struct tscope_wall_offset *o)
{
	u64 span = b->raw.tsc - a->raw.tsc, part = host->tsc - a->raw.tsc;
	s64 gain = tscope_sub64(b->real_ns, a->real_ns);

	/* unsigned: before the first is far behind the second */
	if (a->raw.tsc >= b->raw.tsc || part > span || !same_time(a, b, raw) ||
	    gain < 0 || gain > S64_MAX >> (TSCOPE_PHASE_SHIFT + 1))
		return false;
	gain = (gain << TSCOPE_PHASE_SHIFT) + b->raw.frac - a->raw.frac;
	gain = gain_in(gain, part, span) + a->raw.frac;
	o->ns = tscope_sub64(a->real_ns + tscope_phase_to_ns(gain), host->ns);
	o->tsc = host->tsc;
	o->exact = a->raw.exact;
	if (!o->exact)
		o->error_ns = bracket_error_ns(a, b);
	else
		o->error_ns = (a->raw.tick_ns ? ROUNDING_TSC_NS : ROUNDING_PAGE_NS) +
			      bend_ns(a, b, before);
	return true;
}

static bool is_later(u64 tsc, u64 than_tsc)
{
	return (tsc - than_tsc) / WINDOW_MS > tscope_tsc_khz;
}

static int ptp_read(struct tscope_raw *raw)
{
	struct tscope_clock *clk = tscope_clock_of_lane(TSCOPE_LANE_RAW);
	struct tscope_moment a, b;
	struct tscope_wall_offset o;
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
	if (!framed || tscope_moment_read(&b) ||
	    !tscope_wall_offset_find(&a, &b, raw, &clk->series, &earlier, &o))
		return 0;

	write_seqlock(&shown.lock);
	if (!shown.valid || o.error_ns <= shown.offset.error_ns ||
	    is_later(o.tsc, shown.offset.tsc)) {
		shown.offset = o;
		shown.jiffies = get_jiffies_64();
		shown.valid = true;
	}
	write_sequnlock(&shown.lock);
	if (o.exact && (!earlier.raw.exact || is_later(b.raw.tsc, earlier.raw.tsc)))
		earlier = b;
	return 0;
}

/* The offset and its age; -ENODATA before the first. */
static int offset_get(struct tscope_wall_offset *o, u64 *age_ms)
{
	unsigned int seq;
	u64 since;
	bool valid;

	do {
		seq = read_seqbegin(&shown.lock);
		*o = shown.offset;
		since = shown.jiffies;
		valid = shown.valid;
	} while (read_seqretry(&shown.lock, seq));
	*age_ms = jiffies64_to_msecs(get_jiffies_64() - since);
	return valid ? 0 : -ENODATA;
}

#define SHOW_OFFSET(name, ...) \
	static ssize_t name##_show(struct kobject *kobj, \
				   struct kobj_attribute *attr, char *buf) \
	{ \
		struct tscope_wall_offset o; \
		u64 age_ms; \
		int err = offset_get(&o, &age_ms); \
									\
		return err ?: sysfs_emit(buf, __VA_ARGS__); \
	} \
	static struct kobj_attribute name##_attr = __ATTR_RO(name)

SHOW_OFFSET(offset, "%lld %llu %llu\n", o.ns, o.error_ns, age_ms);
SHOW_OFFSET(offset_ns, "%lld\n", o.ns);
SHOW_OFFSET(offset_error_ns, "%llu\n", o.error_ns);
SHOW_OFFSET(exact, "%d\n", o.exact);

static ssize_t errors_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(tscope_clock_of(kobj)->errors));
}

static struct kobj_attribute errors_attr = __ATTR_RO(errors);

static struct attribute *ptp_attrs[] = {
	&offset_attr.attr,
	&offset_ns_attr.attr,
	&offset_error_ns_attr.attr,
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
	.group = &ptp_group,
	.probe = ptp_probe,
	.remove = page_put,
	.reset = ptp_reset,
	.read = ptp_read,
};
