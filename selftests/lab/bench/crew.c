// SPDX-License-Identifier: GPL-2.0
/*
 * A crew: a thread on each of some CPUs, which begin at the same time.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

struct member {
	struct crew *crew;
	struct task_struct *task;
	struct completion done;
	int cpu;
	int err;
};

struct crew {
	int (*work)(int cpu);
	bool fifo;
	atomic_t missing;
	struct member member[];
};

static int member(void *data)
{
	struct member *m = data;

	if (m->crew->fifo)
		sched_set_fifo(current);
	atomic_dec(&m->crew->missing);
	while (atomic_read(&m->crew->missing) > 0)
		cond_resched();
	m->err = m->crew->work(m->cpu);
	complete(&m->done);
	return 0;
}

static int muster(struct crew *crew, const struct cpumask *cpus)
{
	struct task_struct *task;
	struct member *m;
	int n = 0, cpu;

	for_each_cpu_and(cpu, cpus, cpu_online_mask) {
		m = &crew->member[n];
		task = kthread_create_on_cpu(member, m, cpu, "bench/%u");
		if (IS_ERR(task))
			return PTR_ERR(task);
		m->crew = crew;
		m->cpu = cpu;
		m->task = get_task_struct(task);
		init_completion(&m->done);
		n++;
	}
	atomic_set(&crew->missing, n);
	return n;
}

/**
 * bench_crew() - run a function on several CPUs at the same time
 * @cpus: CPUs; those that are offline are left out
 * @fifo: whether the threads have a real-time priority
 * @work: the function, called once on each CPU; must return by itself
 *
 * Context: process, may sleep.
 *
 * Return: 0, or the error of one of the calls.
 */
int bench_crew(const struct cpumask *cpus, bool fifo, int (*work)(int cpu))
{
	struct crew *crew;
	struct member *m;
	int n, err = 0;

	crew = kzalloc(struct_size(crew, member, nr_cpu_ids + 1),
		       GFP_KERNEL);
	if (!crew)
		return -ENOMEM;
	crew->work = work;
	crew->fifo = fifo;
	cpus_read_lock();
	n = muster(crew, cpus);
	if (n < 0)
		err = n;
	for (m = crew->member; n > 0 && m->task; m++)
		wake_up_process(m->task);
	for (m = crew->member; m->task; m++) {
		/* a thread that is stopped before it was woken never begins */
		if (n > 0)
			wait_for_completion(&m->done);
		kthread_stop(m->task);
		put_task_struct(m->task);
		err = err ?: m->err;
	}
	cpus_read_unlock();
	kfree(crew);
	return err;
}
