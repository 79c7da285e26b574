/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter: libpcap compiles, libpcap runs; owns the words when an expression is wrong. */
#include "capture/source/filter.h"
#include "capture/decode/decode.h"

#include <stdlib.h>
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

struct one_link {
	int type;
	bool wrong;
	struct filter filter;
	struct fault why;		/* when it is wrong */
};

struct filters {
	unsigned n, last;		/* last: whose turn it was */
	struct one_link link[];
};

int
filters_compile(struct filters **out, const char *text, struct fault *why)
{
	struct filters *s;
	struct one_link *l;
	unsigned n, right = 0;

	*out = NULL;
	if (text == NULL || *text == '\0')
		return 0;
	for (n = 0; decode_link_type(n) != -1; n++)
		continue;
	s = calloc(1, sizeof(*s) + n * sizeof(s->link[0]));
	if (s == NULL)
		return fault_set(why, NULL, "no memory for the filter '%s'", text);
	s->n = n;
	for (n = 0; n < s->n; n++) {
		l = &s->link[n];
		l->type = decode_link_type(n);
		l->wrong = filter_compile(&l->filter, text, l->type, &l->why) == -1;
		right += !l->wrong;
	}
	if (right == 0) {
		/* The first is Ethernet, which can express most. */
		(void)fault_set(why, s->link[0].why.remedy, "%s", s->link[0].why.what);
		filters_destroy(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
filters_destroy(struct filters *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n; i++)
		filter_clear(&s->link[i].filter);
	free(s);
}

static const struct one_link *
find(struct filters *s, int link_type)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->link[i].type == link_type) {
			s->last = i;
			return &s->link[i];
		}
	}
	return NULL;
}

int
filters_check(const struct filters *s, int link_type, struct fault *why)
{
	if (s == NULL)
		return 0;
	for (unsigned i = 0; i < s->n; i++)
		if (s->link[i].type == link_type && s->link[i].wrong)
			return fault_set(why, s->link[i].why.remedy,
			    "%.400s; packets of %s are to pass it", s->link[i].why.what,
			    decode_link_name(link_type));
	return 0;
}

enum filters_say
filters_say(struct filters *s, const struct frame *f)
{
	const struct one_link *l;

	if (s == NULL)
		return FILTERS_PASS;
	l = s->link[s->last].type == f->link_type ? &s->link[s->last] :
	    find(s, f->link_type);
	if (l == NULL)
		return FILTERS_OUT;
	if (l->wrong)
		return FILTERS_WRONG;
	return filter_pass(&l->filter, f->bytes, f->cap, f->wire) ? FILTERS_PASS :
	    FILTERS_OUT;
}
