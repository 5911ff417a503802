/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints that are never on. */
#ifndef TSCOPE_LINUX_TRACEPOINT_H
#define TSCOPE_LINUX_TRACEPOINT_H

#include <linux/types.h>

#define TP_PROTO(...) __VA_ARGS__
#define TRACE_EVENT(name, proto, ...)			\
	static inline void trace_##name(proto)		\
	{						\
	}						\
	static inline bool trace_##name##_enabled(void)	\
	{						\
		return false;				\
	}						\
	struct trace_##name##_ends

#endif /* TSCOPE_LINUX_TRACEPOINT_H */
