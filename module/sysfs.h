/* SPDX-License-Identifier: GPL-2.0 */
/* Files in sysfs and debugfs. */
#ifndef TSCOPE_SYSFS_H
#define TSCOPE_SYSFS_H

#include <linux/kobject.h>
#include <linux/sysfs.h>

extern const struct attribute_group tscope_offset_group;

int tscope_sysfs_init(void);
void tscope_sysfs_exit(void);
int tscope_sysfs_clocks_init(struct kset *kset);
void tscope_sysfs_clocks_exit(void);
void tscope_debugfs_init(void);
void tscope_debugfs_exit(void);

#endif /* TSCOPE_SYSFS_H */
