// SPDX-License-Identifier: GPL-2.0
/*
 * vmclock: a page in which the hypervisor says what time it is at a TSC value, how far that may be
 * off, and when the TSC may have jumped (UAPI.13, "VMClock").
 *
 * There is one page for the machine, and its time is the host's wall clock, which the host steers:
 * each update is another line. The leader evaluates the line at a TSC value of its own. Two CPUs
 * read this clock as far apart as their TSCs are, so it has no pairs. Many hypervisors give only
 * the marker, and no time.
 */
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kobject.h>
#include <linux/overflow.h>
#include <linux/smp.h>
#include <linux/time64.h>

#include <asm/barrier.h>

#include "math128.h"
#include "vmclock.h"

/* A host's update takes less than 1 us. If the host lost its CPU, the page is read later. */
#define COPY_TRIES	100
/* A page has at least all members up to its flags. */
#define SIZE_MIN	offsetofend(struct tscope_vmclock_abi, flags)
#define FRAC_BITS	TSCOPE_PHASE_SHIFT
/* NTP slews a clock by 500 ppm at most: 1/SLEW_PART. */
#define SLEW_PART	2000
/* A host that slews its clock updates the page more often than this. */
#define SLEW_NS_MAX	(100ULL * NSEC_PER_SEC)
/* An update adds 2 to the sequence. */
#define UPDATE		2
/* A host that states both promises that its time is never further off. */
#define MAXERRORS	(TSCOPE_VMCLOCK_TIME_MAXERROR | TSCOPE_VMCLOCK_PERIOD_MAXERROR)

/* The machine's page; tests put another one in its place. */
struct tscope_vmclock tscope_vmclock;

static_assert(offsetof(struct tscope_vmclock_abi, sequence) == 0x0c);
static_assert(offsetof(struct tscope_vmclock_abi, flags) == 0x18);
static_assert(offsetof(struct tscope_vmclock_abi, status) == 0x22);
static_assert(offsetof(struct tscope_vmclock_abi, shift) == 0x27);
static_assert(offsetof(struct tscope_vmclock_abi, sec) == 0x48);
static_assert(offsetof(struct tscope_vmclock_abi, generation) == 0x68);
static_assert(sizeof(struct tscope_vmclock_abi) == 0x70);

/* Convert 2^-64 s to 2^-16 ns, rounded down. A time modulo 2^64 s is right modulo 2^64 ns. */
static u128 phase_of(u128 time)
{
	return ((u128)(u64)(time >> 64) * NSEC_PER_SEC << FRAC_BITS) +
	       ((u128)(u64)time * NSEC_PER_SEC >> (64 - FRAC_BITS));
}

/* Whether the page has UTC with a known offset: it is read as TAI, which has no leap seconds. */
static bool is_utc_as_tai(const struct tscope_vmclock_abi *p)
{
	return p->time_type == TSCOPE_VMCLOCK_UTC && p->flags & TSCOPE_VMCLOCK_TAI_OFFSET;
}

static bool reads_tai(const struct tscope_vmclock_abi *p)
{
	return p->time_type == TSCOPE_VMCLOCK_TAI || is_utc_as_tai(p);
}

static u64 since(const struct tscope_vmclock_abi *p, u64 tsc, bool *before)
{
	u64 cyc = tsc - p->counter;

	*before = (s64)cyc < 0;
	return *before ? 0 - cyc : cyc;
}

/**
 * tscope_vmclock_ns() - the page's clock at a TSC value
 * @p: page that gives time
 * @tsc: TSC value
 * @frac: result: what is above the whole nanosecond, 2^-16 ns
 *
 * sec + frac 2^-64 + (tsc - counter) period 2^-(64 + shift), in seconds; exact except for the cut
 * to 2^-16 ns.
 * Return: nanoseconds since 1970; of TAI if the page has UTC with a known offset from TAI.
 */
u64 tscope_vmclock_ns(const struct tscope_vmclock_abi *p, u64 tsc, u16 *frac)
{
	u64 sec = p->sec + (is_utc_as_tai(p) ? (s64)p->tai_offset : 0);
	u128 time = (u128)sec << 64 | p->frac, passed, phase;
	bool before;

	passed = (u128)since(p, tsc, &before) * p->period >> p->shift;
	phase = phase_of(before ? time - passed : time + passed);
	*frac = (u16)phase;
	return (u64)(phase >> FRAC_BITS);
}

/**
 * tscope_vmclock_error_ns() - how far the host says that its time may be off
 * @p: page that gives time
 * @tsc: TSC value
 * @error_ns: result: the error at @tsc, ns, rounded up: the error of the time in the page plus that
 *	of the period since. For each the maximum if the host states one, else the host's estimate
 * Return: 0, or -ENODATA if the host states no error of its time.
 */
