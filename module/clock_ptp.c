// SPDX-License-Identifier: GPL-2.0
/*
 * ptp-kvm: the host's wall clock, by the hypercall KVM_HC_CLOCK_PAIRING.
 *
 * The host answers with its CLOCK_REALTIME and the guest's TSC at that very
 * instant: the width of the call is not an error of the pair. A call costs a
 * VM exit, one to two microseconds natively. It neither needs nor disturbs
 * the ptp_kvm driver: it has a page of its own.
 *
 * That the host refuses (-EOPNOTSUPP while it is not on a TSC clocksource) is
 * a state that may pass: it is counted in "errors", and no reading comes of
 * it.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/kvm_para.h>
#include <linux/mm.h>
#include <linux/seqlock.h>
#include <linux/set_memory.h>
#include <linux/timekeeping.h>

#include "clock.h"
#include "wide.h"

/* adjtimex slews a clock by a tenth at most: less than one part in so many */
#define SLEW_MAX	8
/*
 * A rate that changes within the call by r bends the line by a quarter of r at most: by
 * this part of it for 0.4 %, and NTP's changes are below 0.1 %.
 */
#define BEND_MAX	1024

static struct kvm_clock_pairing *pairing;
static phys_addr_t pairing_gpa;

/* The guest's wall clock on either side of the call, for the offset. */
static struct {
	u64 tsc[2];
	u64 real_ns[2];
	u64 width_cyc;		/* of the wider of the two */
	bool stale;		/* one of them may be older, or the TSC was set back */
	struct tscope_source source;
} around;

static struct {
	seqlock_t lock;		/* protects what follows */
	s64 ns;
	u64 error_ns;
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
	write_seqlock(&offset.lock);
	offset.valid = false;
	write_sequnlock(&offset.lock);
	tscope_source_forget(&around.source);
}

/* The wall clock's, that is: ptp-kvm itself is the host's. */
static bool ptp_source(struct tscope_source *none)
{
	tscope_source_look(&around.source);
	return false;
}

/* Of a device the second of two that differ is read here and now. */
static u64 real_read(void)
{
	u64 first = ktime_get_real_ns(), ns;

	if (!around.source.device)
		return first;
	ns = ktime_get_real_ns();
	around.stale |= tscope_source_handed(first, ns);
	return ns;
}

static int ptp_read(struct tscope_raw *raw)
{
	u64 t[2];
	long err;

	around.stale = around.source.doubted;
	t[0] = rdtsc_ordered();
	around.real_ns[0] = real_read();
	raw->before = rdtsc_ordered();
	err = call();
	raw->after = rdtsc_ordered();
	around.real_ns[1] = real_read();
	t[1] = rdtsc_ordered();
	if (err)
		return -EIO;

	around.stale |= raw->before < t[0] || t[1] < raw->after;
	around.width_cyc = max(raw->before - t[0], t[1] - raw->after);
	around.tsc[0] = t[0] + (raw->before - t[0]) / 2;
	around.tsc[1] = raw->after + (t[1] - raw->after) / 2;
	raw->tsc = pairing->tsc;
	raw->value = pairing->sec * NSEC_PER_SEC + pairing->nsec;
	return 0;
}

/* The guest's wall clock at the pairing's TSC, on the line between the two. */
static u64 ptp_to_ns(const struct tscope_raw *raw)
{
	u64 span = around.tsc[1] - around.tsc[0];
	u64 gain = around.real_ns[1] - around.real_ns[0];
	u64 part = raw->tsc - around.tsc[0];
	u64 real = around.real_ns[0];
	u64 span_ns = tscope_cyc_to_ns(span, tscope_tsc_khz);
	u64 wide_ns = tscope_cyc_to_ns(around.width_cyc, tscope_tsc_khz);
	u64 tick_ns = around.source.tick_ns;
	u64 off_ns;

	/* a clock that is slewed may move further in both */
	wide_ns += wide_ns / SLEW_MAX;
	tick_ns += tick_ns / SLEW_MAX;
	off_ns = wide_ns + tick_ns + span_ns / SLEW_MAX + 4;
	/* a wall clock that was set in between has no line */
	if (around.stale || !span || part > span || (s64)gain < 0 ||
	    tscope_abs64((s64)(gain - span_ns)) > off_ns)
		return raw->value;
	real += (u64)tscope_div128((tscope_u128)gain * part, span);

	write_seqlock(&offset.lock);
	offset.ns = tscope_sub64(real, raw->value);
	/* either end of the line is off by half its width and a tick; and rounding */
	offset.error_ns = wide_ns / 2 + tick_ns + span_ns / BEND_MAX + 4;
	offset.valid = true;
	write_sequnlock(&offset.lock);
	return raw->value;
}

/* The offset and its error, which belong together; -ENODATA before the first. */
static int offset_get(s64 *ns, u64 *error_ns)
{
	unsigned int seq;
	bool valid;

	do {
		seq = read_seqbegin(&offset.lock);
		*ns = offset.ns;
		*error_ns = offset.error_ns;
		valid = offset.valid;
	} while (read_seqretry(&offset.lock, seq));
	return valid ? 0 : -ENODATA;
}

static ssize_t offset_ns_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	u64 error_ns;
	s64 ns;
	int err = offset_get(&ns, &error_ns);

	return err ?: sysfs_emit(buf, "%lld\n", ns);
}

static ssize_t offset_error_ns_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	u64 error_ns;
	s64 ns;
	int err = offset_get(&ns, &error_ns);

	return err ?: sysfs_emit(buf, "%llu\n", error_ns);
}

static ssize_t errors_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(tscope_clock_of(kobj)->errors));
}

static struct kobj_attribute offset_attr = __ATTR_RO(offset_ns);
static struct kobj_attribute offset_error_attr = __ATTR_RO(offset_error_ns);
static struct kobj_attribute errors_attr = __ATTR_RO(errors);

static struct attribute *ptp_attrs[] = {
	&offset_attr.attr,
	&offset_error_attr.attr,
	&errors_attr.attr,
	NULL
};

static const struct attribute_group ptp_group = {
	.attrs = ptp_attrs,
};

const struct tscope_clock_ops tscope_clock_ptp = {
	.name = "ptp-kvm",
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.costly = true,
	.pair = true,
	.group = &ptp_group,
	.probe = ptp_probe,
	.remove = page_put,
	.reset = ptp_reset,
	.read = ptp_read,
	.source = ptp_source,
	.to_ns = ptp_to_ns,
};
