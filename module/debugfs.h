/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of /sys/kernel/debug/tscope. */
#ifndef TSCOPE_DEBUGFS_H
#define TSCOPE_DEBUGFS_H

struct dentry;

void tscope_debugfs_pairs_init(struct dentry *root);
void tscope_debugfs_hist_init(struct dentry *root);

#endif /* TSCOPE_DEBUGFS_H */