int tscope_vmclock_error_ns(const struct tscope_vmclock_abi *p, u64 tsc, u64 *error_ns)
{
	u64 at_counter_ns, period = 0;
	u128 passed_ns;
	bool before;

	if (p->flags & TSCOPE_VMCLOCK_TIME_MAXERROR)
		at_counter_ns = p->maxerror_ns;
	else if (p->flags & TSCOPE_VMCLOCK_TIME_ESTERROR)
		at_counter_ns = p->esterror_ns;
	else
		return -ENODATA;
	if (p->flags & TSCOPE_VMCLOCK_PERIOD_MAXERROR)
		period = p->period_maxerror;
	else if (p->flags & TSCOPE_VMCLOCK_PERIOD_ESTERROR)
		period = p->period_esterror;
	passed_ns = phase_of((u128)since(p, tsc, &before) * period >> p->shift) >> FRAC_BITS;
	passed_ns += at_counter_ns;
	passed_ns += !!period;
	*error_ns = passed_ns > U64_MAX ? U64_MAX : (u64)passed_ns;
	return 0;
}

/* Whether the page has a time by the TSC that can be relied upon and is not smeared. */
static bool gives_time(const struct tscope_vmclock *v, const struct tscope_vmclock_abi *p)
{
	return v->size >= offsetofend(struct tscope_vmclock_abi, maxerror_ns) &&
	       p->counter_id == TSCOPE_VMCLOCK_TSC &&
	       (p->status == TSCOPE_VMCLOCK_SYNCHRONIZED ||
		p->status == TSCOPE_VMCLOCK_FREERUNNING) &&
	       p->time_type <= TSCOPE_VMCLOCK_TAI && p->period && p->shift < 64 &&
	       p->sec < KTIME_SEC_MAX;
}

static bool has_generation(const struct tscope_vmclock *v, const struct tscope_vmclock_abi *p)
{
	return v->size >= offsetofend(struct tscope_vmclock_abi, generation) &&
	       p->flags & TSCOPE_VMCLOCK_GENERATION;
}

/*
 * Make a consistent copy of the page, 0 beyond its size. @raw gets a TSC value at which the copy
 * held, and those before and after. Returns false if the host left an update unfinished.
 */
static bool take_copy(const struct tscope_vmclock *v, struct tscope_vmclock_abi *to,
		      struct tscope_raw *raw)
{
	int tries;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		u32 sequence = READ_ONCE(v->page->sequence);

		*to = (struct tscope_vmclock_abi){ };
		*raw = (struct tscope_raw){ .before = rdtsc_ordered() };
		/* pairs with the hypervisor's write barrier after it made the sequence odd */
		virt_rmb();
		memcpy(to, v->page, v->size);
		raw->tsc = rdtsc_ordered();
		raw->after = raw->tsc;
		/* pairs with its write barrier before it makes the sequence even again */
		virt_rmb();
		if (!(sequence & 1) && READ_ONCE(v->page->sequence) == sequence)
			return true;
		cpu_relax();
	}
	return false;
}

static void report(const char *what, u64 tsc)
{
	tscope_violation(what, tscope_clock_vmclock.name, raw_smp_processor_id(), -1, 0, 1, tsc);
}

/*
 * How far the host may have slewed the time of a TSC value @at since it published the page seen
 * last. A host that states the maximum errors of time and period never moves the time further
 * (UAPI.13).
 */
static u64 slewed_ns(const struct tscope_vmclock *v, u64 at)
{
	u64 error_ns = 0, passed_ns;
	u16 frac;

	tscope_vmclock_error_ns(&v->seen, at, &error_ns);
	if ((v->seen.flags & MAXERRORS) == MAXERRORS)
		return error_ns;
	passed_ns = tscope_abs64(tscope_vmclock_ns(&v->seen, at, &frac) -
				 tscope_vmclock_ns(&v->seen, v->begun_tsc, &frac));
	return size_add(error_ns, min(passed_ns, SLEW_NS_MAX) / SLEW_PART);
}

/* How far the page's time moves at a TSC value, 2^-16 ns. */
static s128 moved_at(const struct tscope_vmclock *v, const struct tscope_vmclock_abi *now, u64 tsc)
{
	u16 old_frac, new_frac;
	u64 old_ns = tscope_vmclock_ns(&v->seen, tsc, &old_frac);
	u64 new_ns = tscope_vmclock_ns(now, tsc, &new_frac);

	return (s128)(s64)(new_ns - old_ns) * (1 << FRAC_BITS) + new_frac - old_frac;
}

