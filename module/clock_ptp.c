// SPDX-License-Identifier: GPL-2.0
/*
 * ptp-kvm: the host's wall clock, by the hypercall KVM_HC_CLOCK_PAIRING.
 *
 * The host answers with its CLOCK_REALTIME and the guest's TSC at the same instant. A host whose
 * clocksource is not the TSC refuses; this may change, and counts as an error. The guest's wall
 * clock is read before and after the call: the line between both readings gives it at that TSC.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/kobject.h>
#include <linux/kvm_para.h>
#include <linux/mm.h>
#include <linux/seqlock.h>
#include <linux/set_memory.h>
#include <linux/time64.h>

#include <asm/asm.h>

#include "cpu.h"
#include "math128.h"
#include "moment.h"

/*
 * Rounding of both readings and of the host's clock. Each reading by a time page adds 1 ns, unless
 * realtime's fraction is known.
 */
#define ROUNDING_TSC_NS		3
#define ROUNDING_PAGE_NS	5
/* A change of rate by 500 ppm, NTP's largest, bends the line by 1/BEND_PART of the call. */
#define BEND_PART		4000
/* How far the readings may be off monotonic-raw's rate: 1/RAW_PART of the call... */
#define RAW_PART		1000
/* ...and before that rate is known 1/8: the kernel's TSC frequency may be wrong. */
#define UNKNOWN_RATE_PART	8
#define RATE_KNOWN_MS		1000
/* For the same reason a bracket's middle may be off by 1/WRONG_RATE_PART of its width. */
#define WRONG_RATE_PART		32
/* A slew that was measured for 8 times the call's length shows how far the slew changed. */
#define SLEW_SPANS		8
/* The best pairing within this time is shown. */
#define WINDOW_MS		1

static struct kvm_clock_pairing *pairing;
static phys_addr_t pairing_gpa;

/* An earlier reading, which shows the wall clock's slew; only the leader uses it. */
static struct tscope_raw earlier;

/* The offset that is shown; the lock protects it. */
static struct tscope_wall_offset shown;
static DEFINE_SEQLOCK(shown_lock);

static void page_put(void)
{
	/* a page that the host can still write must not be given away */
	if (!cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) ||
	    !set_memory_encrypted((unsigned long)pairing, 1))
		free_page((unsigned long)pairing);
}

/*
 * The hypercall, by which the host writes the pairing to @gpa. Like kvm_hypercall2(), but it
 * survives a hypervisor that imitates KVM's interface without hypercalls: the instruction faults,
 * and %rax keeps the hypercall's number. Returns 0 or a negative KVM_E*; any other value is no
 * answer.
 */
long tscope_pairing_call(phys_addr_t gpa)
{
	long ret = KVM_HC_CLOCK_PAIRING;

	/* a TDX guest has no such instruction */
	if (cpu_feature_enabled(X86_FEATURE_TDX_GUEST))
		return kvm_hypercall2(KVM_HC_CLOCK_PAIRING, gpa, KVM_CLOCK_PAIRING_WALLCLOCK);
	asm volatile("1: " KVM_HYPERCALL "\n2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (ret)
		     : "b" (gpa), "c" (KVM_CLOCK_PAIRING_WALLCLOCK)
		     : "memory");
	return ret;
}

/* Why there will be no pairings; @err is what the first call returned. NULL: there may be some. */
const char *tscope_pairing_fault(long err)
{
	switch (err) {
	case 0:
	/* these may pass; until then they are counted as errors */
	case -KVM_EOPNOTSUPP:
	case -KVM_EFAULT:
		return NULL;
	case -KVM_ENOSYS:
		return "the host has no clock pairing";
	default:
		return "the hypervisor does not answer the hypercall as KVM does";
	}
}

/*
 * Set @raw, whose before and after are set, to the host's time and the guest's TSC value. Returns
 * 0; -EIO if the call failed, or the host's time is not valid; -EAGAIN if the TSC value is not
 * within the call, for example because the pairing was not written.
 */
int tscope_pairing_take(const struct kvm_clock_pairing *p, long err, struct tscope_raw *raw)
{
	if (err || p->sec < 0 || p->sec >= KTIME_SEC_MAX || p->nsec < 0 || p->nsec >= NSEC_PER_SEC)
		return -EIO;
	raw->tsc = p->tsc;
	raw->ns = p->sec * NSEC_PER_SEC + p->nsec;
	return raw->tsc - raw->before <= raw->after - raw->before ? 0 : -EAGAIN;
}

static const char *ptp_probe(void)
{
	const char *fault;

	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return "the kernel is built without KVM_GUEST";
	if (!kvm_para_available())
		return "not a KVM guest";
	pairing = (void *)get_zeroed_page(GFP_KERNEL);
	/* if its decryption fails, the page's state is not known, and it can't be used again */
	if (!pairing || (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
			 set_memory_decrypted((unsigned long)pairing, 1)))
		return "no page for the hypercall";
	pairing_gpa = slow_virt_to_phys(pairing);
	fault = tscope_pairing_fault(tscope_pairing_call(pairing_gpa));
	if (fault)
		page_put();
	return fault;
}

