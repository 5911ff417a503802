// SPDX-License-Identifier: GPL-2.0
/* system_cpu.c: flags of the CPUs, the hypervisor by CPUID, C-states, CPU frequency */
#include <cpuid.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "system_parts.h"

/* of leaf 1, ecx */
#define BIT_HYPERVISOR	0x80000000u

#define RECORDED_LIMIT	1048576

#define CPUS "/sys/devices/system/cpu/"

/* Registers of a leaf, in order eax, ebx, ecx, edx. */
static bool recorded_leaf(const char *text, unsigned int leaf, unsigned int reg[4])
{
	unsigned int at;

	for (; text && *text; text = strchr(text, '\n'), text += !!text) {
		if (sscanf(text, "%x %x %x %x %x", &at, &reg[0], &reg[1], &reg[2], &reg[3]) == 5 &&
		    at == leaf)
			return true;
	}
	memset(reg, 0, 4 * sizeof(*reg));
	return false;
}

static void cpuid_leaf(const char *recorded, unsigned int leaf, unsigned int reg[4])
{
	if (recorded)
		recorded_leaf(recorded, leaf, reg);
	else
		__cpuid(leaf, reg[0], reg[1], reg[2], reg[3]);
}

/* A hypervisor's name by its signature in CPUID, or "unknown". */
static const char *hypervisor_name(const char *signature)
{
	static const char * const names[][2] = {
		{ "KVMKVMKVM", "KVM" },
		{ "XenVMMXenVMM", "Xen" },
		{ "Microsoft Hv", "Hyper-V" },
		{ "VMwareVMware", "VMware" },
		{ "TCGTCGTCGTCG", "QEMU TCG" },
		{ "bhyve bhyve ", "bhyve" },
		{ "VBoxVBoxVBox", "VirtualBox" },
		{ " lrpepyh  vr", "Parallels" },
		{ "ACRNACRNACRN", "ACRN" },
		{ "Jailhouse", "Jailhouse" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(names[i][0], signature))
			return names[i][1];
	}
	return "unknown";
}

/*
 * If KVM and Xen emulate Hyper-V's interfaces, they show Hyper-V's leaves first, and their own at
 * another multiple of 0x100.
 */
static void look_at_hypervisor(struct system_facts *s)
{
	char *recorded = NULL, signature[13] = "";
	unsigned int base, reg[4];
	const char *name;

	if (system_recorded()) {
		recorded = system_text("/recorded/cpuid", RECORDED_LIMIT);
		if (!recorded)
			return;
	}
	cpuid_leaf(recorded, 1, reg);
	for (base = 0x40000000; (reg[2] & BIT_HYPERVISOR) && base < 0x40010000; base += 0x100) {
		unsigned int leaf[4];

		cpuid_leaf(recorded, base, leaf);
		memcpy(signature, &leaf[1], 12);
		name = hypervisor_name(signature);
		if (base == 0x40000000 || !strcmp(name, "KVM") || !strcmp(name, "Xen"))
			snprintf(s->hypervisor, sizeof(s->hypervisor), "%s", name);
		if (!strcmp(name, "KVM")) {
			cpuid_leaf(recorded, base + 1, leaf);
			/* KVM_FEATURE_STEAL_TIME */
			s->steal_reported = (struct figure){ true, leaf[0] >> 5 & 1 };
		}
		if (!strcmp(name, "KVM") || !strcmp(name, "Xen"))
			break;
	}
	free(recorded);
}

/* In a PV guest, CPUID shows programs the machine below Xen, and not Xen. */
static void look_at_xen(struct system_facts *s)
{
	char type[16];

	if (system_line("/sys/hypervisor/type", type, sizeof(type)) && !strcmp(type, "xen"))
		snprintf(s->hypervisor, sizeof(s->hypervisor), "Xen");
}

static void note_flag(struct figure *flag, const char *flags, const char *name)
{
	bool has = system_has_word(flags, name);

	flag->value = has && (!flag->known || flag->value);
	flag->known = true;
}

static void look_at_flags(struct system_facts *s)
{
	FILE *file = system_open("/proc/cpuinfo");
	size_t size = 0;
	char *line = NULL, *flags;

	while (file && getline(&line, &size, file) >= 0) {
		flags = !strncmp(line, "flags", 5) ? strchr(line, ':') : NULL;
		if (!flags)
			continue;
		note_flag(&s->constant_tsc, flags + 1, "constant_tsc");
		note_flag(&s->nonstop_tsc, flags + 1, "nonstop_tsc");
		note_flag(&s->tsc_reliable, flags + 1, "tsc_reliable");
	}
	free(line);
	if (file)
		fclose(file);
	if (!s->constant_tsc.known)
		system_note(s, "/proc/cpuinfo has no flags: whether the TSC is constant is not known.");
}

/* The first file of a pattern below system_root, without the root; for free(), or NULL. */
static char *first_path(const char *pattern)
{
	char full[PATH_MAX], *path = NULL;
	glob_t found;

	path_system(full, pattern);
	if (!glob(full, 0, NULL, &found)) {
		path = strdup(found.gl_pathv[0] + strlen(system_root));
		globfree(&found);
	}
	return path;
}

/* Look at one CPU only: as a rule all have the same states, and to read them all takes long. */
static void look_at_idle(struct system_facts *s)
{
	char path[256], name[32], *dir = first_path(CPUS "cpu[0-9]*/cpuidle");
	struct count disabled;
	int i;

	if (!system_line(CPUS "cpuidle/current_driver", s->idle_driver, sizeof(s->idle_driver)) ||
	    !strcmp(s->idle_driver, "none"))
		s->idle_driver[0] = 0;
	for (i = 0; dir && i < 32; i++) {
		size_t used = strlen(s->idle_states);

		snprintf(path, sizeof(path), "%s/state%d/name", dir, i);
		if (!system_line(path, name, sizeof(name)))
			break;
		snprintf(path, sizeof(path), "%s/state%d/disable", dir, i);
		disabled = system_count(path);
		s->deep_idle.known = true;
		if (disabled.known && disabled.value)
			continue;
		snprintf(s->idle_states + used, sizeof(s->idle_states) - used, "%s%s",
			 used ? ", " : "", name);
		if (name[0] == 'C' && name[1] >= '2' && name[1] <= '9')
			s->deep_idle.value = 1;
	}
	free(dir);
}

static void look_at_frequency(struct system_facts *s)
{
	char path[256], *dir = first_path(CPUS "cpufreq/policy[0-9]*");

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/scaling_driver", dir);
	system_line(path, s->freq_driver, sizeof(s->freq_driver));
	snprintf(path, sizeof(path), "%s/scaling_governor", dir);
	system_line(path, s->freq_governor, sizeof(s->freq_governor));
	snprintf(path, sizeof(path), "%s/scaling_min_freq", dir);
	s->freq_min_khz = system_count(path);
	snprintf(path, sizeof(path), "%s/scaling_max_freq", dir);
	s->freq_max_khz = system_count(path);
	free(dir);
}

void system_look_at_cpu(struct system_facts *s)
{
	look_at_hypervisor(s);
	look_at_xen(s);
	look_at_flags(s);
	look_at_idle(s);
	look_at_frequency(s);
}
