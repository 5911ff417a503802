// SPDX-License-Identifier: GPL-2.0
/*
 * tsc_motion: moves a TSC again and again, for the lab's guests, and records the truth.
 *
 * Files in /sys/module/tsc_motion/parameters, all in cycles unless they say ns or us:
 *
 *   alternate  "CPU CYCLES HALF_US": the CPU's TSC goes to +CYCLES and -CYCLES in turn,
 *              every HALF_US
 *   drift      "CPU CYCLES PERIOD_US": each PERIOD_US adds CYCLES
 *   stop       anything: ends the motion, and sets the TSC back to its value at rest
 *   at_online  "CPU CYCLES": adds CYCLES once, when this CPU comes online, before any
 *              of the CPU's threads runs
 *   now        read: the time in ns, by the clock of all times in these files
 *   span       write "FROM_NS TO_NS", then read "LOW HIGH": the least and the most by
 *              which the TSC can have been off in that time
 *   moves      read "MOVES LATE_MAX_NS WRONG": the number of moves, the largest delay of
 *              one, and how many could not be read back as they were written
 *
 * The module writes MSR_IA32_TSC_ADJUST, which is exact, so the guest's kernel must not
 * restore this MSR (tsc=unstable). The writes are made by a thread of highest priority that
 * is bound to the CPU. Its clock, kvm-clock, does not move with the TSC.
 *
 * Never for a machine that anybody uses.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "inject.h"

/* Enough for half a minute of moves every millisecond. */
#define HISTORY 32768
#define PERIOD_MIN_US 200
#define PERIOD_MAX_US 10000000

/**
 * struct move - one write of the MSR
 * @before_ns: time before the write
 * @after_ns: time after the write
 * @cyc: by how much the TSC was off from then on
 */
struct move {
	u64 before_ns;
	u64 after_ns;
	s64 cyc;
};

/**
 * struct motion - the thread's task, and its moves so far
 * @task: the thread; NULL at rest. Under control_lock
 * @cpu: CPU whose TSC the thread moves
 * @step_cyc: size of a move, in cycles
 * @period_ns: time between moves
 * @alternates: moves to either side of @rest in turn, instead of in one direction
 * @rest: MSR_IA32_TSC_ADJUST before the first move
 * @cyc: by how many cycles the TSC is off now
 * @moves: number of writes; its low bits are the next place in @history
 * @late_max_ns: the largest delay of a write after it was due
 * @wrong: writes that were refused, or that read back as another value
 * @history: the latest HISTORY writes
 */
struct motion {
	struct task_struct *task;
	unsigned int cpu;
	s64 step_cyc;
	u64 period_ns;
	bool alternates;
	u64 rest;
	s64 cyc;
	u64 moves;
	u64 late_max_ns;
	u64 wrong;
	struct move history[HISTORY];
};

static struct motion motion;
/* serializes starting and stopping the thread */
static DEFINE_MUTEX(control_lock);
/* protects moves, late_max_ns, wrong, history */
static DEFINE_SPINLOCK(history_lock);

static u64 span_from_ns, span_to_ns;
static int online_cpu = -1;
static s64 online_cyc;

static void move_to(s64 cyc, u64 due_ns)
{
	struct move *move;
	u64 seen, before_ns, after_ns;
	bool wrong;

	before_ns = ktime_get_ns();
	wrong = write_msr(MSR_IA32_TSC_ADJUST, motion.rest + cyc) ||
		read_adjust(&seen) || seen != motion.rest + cyc;
	after_ns = ktime_get_ns();

	spin_lock(&history_lock);
	motion.cyc = cyc;
	motion.wrong += wrong;
	if (before_ns > due_ns)
		motion.late_max_ns = max(motion.late_max_ns, before_ns - due_ns);
	move = &motion.history[motion.moves++ % HISTORY];
	move->before_ns = before_ns;
	move->after_ns = after_ns;
	move->cyc = cyc;
	spin_unlock(&history_lock);
}

