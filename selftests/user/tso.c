// SPDX-License-Identifier: GPL-2.0
/*
 * The model of x86's memory order. At each step one of the CPUs is chosen at
 * random; either the oldest store of its queue becomes visible, or the CPU continues
 * to its next access. At times a CPU stalls, as a virtual CPU does while its host
 * does not run it: its queue waits, too, or drains.
 */
#include <stdlib.h>

#include "tap.h"
#include "tso.h"

#define QUEUE		64
#define STACK		65536
/* one of STALL_EVERY steps begins a stall of up to STALL_STEPS */
#define STALL_EVERY	300
#define STALL_STEPS	500

struct cpu {
	void *stack_pointer;
	char *stack;
	u64 *addr[QUEUE];
	u64 value[QUEUE];
	u32 head;
	u32 tail;
	u64 stalls_until;
};

static struct cpu cpus[TSO_CPUS];
static unsigned int current;
static void *main_pointer;
static tso_filter *load_filter;
static u64 now, end, draw_state;
static void (*run_cpu)(void);

/* Saves the registers that a callee must keep on one stack, and restores them from the other. */
void tso_switch(void **from, void *to);
__asm__(".globl tso_switch\n"
	".type tso_switch, @function\n"
	"tso_switch:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n"
	".size tso_switch, .-tso_switch\n");

/* xorshift64; a step must be cheap */
static u64 draw(void)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return draw_state;
}

static void drain(struct cpu *cpu)
{
	if (cpu->head == cpu->tail)
		return;
	*cpu->addr[cpu->head % QUEUE] = cpu->value[cpu->head % QUEUE];
	cpu->head++;
}

/* Chooses a CPU, which may be the current one, and continues with it. */
static void step(void)
{
	unsigned int from = current, next;
	u64 random;

	for (;;) {
		if (now == end) {
			tso_switch(&cpus[from].stack_pointer, main_pointer);
			return;
		}
		now++;
		random = draw();
		next = random % TSO_CPUS;
		random >>= 8;
		if (cpus[next].stalls_until > now) {
			/* the stores in the queue become visible while the CPU stalls */
			if (random & 7)
				continue;
			drain(&cpus[next]);
		} else if (random % STALL_EVERY == 0) {
			cpus[next].stalls_until = now + draw() % STALL_STEPS;
		} else if ((random >> 20) % 3 == 0) {
			drain(&cpus[next]);
		} else {
			break;
		}
	}
	if (next == from)
		return;
	current = next;
	tso_switch(&cpus[from].stack_pointer, cpus[next].stack_pointer);
}

u64 tso_load(const u64 *addr)
{
	struct cpu *cpu = &cpus[current];
	u64 value;
	u32 i;

	step();
	value = *addr;
	for (i = cpu->tail; i != cpu->head; i--)
		if (cpu->addr[(i - 1) % QUEUE] == addr) {
			value = cpu->value[(i - 1) % QUEUE];
			break;
		}
	return load_filter ? load_filter(addr, value) : value;
}

void tso_store(u64 *addr, u64 value)
{
	struct cpu *cpu = &cpus[current];

	step();
	if (cpu->tail - cpu->head == QUEUE)
		drain(cpu);
	cpu->addr[cpu->tail % QUEUE] = addr;
	cpu->value[cpu->tail % QUEUE] = value;
	cpu->tail++;
}

u64 tso_now(void)
{
	step();
	return now;
}

unsigned int tso_cpu(void)
{
	return current;
}

void tso_stall(u64 steps)
{
	cpus[current].stalls_until = now + steps;
}

static void begin(void)
{
	run_cpu();
	abort();
}

void tso_run(void (*cpu)(void), tso_filter *filter, u64 steps)
{
	unsigned int i;
	void **top;

	draw_state = rnd64() | 1;
	load_filter = filter;
	run_cpu = cpu;
	now = 0;
	end = steps;
	current = 0;
	for (i = 0; i < TSO_CPUS; i++) {
		struct cpu *c = &cpus[i];

		if (!c->stack)
			c->stack = malloc(STACK);
		c->head = 0;
		c->tail = 0;
		c->stalls_until = 0;
		/* begin() finds the stack as after a call: 8 below a multiple of 16 */
		top = (void **)(((uintptr_t)c->stack + STACK) & ~(uintptr_t)15);
		*--top = NULL;
		*--top = (void *)begin;
		top -= 6;
		memset(top, 0, 6 * sizeof(*top));
		c->stack_pointer = top;
	}
	tso_switch(&main_pointer, cpus[0].stack_pointer);
}
