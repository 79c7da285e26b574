/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check: what the doctor looks at, one table; and what it found.
 *
 * A check is a pure function from facts to findings. What it looks at and what mends it
 * stand in the table: help, JSON and manual say the same words.
 */
#ifndef RULES_DOCTOR_CHECK_H
#define RULES_DOCTOR_CHECK_H

#include "rules/doctor/facts.h"

/* X(id, name, what it looks at, the usual remedy). In a remedy IF, SINK and PROGRAM
 * stand for what the finding is about. */
#define CHECKS(X) \
	X(INTERFACE, "interface", "the interface is there, switched on and plugged in", \
	    "ip link set IF up") \
	X(CAPABILITY, "capability", "the program may capture: root or CAP_NET_RAW", \
	    "setcap cap_net_raw+ep PROGRAM") \
	X(OFFLOADS, "offloads", "GRO and LRO, which join packets before they are counted", \
	    "ethtool -K IF gro off lro off") \
	X(MTU, "mtu", "MTU and snap length: frames refused for their length, or cut", \
	    "ip link set IF mtu 9216") \
	X(LOSS, "loss", "packets lost by kernel or interface while listening", \
	    "ethtool -G IF rx 4096") \
	X(MIRROR, "mirror", "traffic between other hosts arrives", \
	    "set the switch to mirror the router's port, both directions, to the port of IF") \
	X(BOTH_WAYS, "both-ways", "conversations are heard in both directions", \
	    "set the mirror session to both directions; with a TAP name both halves: -i IF,...") \
	X(VLAN, "vlan", "tags are on both directions or on none", \
	    "set the mirror session to keep tags in both directions, or in neither") \
	X(DUPLICATES, "duplicates", "packets that come twice within 20 ms", \
	    "mirror one port instead of a VLAN, or only what it receives") \
	X(NAT, "nat", "uploads come from many addresses, not from behind one", \
	    "move the mirror to the inside of the address translation") \
	X(HOME, "home", "packets cross between the office's networks and outside", \
	    "--home 10.1.0.0/16,...: the networks of this office") \
	X(CHECKSUMS, "checksums", "packets are whole; those of this host may lack a checksum", \
	    "look at cable and mirror port: ethtool -S IF") \
	X(CLOCK, "clock", "the clock is synchronised, and packets carry its time", \
	    "timedatectl set-ntp true") \
	X(DISK, "disk", "the state folder can be written and has room", \
	    "--state FOLDER: one that may be written, with 1 GiB free") \
	X(RULES, "rules", "rules and the files they name compile", \
	    "earshot rules check") \
	X(INVENTORY, "inventory", "the inventory is there, and not old", \
	    "--inventory csv:FILE: a fresh export of the office's devices") \
	X(OUTPUT, "output", "files can be appended to, sockets have a listener", \
	    "-o: another place, or make this one writable for the sensor's user") \
	X(REDIS, "redis", "the Redis answers and takes writes", \
	    "systemctl start redis-server") \
	X(REDIS_VERSION, "redis-version", "Redis 7.0 or later, or Valkey", \
	    "install Redis 7.0 or later") \
	X(REDIS_POLICY, "redis-policy", "a full Redis refuses events and evicts none", \
	    "redis-cli config set maxmemory-policy noeviction") \
	X(REDIS_PERSISTENCE, "redis-persistence", "events outlive a restart of the Redis", \
	    "redis-cli config set appendonly yes") \
	X(REDIS_ACL, "redis-acl", "its user may do what is needed, and not everybody is it", \
	    "ACL SETUSER earshot on >SECRET ~{ear:*}* +fcall +ping +function") \
	X(REDIS_FUNCTION, "redis-function", "the Function of this version is loaded", \
	    "earshot redis init SINK") \
	X(REDIS_LAG, "redis-lag", "consumer groups keep up with their streams", \
	    "start the consumers, or remove groups nobody reads: XGROUP DESTROY")

enum check {
#define X(id, name, looks_at, remedy) CHECK_##id,
	CHECKS(X)
#undef X
	CHECK_COUNT
};

/* UNKNOWN: it could not be looked at, or too little was heard; the finding says which. */
#define GRADES(X) X(OK, "OK") X(WARN, "WARN") X(FAIL, "FAIL") X(UNKNOWN, "?")

enum grade {
#define X(id, name) GRADE_##id,
	GRADES(X)
#undef X
	GRADE_COUNT
};

const char *check_name(enum check c);
const char *check_looks_at(enum check c);
const char *check_remedy(enum check c);
const char *grade_name(enum grade g);

struct finding {
	enum check check;
	enum grade grade;
	char about[256];	/* interface, sink, folder; may be "" */
	char what[512];
	char remedy[400];	/* "" when there is nothing to mend */
};

#define FINDINGS_MOST 256
#define BLIND_MOST 12

struct findings {
	struct finding f[FINDINGS_MOST];
	unsigned n;
	/* What this sensor cannot see, one sentence each. */
	char blind[BLIND_MOST][256];
	unsigned blinds;
};

/* Judges all; in the order of the table. */
void doctor_judge(const struct doctor_facts *facts, struct findings *out);
unsigned findings_of(const struct findings *f, enum grade g);

/* ---- for the judges ---- */

/* One finding; WARN and FAIL get the table's remedy, about put in. */
struct finding *find(struct findings *out, enum check c, enum grade g, const char *about,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Another remedy than the usual one. */
void find_remedy(struct finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void judge_ifaces(const struct doctor_facts *facts, struct findings *out);
void judge_wire(const struct doctor_facts *facts, struct findings *out);
void judge_host(const struct doctor_facts *facts, struct findings *out);
void judge_redis(const struct doctor_facts *facts, struct findings *out);
void judge_blind(const struct doctor_facts *facts, struct findings *out);

#endif