static s64 next_cyc(void)
{
	if (!motion.alternates)
		return motion.cyc + motion.step_cyc;
	return motion.cyc == motion.step_cyc ? -motion.step_cyc : motion.step_cyc;
}

static int move_on_and_on(void *unused)
{
	u64 due_ns = ktime_get_ns();
	ktime_t due;

	move_to(0, due_ns);
	while (!kthread_should_stop()) {
		due_ns = max(due_ns + motion.period_ns, ktime_get_ns());
		due = ns_to_ktime(due_ns);
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule_hrtimeout(&due, HRTIMER_MODE_ABS);
		__set_current_state(TASK_RUNNING);
		if (!kthread_should_stop())
			move_to(next_cyc(), due_ns);
	}
	move_to(0, ktime_get_ns());
	return 0;
}

static void rest_here(void *err)
{
	*(int *)err = read_adjust(&motion.rest);
}

static void motion_stop(void)
{
	lockdep_assert_held(&control_lock);
	if (motion.task)
		kthread_stop(motion.task);
	motion.task = NULL;
}

static int motion_start(const char *text, bool alternates)
{
	struct task_struct *task;
	unsigned int cpu, period_us;
	int err, msr_err;
	s64 cyc;

	if (sscanf(text, "%u %lld %u", &cpu, &cyc, &period_us) != 3 ||
	    period_us < PERIOD_MIN_US || period_us > PERIOD_MAX_US)
		return -EINVAL;

	mutex_lock(&control_lock);
	motion_stop();
	err = smp_call_function_single(cpu, rest_here, &msr_err, 1);
	err = err ?: msr_err;
	if (err)
		goto out;
	task = kthread_create_on_cpu(move_on_and_on, NULL, cpu, "tsc_motion/%u");
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
		goto out;
	}
	motion.cpu = cpu;
	motion.step_cyc = cyc;
	motion.period_ns = period_us * (u64)NSEC_PER_USEC;
	motion.alternates = alternates;
	motion.cyc = 0;
	motion.moves = 0;
	motion.late_max_ns = 0;
	motion.wrong = 0;
	motion.task = task;
	sched_set_fifo(task);
	wake_up_process(task);
out:
	mutex_unlock(&control_lock);
	return err;
}

static int alternate_set(const char *text, const struct kernel_param *kp)
{
	return motion_start(text, true);
}

static int drift_set(const char *text, const struct kernel_param *kp)
{
	return motion_start(text, false);
}

static int stop_set(const char *text, const struct kernel_param *kp)
{
	mutex_lock(&control_lock);
	motion_stop();
	mutex_unlock(&control_lock);
	return 0;
}

static const struct kernel_param_ops alternate_ops = { .set = alternate_set };
module_param_cb(alternate, &alternate_ops, NULL, 0200);
MODULE_PARM_DESC(alternate, "\"CPU CYCLES HALF_US\": to either side in turn");

static const struct kernel_param_ops drift_ops = { .set = drift_set };
module_param_cb(drift, &drift_ops, NULL, 0200);
MODULE_PARM_DESC(drift, "\"CPU CYCLES PERIOD_US\": on and on");

static const struct kernel_param_ops stop_ops = { .set = stop_set };
module_param_cb(stop, &stop_ops, NULL, 0200);
MODULE_PARM_DESC(stop, "anything: to where it rested");

static int now_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%llu\n", ktime_get_ns());
}

static const struct kernel_param_ops now_ops = { .get = now_get };
module_param_cb(now, &now_ops, NULL, 0400);
MODULE_PARM_DESC(now, "the clock of its times, in ns");

static int span_set(const char *text, const struct kernel_param *kp)
{
	u64 from_ns, to_ns;

	if (sscanf(text, "%llu %llu", &from_ns, &to_ns) != 2 || from_ns > to_ns)
		return -EINVAL;
	span_from_ns = from_ns;
	span_to_ns = to_ns;
	return 0;
}