static void ptp_reset(void)
{
	earlier.exact = false;
	write_seqlock(&shown_lock);
	shown.taken_ms = 0;
	write_sequnlock(&shown_lock);
}

static u64 span_ns(u64 from_tsc, u64 to_tsc)
{
	return tscope_cyc_to_ns(to_tsc - from_tsc, tscope_tsc_khz);
}

static u64 width_ns(const struct tscope_raw *r)
{
	return span_ns(r->before, r->after);
}

/* What is gained in @part_cyc if @gain is gained in @whole_cyc. */
static s64 gain_in(s64 gain, u64 part_cyc, u64 whole_cyc)
{
	return (s64)tscope_div128_signed((s128)gain * part_cyc, whole_cyc);
}

static bool same_source(const struct tscope_raw *a, const struct tscope_raw *b)
{
	return a->source == b->source && a->was_set == b->was_set;
}

/*
 * Whether monotonic-raw advanced between two readings as the TSC did, within @off_ns, which is a
 * result. @raw: the points of monotonic-raw, for its rate; or NULL
 */
static bool same_time(const struct tscope_raw *a, const struct tscope_raw *b,
		      const struct tscope_series *raw, u64 *off_ns)
{
	u64 passed_ns = span_ns(a->tsc, b->tsc), span_cyc;
	s64 gain;

	if (raw && tscope_series_rate(raw, &gain, &span_cyc) &&
	    span_cyc / RATE_KNOWN_MS >= tscope_tsc_khz) {
		*off_ns = 3 + passed_ns / RAW_PART;
		passed_ns += tscope_phase_to_ns(gain_in(gain, b->tsc - a->tsc, span_cyc));
	} else {
		*off_ns = 3 + passed_ns / UNKNOWN_RATE_PART;
	}
	if (!a->exact)
		*off_ns += width_ns(a) + width_ns(b) + a->tick_ns;
	return tscope_abs64(tscope_sub64(b->ns, a->ns + passed_ns)) <= *off_ns;
}

/*
 * How far a change of the wall clock's rate can have bent the line between two exact readings. In
 * emulation a call takes 60 us and more, of which a 4000th is 15 ns. If the line from @before to
 * the first reading is known, the distance of the second reading from it is a better limit.
 */
static u64 bend_ns(const struct tscope_raw *a, const struct tscope_raw *b,
		   const struct tscope_raw *before)
{
	u64 most_ns = DIV_ROUND_UP_ULL(span_ns(a->tsc, b->tsc), BEND_PART);
	u64 before_cyc = a->tsc - before->tsc, cyc = b->tsc - a->tsc;
	s64 ahead_ns = a->real_ns - a->ns, gain_ns;

	if (!before->exact || !same_source(before, a) || before->tsc >= a->tsc ||
	    before_cyc / SLEW_SPANS < cyc)
		return most_ns;
	gain_ns = gain_in(ahead_ns - (s64)(before->real_ns - before->ns), cyc, before_cyc);
	/* 3 ns for rounding: each of the four differences is of whole nanoseconds */
	return min(most_ns, 3 + tscope_abs64((s64)(b->real_ns - b->ns) - ahead_ns - gain_ns));
}

/*
 * The error of an offset between two exact readings. If a CPU's TSC is behind the kernel's last
 * update, the kernel shows its clocks as of that update. A reading whose fraction is known is not
 * such a reading; others may be off by all that same_time() allows.
 */
static u64 exact_error_ns(const struct tscope_raw *a, const struct tscope_raw *b,
			  const struct tscope_raw *before, u64 off_ns)
{
	if (!a->real_tick_ns)
		return bend_ns(a, b, before) + ROUNDING_TSC_NS;
	return bend_ns(a, b, before) + off_ns + (a->tick_ns ? ROUNDING_TSC_NS : ROUNDING_PAGE_NS);
}

/*
 * The error of an offset between two bracketed readings. The line's ends are the middles of the
 * brackets, by a TSC whose frequency may be wrong by some percent, and may be a tick old.
 */
static u64 bracket_error_ns(const struct tscope_raw *a, const struct tscope_raw *b)
{
	u64 wide_ns = max(width_ns(a), width_ns(b));

	return wide_ns / 2 + wide_ns / WRONG_RATE_PART + a->tick_ns + ROUNDING_PAGE_NS +
	       span_ns(a->tsc, b->tsc) / RAW_PART;
}

/*
 * Find the guest's wall clock at a pairing's TSC value, minus the host's. The guest's lies on the
 * line between the readings @a before the pairing and @b after it. @raw: the points of
 * monotonic-raw, or NULL. @before: a reading some time before @a, which shows the slew if it is
 * exact. Sets all of @o except @taken_ms. Returns false if there is no such line.
 */
