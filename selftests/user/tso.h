/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of x86's memory order: CPUs whose stores wait in a queue and become
 * visible in order, and whose loads are in order and see the own queue first.
 * Sewell et al., x86-TSO, CACM 53 (2010).
 *
 * CPUs are coroutines. Each access is a point where another CPU may go on.
 */
#ifndef TSCOPE_TSO_H
#define TSCOPE_TSO_H

#include <stdbool.h>
#include <stdint.h>

#define TSO_CPUS	3

/**
 * typedef tso_filter - what a load gives
 * @addr: what is loaded
 * @value: what memory and the queue give
 *
 * Return: what the CPU gets.
 */
typedef uint64_t tso_filter(const uint64_t *addr, uint64_t value);

uint64_t tso_load(const uint64_t *addr);
void tso_store(uint64_t *addr, uint64_t value);
/* True time, which grows with each access of any CPU. */
uint64_t tso_now(void);
unsigned int tso_cpu(void);
/* The present CPU goes on after @steps, at its next access. */
void tso_stall(uint64_t steps);

/**
 * tso_run() - let the CPUs run
 * @cpu: what each of them does, for ever
 * @filter: NULL, or what changes loads
 * @steps: accesses until the end
 */
void tso_run(void (*cpu)(void), tso_filter *filter, uint64_t steps);

#endif /* TSCOPE_TSO_H */
