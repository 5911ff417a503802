/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that is counted, and what the kernel's allocator would take for it. */
#ifndef TSCOPE_COUNTED_MEMORY_H
#define TSCOPE_COUNTED_MEMORY_H

#include <stddef.h>

/* What is in use, or was at most, in bytes. */
struct memory_use {
	size_t asked;		/* what was asked for */
	size_t taken;		/* what a kernel with 4 KiB pages takes for that */
	size_t most_taken;	/* the most of it since memory_mark() */
};

void *memory_zalloc(size_t size);
void memory_free(const void *p);
struct memory_use memory_use(void);
void memory_mark(void);

#endif /* TSCOPE_COUNTED_MEMORY_H */
