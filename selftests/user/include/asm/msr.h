/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are built with this header do not read the TSC. */
#ifndef TSCOPE_ASM_MSR_H
#define TSCOPE_ASM_MSR_H
#endif /* TSCOPE_ASM_MSR_H */
