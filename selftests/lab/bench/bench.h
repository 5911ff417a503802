/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of tscope_bench: each is a file in debugfs. */
#ifndef TSCOPE_BENCH_H
#define TSCOPE_BENCH_H

#include <linux/cpumask.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#include "hist.h"

/**
 * struct bench_test - a test
 * @name: name of its file
 * @run: runs the test. Called with the text that was written to the file;
 *	may sleep. NULL: nothing to run
 * @show: prints the results of the last run. Called after a run that
 *	returned 0, or without @run
 * @exit: frees what runs allocated. NULL: nothing to free
 */
struct bench_test {
	const char *name;
	int (*run)(const char *args);
	void (*show)(struct seq_file *m);
	void (*exit)(void);
};

extern const struct bench_test bench_loop;
extern const struct bench_test bench_pingpong;
extern const struct bench_test bench_late;

/* crew.c */
int bench_crew(const struct cpumask *cpus, bool fifo, int (*work)(int cpu));

/* main.c */
u64 bench_quantile(const struct tscope_hist *h, u32 per_10000);
u64 bench_cyc(u64 ns);
u64 bench_cyc_to_ns(u64 cyc);

#endif /* TSCOPE_BENCH_H */
