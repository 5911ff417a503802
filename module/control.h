/* SPDX-License-Identifier: GPL-2.0 */
/* Starting, stopping and changing the samplers; the files in sysfs and debugfs. */
#ifndef TSCOPE_CONTROL_H
#define TSCOPE_CONTROL_H

#include "params.h"

struct cpumask;

/* control.c */
int tscope_control_init(const char *cpus);
void tscope_control_exit(void);
int tscope_enable(bool on);
void tscope_reset(void);
int tscope_set_param(size_t param, u32 value);
int tscope_set_cpus(const char *list);
void tscope_get_cpus(struct cpumask *cpus);

/* sysfs.c */
int tscope_sysfs_init(void);
void tscope_sysfs_exit(void);

/* debugfs.c */
void tscope_debugfs_init(void);
void tscope_debugfs_exit(void);

#endif /* TSCOPE_CONTROL_H */