/* A move's value may have been in force from its beginning to the end of the next one. */
static int span_get(char *buf, const struct kernel_param *kp)
{
	s64 low = S64_MAX, high = S64_MIN;
	u64 first, i, until_ns;

	spin_lock(&history_lock);
	first = motion.moves > HISTORY ? motion.moves - HISTORY : 0;
	for (i = first; i < motion.moves; i++) {
		const struct move *move = &motion.history[i % HISTORY];

		until_ns = U64_MAX;
		if (i + 1 < motion.moves)
			until_ns = motion.history[(i + 1) % HISTORY].after_ns;
		/* the oldest recorded move also stands for the time before it */
		if (until_ns < span_from_ns ||
		    (i > first && move->before_ns > span_to_ns))
			continue;
		low = min(low, move->cyc);
		high = max(high, move->cyc);
	}
	spin_unlock(&history_lock);
	if (low > high)
		return -ENODATA;
	return sysfs_emit(buf, "%lld %lld\n", low, high);
}

static const struct kernel_param_ops span_ops = {
	.set = span_set,
	.get = span_get,
};
module_param_cb(span, &span_ops, NULL, 0600);
MODULE_PARM_DESC(span, "\"FROM_NS TO_NS\": then read least and most cycles in it");

static int moves_get(char *buf, const struct kernel_param *kp)
{
	u64 moves, late_max_ns, wrong;

	spin_lock(&history_lock);
	moves = motion.moves;
	late_max_ns = motion.late_max_ns;
	wrong = motion.wrong;
	spin_unlock(&history_lock);
	return sysfs_emit(buf, "%llu %llu %llu\n", moves, late_max_ns, wrong);
}

static const struct kernel_param_ops moves_ops = { .get = moves_get };
module_param_cb(moves, &moves_ops, NULL, 0400);
MODULE_PARM_DESC(moves, "moves, latest in ns, wrong ones");

static int at_online_set(const char *text, const struct kernel_param *kp)
{
	unsigned int cpu;
	s64 cyc;

	if (sscanf(text, "%u %lld", &cpu, &cyc) != 2)
		return -EINVAL;
	online_cyc = cyc;
	/* pairs with comes_online(), which sees the cycles if it sees the CPU */
	smp_store_release(&online_cpu, cpu);
	return 0;
}

/* "CPU CYCLES" while it waits for this CPU, CPU is -1 once the TSC was moved */
static int at_online_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d %lld\n", READ_ONCE(online_cpu), online_cyc);
}

static const struct kernel_param_ops at_online_ops = {
	.set = at_online_set,
	.get = at_online_get,
};
module_param_cb(at_online, &at_online_ops, NULL, 0600);
MODULE_PARM_DESC(at_online, "\"CPU CYCLES\": once, when that CPU comes online");

static int comes_online(unsigned int cpu)
{
	u64 adjust;

	/* pairs with at_online_set() */
	if (smp_load_acquire(&online_cpu) != cpu)
		return 0;
	if (!read_adjust(&adjust) &&
	    !write_msr(MSR_IA32_TSC_ADJUST, adjust + online_cyc))
		WRITE_ONCE(online_cpu, -1);
	return 0;
}

/*
 * A CPU's threads run before the dynamic hotplug states of modules are called, so the module
 * uses a static state that is not used on x86.
 */
#define ONLINE_STATE CPUHP_AP_ARM_TWD_STARTING

static int __init tsc_motion_init(void)
{
	return cpuhp_setup_state_nocalls(ONLINE_STATE, "lab/tsc_motion:starting",
					 comes_online, NULL);
}
module_init(tsc_motion_init);

static void __exit tsc_motion_exit(void)
{
	cpuhp_remove_state_nocalls(ONLINE_STATE);
	mutex_lock(&control_lock);
	motion_stop();
	mutex_unlock(&control_lock);
}
module_exit(tsc_motion_exit);

MODULE_DESCRIPTION("Let a CPU's TSC alternate or drift, a known fault for tests");
MODULE_LICENSE("GPL");
