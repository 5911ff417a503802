/* SPDX-License-Identifier: GPL-2.0 */
/* No reading of the TSC in what is built here. */
#ifndef TSCOPE_ASM_MSR_H
#define TSCOPE_ASM_MSR_H
#endif /* TSCOPE_ASM_MSR_H */
