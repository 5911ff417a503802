/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_CPUMASK_H
#define TSCOPE_LINUX_CPUMASK_H

struct cpumask;

extern unsigned int nr_cpu_ids;

#endif /* TSCOPE_LINUX_CPUMASK_H */
