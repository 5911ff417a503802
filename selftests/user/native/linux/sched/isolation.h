/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_ISOLATION_H
#define TSCOPE_LINUX_ISOLATION_H

#include <stdbool.h>

#define HK_TYPE_TICK 0

bool cpu_is_isolated(int cpu);
bool housekeeping_cpu(int cpu, int type);

#endif /* TSCOPE_LINUX_ISOLATION_H */
