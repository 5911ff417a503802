/* SPDX-License-Identifier: GPL-2.0 */
/* A part of /sys/kernel/debug/tscope. */
#ifndef TSCOPE_DEBUGFS_H
#define TSCOPE_DEBUGFS_H

struct dentry;

void tscope_debugfs_stability_init(struct dentry *root);

#endif /* TSCOPE_DEBUGFS_H */
