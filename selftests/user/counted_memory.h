/* SPDX-License-Identifier: GPL-2.0 */
/* Counts memory that is in use, and what the kernel's allocator would use for it. */
#ifndef TSCOPE_COUNTED_MEMORY_H
#define TSCOPE_COUNTED_MEMORY_H

#include <stddef.h>

/* Memory in use, in bytes. */
struct memory_use {
	size_t asked;		/* sum of the sizes asked for */
	size_t taken;		/* what a kernel with 4 KiB pages would use for these */
	size_t most_taken;	/* largest @taken since memory_mark() */
};

void *memory_zalloc(size_t size);
void *memory_cache_zalloc(size_t size);
void memory_free(const void *p);
struct memory_use memory_use(void);
void memory_mark(void);

#endif /* TSCOPE_COUNTED_MEMORY_H */