/*
 * Find the step at an update: the difference of the two lines at the TSC value where the new one
 * begins, or if that is before the page was looked at last, where it is seen. If the TSC itself may
 * have jumped, a difference that a slew would explain is a step too. Returns whether there is one.
 */
static bool find_step(const struct tscope_vmclock *v, const struct tscope_vmclock_abi *now,
		      u64 tsc, struct tscope_step *step)
{
	bool begins = (s64)(now->counter - v->seen_tsc) > 0 && (s64)(tsc - now->counter) >= 0;
	u64 at = begins ? now->counter : tsc, slew_ns = slewed_ns(v, at);
	s128 moved = moved_at(v, now, at), unsure = 0;
	bool same_tsc = now->marker == v->seen.marker;

	/* the page may have had the new line since it was looked at last */
	if (!begins && same_tsc)
		unsure = moved - moved_at(v, now, v->seen_tsc);
	*step = (struct tscope_step){
		.ns = tscope_timepage_step_ns(moved),
		.error_ns = 1 + tscope_abs64(tscope_timepage_step_ns(unsure)),
		.tsc = tsc,
	};
	/* updates in between, which were not seen, may have slewed the time */
	if (now->sequence - v->seen.sequence > UPDATE)
		step->error_ns = size_add(step->error_ns, slew_ns);
	return tscope_abs64(step->ns) >= max_t(u64, TSCOPE_PAGE_STEP_NS, step->error_ns) &&
	       (tscope_abs64(step->ns) > slew_ns || !same_tsc);
}

static void look_at_update(struct tscope_vmclock *v, const struct tscope_vmclock_abi *now,
			   struct tscope_raw *raw)
{
	WRITE_ONCE(v->updates, v->updates + 1);
	if (now->marker != v->seen.marker) {
		WRITE_ONCE(v->disruptions, v->disruptions + 1);
		report(TSCOPE_MARKER, raw->tsc);
		/* the TSC may also run at another rate now */
		v->source++;
	}
	if (has_generation(v, now) && has_generation(v, &v->seen) &&
	    now->generation != v->seen.generation)
		report(TSCOPE_LOADED, raw->tsc);
	if (v->suspended || !gives_time(v, now) || !gives_time(v, &v->seen))
		return;
	if (reads_tai(now) == reads_tai(&v->seen))
		raw->stepped = find_step(v, now, raw->tsc, &raw->step);
	else
		v->source++;
}

/**
 * tscope_vmclock_read() - look at the page, and read its clock
 * @v: page
 * @raw: the reading, and the step that the clock took since the last one
 * Context: the leader's thread, interrupts on.
 * Return: 0; -EAGAIN if the host left an update unfinished; -ENODATA if the page gives no time.
 */
int tscope_vmclock_read(struct tscope_vmclock *v, struct tscope_raw *raw)
{
	struct tscope_vmclock_abi now;
	bool changed;
	u16 frac;

	if (!take_copy(v, &now, raw))
		return -EAGAIN;
	changed = v->seen_tsc && memcmp(&now, &v->seen, sizeof(now));
	if (changed)
		look_at_update(v, &now, raw);
	if (!v->seen_tsc || v->suspended || now.marker != v->seen.marker)
		v->begun_tsc = raw->tsc;
	else if (changed)
		v->begun_tsc = v->seen_tsc;
	v->seen = now;
	v->seen_tsc = raw->tsc;
	v->suspended = false;
	if (!gives_time(v, &now)) {
		/* a time that follows later is of another segment */
		v->source++;
		return -ENODATA;
	}
	raw->ns = tscope_vmclock_ns(&now, raw->tsc, &frac);
	raw->frac = frac;
	raw->other_scale = reads_tai(&now) != v->tai;
	v->tai = reads_tai(&now);
	raw->source = v->source;
	raw->exact = true;
	return 0;
}

static int vmclock_read(struct tscope_raw *raw)
{
	return tscope_vmclock_read(&tscope_vmclock, raw);
}

static void vmclock_reset(void)
{
	tscope_vmclock.seen_tsc = 0;
	WRITE_ONCE(tscope_vmclock.updates, 0);
	WRITE_ONCE(tscope_vmclock.disruptions, 0);
}

static void vmclock_suspended(void)
{
	tscope_vmclock.suspended = true;
}

/* These files show the page as it is now, without sampling. */
static ssize_t page_show(struct kobject *dir, struct kobj_attribute *attr, char *buf);
static struct kobj_attribute time_attr = __ATTR(time, 0444, page_show, NULL);
static struct kobj_attribute status_attr = __ATTR(status, 0444, page_show, NULL);
static struct kobj_attribute error_attr = __ATTR(error_ns, 0444, page_show, NULL);
static struct kobj_attribute marker_attr = __ATTR(marker, 0444, page_show, NULL);
static struct kobj_attribute generation_attr = __ATTR(generation, 0444, page_show, NULL);

