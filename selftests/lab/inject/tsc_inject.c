// SPDX-License-Identifier: GPL-2.0
/*
 * tsc_inject: a known fault for the lab's guests: moves one CPU's TSC.
 *
 *   echo "CPU DELTA" > /sys/module/tsc_inject/parameters/adjust
 *   echo "CPU DELTA" > /sys/module/tsc_inject/parameters/tsc
 *
 * DELTA is in cycles and signed. CPU "all" moves every CPU's TSC while no CPU runs
 * anything else, so that no program sees only some of them moved.
 * `adjust` adds DELTA to MSR_IA32_TSC_ADJUST and is exact. `tsc` writes MSR_IA32_TSC,
 * so the time between reading and writing is lost, too. Both files read as every
 * CPU's MSR_IA32_TSC_ADJUST, the truth, which KVM also changes when MSR_IA32_TSC is
 * written. A write that moves nothing fails with -EOPNOTSUPP.
 *
 * The kernel undoes changes of MSR_IA32_TSC_ADJUST within a second or so
 * ("TSC ADJUST differs"). Two settings of a guest keep the injection:
 *   tsc=unstable on its command line: `adjust` and `tsc` last
 *   -cpu host,-tsc-adjust: `tsc` lasts, `adjust` does not work, and the kernel
 *   still trusts its TSC
 *
 * Never for a machine that anybody uses.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "inject.h"

struct injection {
	void (*how)(struct injection *inj);
	s64 delta;
	int err;
};

static void inject_adjust(struct injection *inj)
{
	u64 before;

	inj->err = read_adjust(&before);
	if (!inj->err)
		inj->err = write_msr(MSR_IA32_TSC_ADJUST, before + inj->delta);
}

static void inject_tsc(struct injection *inj)
{
	inj->err = write_msr(MSR_IA32_TSC, rdtsc_ordered() + inj->delta);
}

/* Runs @how and checks that the MSR changed: some CPUs ignore the write. */
static void inject_checked(void *data)
{
	struct injection *inj = data;
	u64 before, after;

	inj->err = read_adjust(&before);
	if (inj->err)
		return;
	inj->how(inj);
	if (inj->err)
		return;
	inj->err = read_adjust(&after);
	if (!inj->err && inj->delta && before == after)
		inj->err = -EOPNOTSUPP;
}

struct everywhere {
	const struct injection *what;
	atomic_t err;
};

static int inject_here(void *data)
{
	struct everywhere *every = data;
	struct injection inj = *every->what;

	inject_checked(&inj);
	if (inj.err)
		atomic_set(&every->err, inj.err);
	return 0;
}

static int inject_all(const char *text, struct injection *inj)
{
	struct everywhere every = { .what = inj };
	int err;

	err = kstrtoll(text, 10, &inj->delta);
	if (err)
		return err;
	err = stop_machine(inject_here, &every, cpu_online_mask);
	err = err ?: atomic_read(&every.err);
	if (!err)
		pr_info("all CPUs moved by %lld cycles\n", inj->delta);
	return err;
}

static int inject(const char *text, void (*how)(struct injection *inj))
{
	struct injection inj = { .how = how };
	unsigned int cpu;
	int err;

	if (str_has_prefix(text, "all "))
		return inject_all(text + 4, &inj);
	if (sscanf(text, "%u %lld", &cpu, &inj.delta) != 2)
		return -EINVAL;

	err = smp_call_function_single(cpu, inject_checked, &inj, 1);
	if (err)
		return err;
	if (!inj.err)
		pr_info("cpu %u moved by %lld cycles\n", cpu, inj.delta);
	return inj.err;
}

static int adjust_set(const char *text, const struct kernel_param *kp)
{
	return inject(text, inject_adjust);
}

static int tsc_set(const char *text, const struct kernel_param *kp)
{
	return inject(text, inject_tsc);
}

struct look {
	u64 val;
	int err;
};

/* 7.x renamed the kernel's rdmsr_safe_on_cpu(). */
static void look_here(void *data)
{
	struct look *look = data;

	look->err = read_adjust(&look->val);
}

/* One line per CPU: number, MSR_IA32_TSC_ADJUST. */
static int adjust_get(char *buf, const struct kernel_param *kp)
{
	unsigned int cpu;
	int len = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct look look;
		int err = smp_call_function_single(cpu, look_here, &look, 1);

		err = err ?: look.err;
		if (err) {
			len = err;
			break;
		}
		len += sysfs_emit_at(buf, len, "%u %lld\n", cpu,
				     (s64)look.val);
	}
	cpus_read_unlock();
	return len;
}

static const struct kernel_param_ops adjust_ops = {
	.set = adjust_set,
	.get = adjust_get,
};
module_param_cb(adjust, &adjust_ops, NULL, 0600);
MODULE_PARM_DESC(adjust, "\"CPU DELTA\": add to MSR_IA32_TSC_ADJUST");

static const struct kernel_param_ops tsc_ops = {
	.set = tsc_set,
	.get = adjust_get,
};
module_param_cb(tsc, &tsc_ops, NULL, 0600);
MODULE_PARM_DESC(tsc, "\"CPU DELTA\": add by a write of MSR_IA32_TSC");

/* Nothing to do: the module consists of its parameters. */
static int __init tsc_inject_init(void)
{
	return 0;
}
module_init(tsc_inject_init);

static void __exit tsc_inject_exit(void)
{
}
module_exit(tsc_inject_exit);

MODULE_DESCRIPTION("Move one CPU's TSC, a known fault for tests");
MODULE_LICENSE("GPL");
