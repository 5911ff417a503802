/* SPDX-License-Identifier: GPL-2.0 */
/* Single accesses go through the model of tso.h. */
#ifndef TSCOPE_TSO_COMPILER_H
#define TSCOPE_TSO_COMPILER_H

#include_next <linux/compiler.h>
#include "../../tso.h"

#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x) tso_load(&(x))
#define WRITE_ONCE(x, v) tso_store(&(x), (v))

#endif /* TSCOPE_TSO_COMPILER_H */