static ssize_t page_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	const struct tscope_vmclock *v = &tscope_vmclock;
	struct tscope_vmclock_abi now;
	struct tscope_raw raw;
	u64 value = 0;

	if (!take_copy(v, &now, &raw))
		return -EAGAIN;
	if (attr == &time_attr)
		value = gives_time(v, &now);
	else if (attr == &status_attr)
		value = now.status;
	else if (attr == &marker_attr)
		value = now.marker;
	else if (attr == &generation_attr && has_generation(v, &now))
		value = now.generation;
	else if (attr == &generation_attr || !gives_time(v, &now) ||
		 tscope_vmclock_error_ns(&now, raw.tsc, &value))
		return -ENODATA;
	return sysfs_emit(buf, "%llu\n", value);
}

static ssize_t updates_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(tscope_vmclock.updates));
}

static ssize_t disruptions_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(tscope_vmclock.disruptions));
}

static struct kobj_attribute updates_attr = __ATTR_RO(updates);
static struct kobj_attribute disruptions_attr = __ATTR_RO(disruptions);

static struct attribute *vmclock_attrs[] = {
	&time_attr.attr,
	&status_attr.attr,
	&error_attr.attr,
	&updates_attr.attr,
	&marker_attr.attr,
	&disruptions_attr.attr,
	&generation_attr.attr,
	NULL
};

static const struct attribute_group vmclock_group = { .attrs = vmclock_attrs };

/* Why a region of @bytes bytes has no valid vmclock page; NULL if it has one. */
const char *tscope_vmclock_fault(const struct tscope_vmclock_abi *page, u64 bytes)
{
	if (page->magic != TSCOPE_VMCLOCK_MAGIC)
		return "its page has no magic number";
	if (page->version != TSCOPE_VMCLOCK_VERSION)
		return "its page is of an unknown version";
	if (page->size < SIZE_MIN || page->size > bytes)
		return "the size in its page is wrong";
	return NULL;
}

static acpi_status take_memory(struct acpi_resource *from, void *to)
{
	struct resource_win win = { };

	if ((!acpi_dev_resource_memory(from, &win.res) &&
	     !acpi_dev_resource_address_space(from, &win)) ||
	    resource_type(&win.res) != IORESOURCE_MEM)
		return AE_OK;
	*(struct resource *)to = win.res;
	return AE_CTRL_TERMINATE;
}

/* Find the device's page. Returns false if there is no device. @res: no memory if it names none. */
static bool find_page(struct resource *res)
{
	struct acpi_device *device = acpi_dev_get_first_match_dev("AMZNC10C", NULL, -1) ?:
				     acpi_dev_get_first_match_dev("VMCLOCK", NULL, -1);

	*res = (struct resource){ };
	if (!device)
		return false;
	acpi_walk_resources(device->handle, METHOD_NAME__CRS, take_memory, res);
	acpi_dev_put(device);
	return true;
}

static void vmclock_remove(void)
{
	memunmap((void *)tscope_vmclock.page);
}

static const char *vmclock_probe(void)
{
	struct tscope_vmclock *v = &tscope_vmclock;
	struct resource res;
	const char *fault;

	if (acpi_disabled)
		return "ACPI is off";
	if (!find_page(&res))
		return "ACPI names none";
	if (resource_type(&res) != IORESOURCE_MEM || resource_size(&res) < SIZE_MIN)
		return "ACPI names no page of it";
	/* the host writes the page unencrypted, even if the guest's memory is encrypted */
	v->page = memremap(res.start, min_t(u64, resource_size(&res), PAGE_SIZE),
			   MEMREMAP_WB | MEMREMAP_DEC);
	if (!v->page)
		return "its page can't be mapped";
	v->size = min_t(u32, v->page->size, sizeof(*v->page));
	fault = tscope_vmclock_fault(v->page, resource_size(&res));
	if (fault)
		vmclock_remove();
	return fault;
}

const struct tscope_clock_ops tscope_clock_vmclock = {
	.name = "vmclock",
	.kind = TSCOPE_KIND_AT_TSC,
	.lane = TSCOPE_NO_LANE,
	.group = &vmclock_group,
	.probe = vmclock_probe,
	.remove = vmclock_remove,
	.reset = vmclock_reset,
	.suspended = vmclock_suspended,
	.read = vmclock_read,
	.knows_steps = true,
};
