/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel services for a program of one thread: memory is the C library's, locks do nothing,
 * and the test sets jiffies and CPU numbers.
 */
#ifndef TSCOPE_LINUX_SERVICES_H
#define TSCOPE_LINUX_SERVICES_H

#include <stdlib.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define MSEC_PER_SEC	1000L
#define NSEC_PER_SEC	1000000000L
#define GFP_KERNEL	0
#define __GFP_ZERO	0

#define hweight32(x) __builtin_popcount(x)
#define fls(x) ((x) ? 32 - __builtin_clz(x) : 0)

/* Time. */
extern u64 test_jiffies_ms;
#define get_jiffies_64() (test_jiffies_ms)
#define jiffies64_to_msecs(j) (j)

/* Memory; a test may count it (counted_memory.h). */
#ifdef TEST_COUNTS_MEMORY
#include "counted_memory.h"
#define kvcalloc(n, size, gfp) memory_zalloc((n) * (size))
#define kvzalloc_node(size, gfp, node) memory_zalloc(size)
#define kvfree(p) memory_free(p)
#define kmem_cache_alloc_node(cache, gfp, node) memory_cache_zalloc((cache)->size)
#define kmem_cache_free(cache, p) memory_free(p)
#else
#define kvcalloc(n, size, gfp) calloc(n, size)
#define kvzalloc_node(size, gfp, node) calloc(1, size)
#define kvfree(p) free(p)
#define kmem_cache_alloc_node(cache, gfp, node) calloc(1, (cache)->size)
#define kmem_cache_free(cache, p) free(p)
#endif
struct kmem_cache { size_t size; };
#define KMEM_CACHE(type, flags) \
	({ static struct kmem_cache cache_ = { sizeof(struct type) }; &cache_; })
#define kmem_cache_destroy(cache) ((void)(cache))
#define cpu_to_node(cpu) (0)

/* Locks and waiting. */
struct mutex { int unused; };
#define DEFINE_MUTEX(name) struct mutex name
#define mutex_lock(m) ((void)(m))
#define mutex_unlock(m) ((void)(m))
#define DEFINE_SPINLOCK(name) spinlock_t name
#define spin_lock(l) ((void)(l))
#define spin_unlock(l) ((void)(l))
typedef struct { u32 sequence; } seqcount_t;
#define seqcount_init(s) ((s)->sequence = 0)
#define write_seqcount_begin(s) ((s)->sequence++)
#define write_seqcount_end(s) ((s)->sequence++)
#define read_seqcount_begin(s) ((s)->sequence)
#define read_seqcount_retry(s, seq) ((s)->sequence != (seq))
#define preempt_disable() do { } while (0)
#define preempt_enable() do { } while (0)
#define cond_resched() do { } while (0)

/* CPUs. */
#define TEST_CPUS_MAX	16384
struct cpumask { bool has[TEST_CPUS_MAX]; };
extern u32 nr_cpu_ids;
#define cpumask_test_cpu(cpu, mask) ((mask)->has[cpu])
#define for_each_cpu(cpu, mask)					\
	for ((cpu) = 0; (u32)(cpu) < nr_cpu_ids; (cpu)++)	\
		if (cpumask_test_cpu(cpu, mask))

/* These types are only members of structures, and are not used. */
typedef struct { int unused; } call_single_data_t, spinlock_t;
typedef struct { s64 counter; } atomic64_t;
struct irq_work { int unused; };
struct completion { int unused; };
struct kobject { int unused; };
struct attribute_group;
struct workqueue_struct;
struct system_time_snapshot;
static inline void ktime_get_snapshot(struct system_time_snapshot *snap)
{
	(void)snap;
}

/* Nothing interrupts changes of a CPU's state, because there is one thread. */
#define local_irq_save(flags) ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
#define cmpxchg(p, old, new) __sync_val_compare_and_swap(p, old, new)

#define BIT(n) (1UL << (n))
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
static inline void memset64(u64 *to, u64 value, size_t count)
{
	while (count--)
		*to++ = value;
}

static inline u64 get_random_u64(void)
{
	return 1;
}

static inline bool housekeeping_cpu(int cpu, int type)
{
	return cpu >= type;
}

static inline bool cpu_is_isolated(int cpu)
{
	return cpu < 0;
}

#define HK_TYPE_TICK	0

#endif /* TSCOPE_LINUX_SERVICES_H */
