/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * look: gathers facts from this host and from the wire. Whatever cannot be looked at
 * stays unknown; nothing here fails. Changes nothing, writes nothing but a file it
 * removes.
 */
#ifndef RULES_DOCTOR_LOOK_H
#define RULES_DOCTOR_LOOK_H

#include "rules/doctor/facts.h"

/* "eth0,eth1" into facts->iface, and what the kernel says of each. */
void look_ifaces(struct doctor_facts *facts, const char *names);
void look_rights(struct doctor_facts *facts);
void look_clock(struct doctor_facts *facts);
/* facts->state names the folder; a part of it that is not there yet is taken off. */
void look_disk(struct doctor_facts *facts);
/* A file to append to, or a unix socket to connect to; leaves no file where none was. */
void look_output(struct doctor_facts *facts, const char *name, const char *path,
    bool is_socket);

struct listen_options {
	int64_t ns;			/* how long */
	const char *filter;		/* NULL: everything */
	unsigned snaplen;		/* 0: the source's own */
	struct zone zone;		/* who is inside */
	volatile const int *stop;	/* not 0: enough heard; may be NULL */
};

/* Opens each interface that is up with the source of the sensor, and listens to all of
 * them at once, without its sandbox. */
void listen_ifaces(struct doctor_facts *facts, const struct listen_options *o);

#endif
