// SPDX-License-Identifier: GPL-2.0
/* Counts memory that is in use, and what the kernel's allocator would use for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counted_memory.h"

/* Blocks are aligned to this, and have their size before them. */
#define ALIGNED	128
/* Above this size the kernel's allocator uses a power of two of pages. */
#define LARGEST_OF_A_CACHE	8192

static struct memory_use use;

/* kmalloc's caches are powers of two from 8 bytes on, and 96 and 192 bytes. */
static size_t taken_for(size_t size)
{
	size_t taken = size > LARGEST_OF_A_CACHE ? 4 * 4096 : 8;

	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (taken < size)
		taken *= 2;
	return taken;
}

/* Returns zeroed memory; ends the program if there is none. */
void *memory_zalloc(size_t size)
{
	size_t room = (size + 2 * ALIGNED - 1) / ALIGNED * ALIGNED;
	char *block = aligned_alloc(ALIGNED, room);

	if (!block) {
		perror("memory");
		exit(2);
	}
	memset(block, 0, room);
	memcpy(block, &size, sizeof(size));
	use.asked += size;
	use.taken += taken_for(size);
	if (use.taken > use.most_taken)
		use.most_taken = use.taken;
	return block + ALIGNED;
}

void memory_free(const void *p)
{
	char *block = (char *)p - ALIGNED;
	size_t size;

	if (!p)
		return;
	memcpy(&size, block, sizeof(size));
	use.asked -= size;
	use.taken -= taken_for(size);
	free(block);
}

struct memory_use memory_use(void)
{
	return use;
}

/* The largest use is counted from here on. */
void memory_mark(void)
{
	use.most_taken = use.taken;
}
