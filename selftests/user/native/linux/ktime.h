/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_KTIME_H
#define TSCOPE_LINUX_KTIME_H

struct system_time_snapshot;

void ktime_get_snapshot(struct system_time_snapshot *snap);

#endif /* TSCOPE_LINUX_KTIME_H */
