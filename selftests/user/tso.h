/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of x86's memory order: CPUs whose stores wait in a queue and become
 * visible in order, and whose loads are in order and see the CPU's own queue first.
 * Sewell et al., x86-TSO, CACM 53 (2010).
 *
 * CPUs are coroutines. At each access another CPU may continue.
 */
#ifndef TSCOPE_TSO_H
#define TSCOPE_TSO_H

#include <stdbool.h>
#include <stdint.h>

#define TSO_CPUS	3

/**
 * typedef tso_filter - changes the result of a load
 * @addr: address of the load
 * @value: the value by memory and the queue
 *
 * Return: the value that the CPU gets.
 */
typedef uint64_t tso_filter(const uint64_t *addr, uint64_t value);

uint64_t tso_load(const uint64_t *addr);
void tso_store(uint64_t *addr, uint64_t value);
/* Returns the true time, which grows with each access of any CPU. */
uint64_t tso_now(void);
unsigned int tso_cpu(void);
/* Lets the current CPU wait for @steps at its next access. */
void tso_stall(uint64_t steps);

/**
 * tso_run() - let the CPUs run
 * @cpu: function that each CPU runs; it must not return
 * @filter: NULL, or a function that changes loads
 * @steps: number of steps until the end
 */
void tso_run(void (*cpu)(void), tso_filter *filter, uint64_t steps);

#endif /* TSCOPE_TSO_H */
