/* SPDX-License-Identifier: GPL-2.0 */
/* What a kernel's configuration says of the gcc that built it, where clang builds a module. */
#undef CONFIG_CC_HAS_NAMED_AS
#undef CONFIG_CC_HAS_NAMED_AS_FIXED_SANITIZERS
#undef CONFIG_USE_X86_SEG_SUPPORT
