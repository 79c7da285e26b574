/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * back: the clock of the capture was set back, or a capture file is followed by an older
 * one. Owns what that means to flows and windows; sums and limits see it in their records.
 *
 * Packet time never goes back for a packet or two: they count as of now. When all of
 * BACK_PACKETS in a row are more than BACK_NS old, the clock that says so is believed. What
 * is open is closed and told by the old clock, as at the end of an input, and everything
 * that would wait for a time that is now far ahead begins anew; else nothing would end,
 * and no window close, until the clock has caught up: hours, or a year.
 */
#include "classify/observer/state.h"

#define BACK_NS (60 * NS_PER_S)		/* more than interfaces and files are apart */
#define BACK_PACKETS 16

static void
forget(struct observer *o)
{
	struct domain_key domain;
	void *at;

	o->copies.n = 0;
	while ((at = table_oldest(o->meters)) != NULL) {
		((struct meter_ext *)at)->serial = 0;
		table_remove(o->meters, at);
	}
	while ((at = table_oldest(o->sockets)) != NULL) {
		((struct socket_ext *)at)->serial = 0;
		table_remove(o->sockets, at);
	}
	while ((at = table_oldest(o->hosts)) != NULL) {
		name_drop(o, &((struct host_ext *)at)->domain);
		table_remove(o->hosts, at);
	}
	while ((at = table_oldest(o->domains)) != NULL) {
		domain = *(const struct domain_key *)table_key(at);
		table_remove(o->domains, at);
		name_drop(o, &domain.domain);
	}
}

void
clock_look(struct observer *o, struct pkt_time at)
{
	if (!o->started || at.ns >= o->now.ns - BACK_NS) {
		o->behind = 0;
		return;
	}
	if (++o->behind < BACK_PACKETS)
		return;
	o->behind = 0;
	o->backs++;
	observer_finish(o);
	forget(o);
	flowtab_back(o->flows, at);
	o->now = at;
	o->next_step = pkt_time_add(at, STEP_NS);
	o->tap.asking = o->tap.near_asking = (struct pkt_time){ 0 };
	if (o->loss_until.ns > at.ns + 10 * NS_PER_S)
		o->loss_until = pkt_time_add(at, 10 * NS_PER_S);
}
