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

/* A cache of its own keeps objects in such blocks, and begins each in a line of the CPU's cache. */
#define CACHE_BLOCK	32768
#define CACHE_LINE	64

/* What is kept before a block. */
struct sizes {
	size_t asked;
	size_t taken;
};

static void *zalloc(struct sizes sizes)
{
	size_t size = sizes.asked, room = (size + 2 * ALIGNED - 1) / ALIGNED * ALIGNED;
	char *block = aligned_alloc(ALIGNED, room);

	if (!block) {
		perror("memory");
		exit(2);
	}
	memset(block, 0, room);
	memcpy(block, &sizes, sizeof(sizes));
	use.asked += sizes.asked;
	use.taken += sizes.taken;
	if (use.taken > use.most_taken)
		use.most_taken = use.taken;
	return block + ALIGNED;
}

/* Returns zeroed memory; ends the program if there is none. */
void *memory_zalloc(size_t size)
{
	return zalloc((struct sizes){ size, taken_for(size) });
}

/* The same, of a cache for objects of this size alone. */
void *memory_cache_zalloc(size_t size)
{
	size_t lines = (size + CACHE_LINE - 1) / CACHE_LINE;

	return zalloc((struct sizes){ size, CACHE_BLOCK / (CACHE_BLOCK / (lines * CACHE_LINE)) });
}

void memory_free(const void *p)
{
	char *block = (char *)p - ALIGNED;
	struct sizes sizes;

	if (!p)
		return;
	memcpy(&sizes, block, sizeof(sizes));
	use.asked -= sizes.asked;
	use.taken -= sizes.taken;
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
