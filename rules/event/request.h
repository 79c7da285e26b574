/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request: what is asked on the control socket. One line, as words or as JSON:
 *
 *	flows device lobby app tls min 1MB
 *	{"command":"flows","device":"lobby","app":"tls","min":1000000}
 *
 * REQUEST_COMMANDS and REQUEST_KEYS are the parser, the help and the manual's tables.
 * Pure; whoever sends a line may be hostile.
 */
#ifndef RULES_EVENT_REQUEST_H
#define RULES_EVENT_REQUEST_H

#include "capture/base/addr.h"
#include "capture/base/fault.h"
#include "capture/base/span.h"

#define REQUEST_BYTES 4096		/* of a line; no request is nearly as long */
#define REQUEST_ROWS 1000		/* of a reply */

/* X(id, word, what comes behind it, meaning) */
#define REQUEST_COMMANDS(X) \
	X(STATUS, "status", "", "how the sensor is") \
	X(FLOWS, "flows", "[FILTER]", "the flows that are there now, most bytes up first") \
	X(DEVICE, "device", "NAME|IP|MAC", "what a device did in the last 24 hours") \
	X(STATS, "stats", "", "what was counted, and lost by cause, as totals and rates") \
	X(RELOAD, "reload", "", "read rules, lists and inventory again") \
	X(HELP, "help", "", "the commands and the filter's words")

enum request_command {
#define X(id, word, arg, meaning) REQUEST_##id,
	REQUEST_COMMANDS(X)
#undef X
	REQUEST_COMMAND_COUNT
};

/* X(id, word, argument, meaning). The filter of `flows`; DEVICE also names the device. */
#define REQUEST_KEYS(X) \
	X(DEVICE, "device", "TEXT", "its name, key or address holds this") \
	X(DEST, "dest", "TEXT", "the destination's name, key or address holds this") \
	X(APP, "app", "NAME", "application protocol") \
	X(PROTO, "proto", "NAME", "tcp, udp, icmp or other") \
	X(MIN, "min", "BYTES", "at least so much went up: 500, 4kB, 1.5MB, 2GB") \
	X(INSIDE, "inside", "IP|NET", "the inside address is this, or in this network") \
	X(SORT, "sort", "up|down|last", "by bytes up, bytes down or the last record") \
	X(LIMIT, "limit", "N", "rows, 1 to 1000; 50 when it is not said")

enum request_key {
#define X(id, word, arg, meaning) REQUEST_KEY_##id,
	REQUEST_KEYS(X)
#undef X
	REQUEST_KEY_COUNT
};

struct request {
	enum request_command command;
	char device[256], dest[256], app[64];	/* "": any */
	int proto;			/* enum transport_word; -1: any */
	uint64_t min;
	struct prefix inside;
	bool has_inside;
	char sort;			/* 'u', 'd', 'l' */
	unsigned limit;
};

/* 0, or -1 and *why with a remedy. line: without its newline. */
int request_parse(struct span line, struct request *out, struct fault *why);

extern const char *const request_command_word[REQUEST_COMMAND_COUNT];

#endif
