/* SPDX-License-Identifier: GPL-2.0 */
/* domain_xml.h: what a libvirt domain's XML says of the guest's clocks */
#ifndef TSCOPE_DOMAIN_XML_H
#define TSCOPE_DOMAIN_XML_H

#include "snapshot.h"

enum domain_timer_name {
	TIMER_RTC, TIMER_PIT, TIMER_HPET, TIMER_TSC, TIMER_KVMCLOCK, TIMER_HYPERVCLOCK, TIMER_COUNT
};

/* Attributes of <timer>; an attribute that is absent is empty. */
struct domain_timer {
	bool there;
	char present[4], tickpolicy[16], mode[16];
	struct count frequency_hz;
};

/**
 * struct domain - what concerns clocks; texts are printable ASCII, other characters become "?"
 * @type: kvm, qemu, xen
 * @os_type: text of <os><type>: hvm, linux
 * @os_id: libosinfo's id, such as "http://microsoft.com/win/10"; empty: none is given
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
 * @error: filled with what is wrong, with the line's number
 *
 * Accepts at most 1 MiB and 32 levels, and no DOCTYPE: libvirt never writes one, and entities in it
 * could grow without limit.
 *
 * Return: whether it is a domain.
 */
bool domain_parse(const char *xml, size_t size, struct domain *domain, char error[128]);

/* Read and parse a file. */
bool domain_read(const char *path, struct domain *domain, char error[128]);

#endif /* TSCOPE_DOMAIN_XML_H */
