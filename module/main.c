// SPDX-License-Identifier: GPL-2.0
/*
 * tscope: samples the TSC against kvm-clock, PTP_KVM and the machine's other
 * clocks, and measures skew, steps and monotonicity violations, each with an
 * error bound.
 *
 * Loading the module does not start sampling unless enable=1 is given. The module
 * only looks: it writes no clock MSR, clears no flag and sets no clock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>

#include <asm/cpufeature.h>

#include "clock.h"
#include "compat.h"
#include "control.h"

static bool enable;
module_param(enable, bool, 0444);
MODULE_PARM_DESC(enable, "sample from the start (default: 0)");

static char *cpus;
module_param(cpus, charp, 0444);
MODULE_PARM_DESC(cpus, "list of the CPUs that sample (default: all that are not isolated)");

static u32 given_khz;
module_param_named(tsc_khz, given_khz, uint, 0444);
MODULE_PARM_DESC(tsc_khz, "the TSC's frequency, if the kernel knows none, 1000 or more (default: 0)");

/* A further clock needs one file with its ops, and a line here. */
static const struct tscope_clock_ops *const clock_table[] = {
	&tscope_clock_tsc,
	&tscope_clock_kvm,
	&tscope_clock_hyperv,
	&tscope_clock_xen,
	&tscope_clock_ptp,
	&tscope_clock_raw,
	&tscope_clock_real,
#ifdef CONFIG_ACPI
	&tscope_clock_acpi_pm,
	&tscope_clock_hpet,
	&tscope_clock_vmclock,
#endif
	NULL
};

static_assert(ARRAY_SIZE(clock_table) - 1 <= TSCOPE_CLOCKS_MAX);

/* All figures are relative to the TSC, so an unsteady TSC makes them all wrong. */
static void __init warn_of_tsc(void)
{
	bool unstable = check_tsc_unstable();
	bool varies = !boot_cpu_has(X86_FEATURE_CONSTANT_TSC);
	bool stops = !boot_cpu_has(X86_FEATURE_NONSTOP_TSC);

	if (unstable || varies || stops)
		pr_warn("the TSC, which all figures are relative to, may not be steady:%s%s%s\n",
			unstable ? " the kernel calls it unstable" : "",
			varies ? " no constant_tsc" : "",
			stops ? " no nonstop_tsc" : "");
}

/* Clocks, then the samplers that read them, then the files that show both. */
static int __init tscope_init(void)
{
	int err;

	warn_of_tsc();
	if (!IS_ENABLED(CONFIG_ACPI)) {
		pr_info("acpi-pm is absent: the kernel is built without ACPI\n");
		pr_info("hpet is absent: the kernel is built without ACPI\n");
		pr_info("vmclock is absent: the kernel is built without ACPI\n");
	}
	err = tscope_clocks_init(clock_table, given_khz);
	if (err)
		return err;
	err = tscope_control_init(cpus);
	if (err)
		goto clocks;
	tscope_debugfs_init();
	err = tscope_sysfs_init();
	if (err)
		goto files;
	err = enable ? tscope_enable(true) : 0;
	if (!err)
		return 0;
	tscope_sysfs_exit();
files:
	tscope_debugfs_exit();
	tscope_control_exit();
clocks:
	tscope_clocks_exit();
	return err;
}

static void __exit tscope_exit(void)
{
	tscope_sysfs_exit();
	tscope_debugfs_exit();
	tscope_control_exit();
	tscope_clocks_exit();
}

module_init(tscope_init);
module_exit(tscope_exit);

MODULE_DESCRIPTION("Measures the TSC against the hypervisor's clock, PTP_KVM and other clocks");
MODULE_AUTHOR("The tscope authors");
MODULE_VERSION("0.2.0");
MODULE_LICENSE("GPL");
