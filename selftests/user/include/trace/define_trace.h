/* SPDX-License-Identifier: GPL-2.0 */
/* There is nothing to define of tracepoints that are never on. */
