/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_STDDEF_H
#define TSCOPE_LINUX_STDDEF_H

#define struct_group(NAME, ...)			\
	union {					\
		struct { __VA_ARGS__ };		\
		struct { __VA_ARGS__ } NAME;	\
	}

#endif /* TSCOPE_LINUX_STDDEF_H */
