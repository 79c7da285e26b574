/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * facts: what the doctor looked at, before anybody judges. One struct, gathered by
 * look_*.c and listen.c, judged by judge_*.c: a test writes it by hand.
 */
#ifndef RULES_DOCTOR_FACTS_H
#define RULES_DOCTOR_FACTS_H

#include "capture/base/fault.h"
#include "rules/doctor/heard.h"
#include "rules/event/redis_admin.h"

#include <net/if.h>

#define DOCTOR_IFACES 8
#define DOCTOR_SINKS 8
#define DOCTOR_PATH 1024

struct iface_facts {
	char name[IFNAMSIZ];
	bool exists, up, carrier;
	bool any;		/* the pseudo-interface: nothing of its own to look at */
	bool loopback;
	unsigned mtu, snaplen;
	bool offloads_known, gro, lro;
	bool opened;		/* was listened to... */
	struct fault refused;	/* ...or why not */
	uint64_t frames, cut, longest, joined;	/* joined: longer than the MTU allows */
	uint64_t kernel_drops, iface_drops;	/* while listening; UINT64_MAX: unknown */
	uint64_t too_long;	/* refused by the interface for their length */
};

struct redis_facts {
	char target[256];
	bool reached;
	struct fault why;
	struct redis_look look;
};

struct doctor_facts {
	struct iface_facts iface[DOCTOR_IFACES];
	unsigned ifaces;
	bool may_capture;	/* root's rights or CAP_NET_RAW */
	char program[DOCTOR_PATH];
	bool listened;
	int64_t listened_ns;
	struct heard_counts heard;

	bool clock_known, clock_synchronised;
	bool offset_known;
	int64_t offset_ns; /* wall clock minus packet time, the least that was seen */

	char state[DOCTOR_PATH]; /* the folder, or the nearest above it that is there */
	int state_errno;	/* why it cannot be written; 0: it can */
	uint64_t state_free;	/* bytes */

	bool rules_compile;
	unsigned rules, rule_errors;
	struct fault rules_why;
	bool home_said;		/* by the rules or --home */

	bool inventory;
	char inventory_path[DOCTOR_PATH];
	bool inventory_age_known;
	int64_t inventory_age_s;
	unsigned devices;

	struct {
		char name[256];
		bool socket;
		int error;		/* errno of trying it; 0: it can be used */
	} output[DOCTOR_SINKS];		/* files and unix sockets */
	unsigned outputs;

	struct redis_facts redis[DOCTOR_SINKS];
	unsigned redises;
};

#endif
