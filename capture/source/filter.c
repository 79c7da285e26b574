/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter: libpcap compiles, libpcap runs; owns the words when an expression is wrong. */
#include "capture/source/filter.h"

#include <string.h>

/* The longest capture a compiled "accept" may say; libpcap's own MAXIMUM_SNAPLEN. */
#define FILTER_SNAPLEN 262144

int
filter_fault(const char *text, const char *said, struct fault *why)
{
	return fault_set(why,
	    "'man pcap-filter' explains the language; for example 'tcp port 443'",
	    "cannot use the filter '%s': %s", text, said);
}

int
filter_compile(struct filter *f, const char *text, int link_type, struct fault *why)
{
	pcap_t *p;
	int r;

	f->on = false;
	if (text == NULL || *text == '\0')
		return 0;
	p = pcap_open_dead(link_type, FILTER_SNAPLEN);
	if (p == NULL)
		return fault_set(why, NULL, "no memory for the filter '%s'", text);
	r = pcap_compile(p, &f->program, text, 1, PCAP_NETMASK_UNKNOWN);
	if (r == -1)
		(void)filter_fault(text, pcap_geterr(p), why);
	else
		f->on = true;
	pcap_close(p);
	return r == -1 ? -1 : 0;
}

void
filter_clear(struct filter *f)
{
	if (f->on)
		pcap_freecode(&f->program);
	f->on = false;
}