bool tscope_wall_offset_find(const struct tscope_raw *a, const struct tscope_raw *b,
			     const struct tscope_raw *host, const struct tscope_series *raw,
			     const struct tscope_raw *before, struct tscope_wall_offset *o)
{
	u64 span = b->tsc - a->tsc, part = host->tsc - a->tsc, off_ns;
	s64 gain = tscope_sub64(b->real_ns, a->real_ns);

	/* unsigned: a pairing before the first reading seems far behind the second one */
	if (a->tsc >= b->tsc || part > span || !same_source(a, b) ||
	    !same_time(a, b, raw, &off_ns) || gain < 0 ||
	    gain > S64_MAX >> (TSCOPE_PHASE_SHIFT + 1))
		return false;
	/* the clocks of one of the readings may be as of the kernel's last update */
	if (a->exact && a->real_tick_ns != b->real_tick_ns)
		return false;
	gain = (gain << TSCOPE_PHASE_SHIFT) + b->real_frac - a->real_frac;
	gain = gain_in(gain, part, span) + a->real_frac;
	o->ns = tscope_sub64(a->real_ns + tscope_phase_to_ns(gain), host->ns);
	o->tsc = host->tsc;
	o->exact = a->exact;
	o->error_ns = o->exact ? exact_error_ns(a, b, before, off_ns) : bracket_error_ns(a, b);
	return true;
}

static bool is_later(u64 tsc, u64 than_tsc)
{
	return (tsc - than_tsc) / WINDOW_MS > tscope_tsc_khz;
}

static int ptp_read(struct tscope_raw *raw)
{
	struct tscope_clock *clk = tscope_clock_of_lane(TSCOPE_LANE_RAW);
	struct tscope_wall_offset o;
	struct tscope_raw a, b;
	/* taken before the readings: a figure is never older than its reported age */
	u64 taken_ms = tscope_now_ms();
	bool framed;
	long said;
	int err;

	*raw = (struct tscope_raw){ .tick_ns = 1, .exact = true };
	framed = !tscope_moment_read(&a);
	raw->before = rdtsc_ordered();
	said = tscope_pairing_call(pairing_gpa);
	raw->after = rdtsc_ordered();
	err = tscope_pairing_take(pairing, said, raw);
	if (err)
		return err;
	if (!framed || tscope_moment_read(&b) ||
	    !tscope_wall_offset_find(&a, &b, raw, &clk->series, &earlier, &o))
		return 0;

	o.taken_ms = taken_ms;
	write_seqlock(&shown_lock);
	if (!shown.taken_ms || o.error_ns <= shown.error_ns || is_later(o.tsc, shown.tsc))
		shown = o;
	write_sequnlock(&shown_lock);
	if (o.exact && (!earlier.exact || is_later(b.tsc, earlier.tsc)))
		earlier = b;
	return 0;
}

static ssize_t offset_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
static struct kobj_attribute offset_attr = __ATTR_RO(offset);
static struct kobj_attribute offset_ns_attr = __ATTR(offset_ns, 0444, offset_show, NULL);
static struct kobj_attribute error_ns_attr = __ATTR(offset_error_ns, 0444, offset_show, NULL);
static struct kobj_attribute exact_attr = __ATTR(exact, 0444, offset_show, NULL);

/* The offset with its error and its age, or one part of it. */
static ssize_t offset_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_wall_offset o;
	unsigned int seq;

	do {
		seq = read_seqbegin(&shown_lock);
		o = shown;
	} while (read_seqretry(&shown_lock, seq));
	if (!o.taken_ms)
		return -ENODATA;
	if (attr == &offset_ns_attr)
		return sysfs_emit(buf, "%lld\n", o.ns);
	if (attr == &error_ns_attr)
		return sysfs_emit(buf, "%llu\n", o.error_ns);
	if (attr == &exact_attr)
		return sysfs_emit(buf, "%d\n", o.exact);
	return sysfs_emit(buf, "%lld %llu %llu\n", o.ns, o.error_ns, tscope_now_ms() - o.taken_ms);
}

static ssize_t errors_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(tscope_clock_of(kobj)->errors));
}

static struct kobj_attribute errors_attr = __ATTR_RO(errors);

static struct attribute *ptp_attrs[] = {
	&offset_attr.attr,
	&offset_ns_attr.attr,
	&error_ns_attr.attr,
	&exact_attr.attr,
	&errors_attr.attr,
	NULL
};

static const struct attribute_group ptp_group = { .attrs = ptp_attrs };

const struct tscope_clock_ops tscope_clock_ptp = {
	.name = "ptp-kvm",
	.kind = TSCOPE_KIND_PAIRING,
	.lane = TSCOPE_NO_LANE,
	.group = &ptp_group,
	.probe = ptp_probe,
	.remove = page_put,
	.reset = ptp_reset,
	/* the offset has an age, which would be too low */
	.suspended = ptp_reset,
	.read = ptp_read,
	.steered = true,
};
