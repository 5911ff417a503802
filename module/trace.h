/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints: tscope:* */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tscope

#if !defined(TSCOPE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TSCOPE_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#define TSCOPE_TRACE_NAME_LEN	16

/* For TP_fast_assign(): set a field to the argument of the same name. */
#define TSCOPE_SET(field)	(__entry->field = (field))
#define TSCOPE_SET_CLOCK()	strscpy(__entry->clock, clock, TSCOPE_TRACE_NAME_LEN)

TRACE_EVENT(tscope_warp,
	TP_PROTO(const char *clock, int cpu, int peer, u64 warp_ns, u64 count, u64 tsc),
	TP_ARGS(clock, cpu, peer, warp_ns, count, tsc),
	TP_STRUCT__entry(
		__array(char, clock, TSCOPE_TRACE_NAME_LEN)
		__field(s32, cpu)
		__field(s32, peer)
		__field(u64, warp_ns)
		__field(u64, count)
		__field(u64, tsc)
	),
	TP_fast_assign(
		TSCOPE_SET_CLOCK(); TSCOPE_SET(cpu); TSCOPE_SET(peer); TSCOPE_SET(warp_ns);
		TSCOPE_SET(count); TSCOPE_SET(tsc);
	),
	TP_printk("clock=%s cpu=%d peer=%d warp_ns=%llu count=%llu tsc=%llu",
		  __entry->clock, __entry->cpu, __entry->peer, __entry->warp_ns, __entry->count,
		  __entry->tsc)
);

TRACE_EVENT(tscope_pair,
	TP_PROTO(const char *clock, int cpu_i, int cpu_j, s64 low_ns, s64 high_ns, u64 meetings),
	TP_ARGS(clock, cpu_i, cpu_j, low_ns, high_ns, meetings),
	TP_STRUCT__entry(
		__array(char, clock, TSCOPE_TRACE_NAME_LEN)
		__field(s32, cpu_i)
		__field(s32, cpu_j)
		__field(s64, low_ns)
		__field(s64, high_ns)
		__field(u64, meetings)
	),
	TP_fast_assign(
		TSCOPE_SET_CLOCK(); TSCOPE_SET(cpu_i); TSCOPE_SET(cpu_j); TSCOPE_SET(low_ns);
		TSCOPE_SET(high_ns); TSCOPE_SET(meetings);
	),
	TP_printk("clock=%s cpu_i=%d cpu_j=%d low_ns=%lld high_ns=%lld meetings=%llu",
		  __entry->clock, __entry->cpu_i, __entry->cpu_j, __entry->low_ns,
		  __entry->high_ns, __entry->meetings)
);

TRACE_EVENT(tscope_backward,
	TP_PROTO(const char *clock, int cpu, u64 backward_ns, u64 count, u64 tsc),
	TP_ARGS(clock, cpu, backward_ns, count, tsc),
	TP_STRUCT__entry(
		__array(char, clock, TSCOPE_TRACE_NAME_LEN)
		__field(s32, cpu)
		__field(u64, backward_ns)
		__field(u64, count)
		__field(u64, tsc)
	),
	TP_fast_assign(
		TSCOPE_SET_CLOCK(); TSCOPE_SET(cpu); TSCOPE_SET(backward_ns); TSCOPE_SET(count);
		TSCOPE_SET(tsc);
	),
	TP_printk("clock=%s cpu=%d backward_ns=%llu count=%llu tsc=%llu",
		  __entry->clock, __entry->cpu, __entry->backward_ns, __entry->count,
		  __entry->tsc)
);

TRACE_EVENT(tscope_step,
	TP_PROTO(const char *clock, int cpu, s64 step_ns, u64 error_ns, u64 tsc),
	TP_ARGS(clock, cpu, step_ns, error_ns, tsc),
	TP_STRUCT__entry(
		__array(char, clock, TSCOPE_TRACE_NAME_LEN)
		__field(s32, cpu)
		__field(s64, step_ns)
		__field(u64, error_ns)
		__field(u64, tsc)
	),
	TP_fast_assign(
		TSCOPE_SET_CLOCK(); TSCOPE_SET(cpu); TSCOPE_SET(step_ns); TSCOPE_SET(error_ns);
		TSCOPE_SET(tsc);
	),
	TP_printk("clock=%s cpu=%d step_ns=%lld error_ns=%llu tsc=%llu",
		  __entry->clock, __entry->cpu, __entry->step_ns, __entry->error_ns,
		  __entry->tsc)
);

TRACE_EVENT(tscope_pvti_update,
	TP_PROTO(int cpu, u32 version, s64 step_ns, u32 mul, s32 shift, u32 flags, u64 tsc),
	TP_ARGS(cpu, version, step_ns, mul, shift, flags, tsc),
	TP_STRUCT__entry(
		__field(s32, cpu)
		__field(u32, version)
		__field(s64, step_ns)
		__field(u32, mul)
		__field(s32, shift)
		__field(u32, flags)
		__field(u64, tsc)
	),
	TP_fast_assign(
		TSCOPE_SET(cpu); TSCOPE_SET(version); TSCOPE_SET(step_ns); TSCOPE_SET(mul);
		TSCOPE_SET(shift); TSCOPE_SET(flags); TSCOPE_SET(tsc);
	),
	TP_printk("cpu=%d version=%u step_ns=%lld mul=%u shift=%d flags=%u tsc=%llu",
		  __entry->cpu, __entry->version, __entry->step_ns, __entry->mul,
		  __entry->shift, __entry->flags, __entry->tsc)
);

TRACE_EVENT(tscope_point,
	TP_PROTO(const char *clock, int cpu, u64 tsc, u64 clock_ns, s64 phase_ns, u32 width_ns),
	TP_ARGS(clock, cpu, tsc, clock_ns, phase_ns, width_ns),
	TP_STRUCT__entry(
		__array(char, clock, TSCOPE_TRACE_NAME_LEN)
		__field(s32, cpu)
		__field(u32, width_ns)
		__field(u64, tsc)
		__field(u64, clock_ns)
		__field(s64, phase_ns)
	),
	TP_fast_assign(
		TSCOPE_SET_CLOCK(); TSCOPE_SET(cpu); TSCOPE_SET(tsc); TSCOPE_SET(clock_ns);
		TSCOPE_SET(phase_ns); TSCOPE_SET(width_ns);
	),
	TP_printk("clock=%s cpu=%d tsc=%llu clock_ns=%llu phase_ns=%lld width_ns=%u",
		  __entry->clock, __entry->cpu, __entry->tsc, __entry->clock_ns,
		  __entry->phase_ns, __entry->width_ns)
);

TRACE_EVENT(tscope_window,
	TP_PROTO(int cpu, u64 start_ns, u64 late_ns, u64 readings, u64 bursts),
	TP_ARGS(cpu, start_ns, late_ns, readings, bursts),
	TP_STRUCT__entry(
		__field(s32, cpu)
		__field(u64, start_ns)
		__field(u64, late_ns)
		__field(u64, readings)
		__field(u64, bursts)
	),
	TP_fast_assign(
		TSCOPE_SET(cpu); TSCOPE_SET(start_ns); TSCOPE_SET(late_ns);
		TSCOPE_SET(readings); TSCOPE_SET(bursts);
	),
	TP_printk("cpu=%d start_ns=%llu late_ns=%llu readings=%llu bursts=%llu",
		  __entry->cpu, __entry->start_ns, __entry->late_ns, __entry->readings,
		  __entry->bursts)
);

#endif /* TSCOPE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
