/* SPDX-License-Identifier: GPL-2.0 */
/* domain_xml.h: what a libvirt domain's XML says of the guest's clocks */
#ifndef TSCOPE_DOMAIN_XML_H
#define TSCOPE_DOMAIN_XML_H

#include "snapshot.h"

enum domain_timer_name {
	TIMER_RTC, TIMER_PIT, TIMER_HPET, TIMER_TSC, TIMER_KVMCLOCK, TIMER_HYPERVCLOCK, TIMER_COUNT
};

/* Attributes of <timer>; empty where it has none. */
struct domain_timer {
	bool there;
	char present[4], tickpolicy[16], mode[16];
	struct count frequency_hz;
};

/**
 * struct domain - texts are printable ASCII, and what is not is "?"
 * @type: kvm, qemu, xen
 * @os_type: text of <os><type>: hvm, linux
 * @os_id: libosinfo's, as "http://microsoft.com/win/10"; empty: none is given
 * @clock_offset: of <clock>: utc, localtime, timezone, variable
 * @timers: by enum domain_timer_name
 * @invtsc: the CPU feature's policy: 1: require or force, 0: another; not known: not named
 * @hyperv: <hyperv> is there
 * @vpindex, @synic, @stimer: features of Hyper-V that are on
 */
struct domain {
	char name[64], type[16], os_type[16], os_id[128], clock_offset[16];
	struct domain_timer timers[TIMER_COUNT];
	struct figure invtsc;
	bool hyperv, vpindex, synic, stimer;
};

/* The name of a timer in XML. */
const char *domain_timer_name(enum domain_timer_name timer);

/**
 * domain_parse() - parse what "virsh dumpxml" prints
 * @error: what is wrong, with the line's number
 *
 * Takes at most a megabyte, 32 levels, and no DOCTYPE, which libvirt never writes: entities
 * could grow without limit.
 *
 * Return: whether it is a domain.
 */
bool domain_parse(const char *xml, size_t size, struct domain *domain, char error[128]);

/* The same of a file. */
bool domain_read(const char *path, struct domain *domain, char error[128]);

#endif /* TSCOPE_DOMAIN_XML_H */
