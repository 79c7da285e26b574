/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dpi: nDPI in a cell. What a flow is, from a process that may die at any packet.
 *
 * The supervisor calls dpi_cell_start: it initialises nDPI in a zygote (a child), which
 * forks a cell, watches it and forks the next when it dies or spends 250 ms of its own
 * CPU time on one packet. Sensor and cell share two rings and a small page of counters;
 * nothing else.
 *
 * The sensor calls dpi_packet for payload-carrying packets of a flow while dpi_wants says
 * so (the first DPI_PACKETS, none after the verdict), and dpi_sync before a step of
 * packet time is judged: it waits until the cell has answered all that was sent, and
 * hands on verdicts in the order of the packets that led to them. Results are applied in
 * dpi_sync and nowhere else, so that the same packets give the same results however fast
 * the cell was.
 *
 * When a cell dies on a packet, the flow of that packet is quarantined (on_quarantine),
 * and all other undecided flows are fed again from their kept first packets (4 KiB a
 * flow, 16 MiB in all; a flow whose packets were not all kept gets its verdict from those
 * that were, and is closed as "class unknown" when none was). 20 deaths in 10 s of packet
 * time trip the breaker: no packet goes to the cell for 60 s of packet time.
 *
 * Packets on known killers' form (DTLS certificates; DNS over 512 bytes of a UDP
 * datagram) are not handed on unless pass_killers is set (an option, so that tests can
 * switch it off). What is handed on is cut at 9,216 bytes, padded with 256 zeros, and its
 * IP length mended to what was captured. What comes back is checked as hostile input.
 *
 * Every flow that was opened (state DPI_OPEN) ends in exactly one callback:
 * on_quarantine, or on_verdict, with an empty app and confidence "none" when it was given
 * up (the cell is gone, the breaker tripped, its packets were not all kept). A flow that
 * could not even be opened (no slot, breaker open, no classifier) goes from DPI_NEW to
 * DPI_GIVEN_UP without one.
 */
#ifndef CLASSIFY_DPI_DPI_H
#define CLASSIFY_DPI_DPI_H

#include "capture/base/fault.h"
#include "capture/flow/flow.h"

#define DPI_PACKETS 24
#define DPI_HOST_MAX 80

struct dpi_cell;	/* shared memory and the zygote, seen from supervisor or sensor */
struct dpi;		/* the sensor's side */

struct dpi_cell_options {
	size_t slots;		/* undecided flows at a time; 0: 32768 */
	bool none;		/* no nDPI at all: every flow is "not
				 * classified" (rules go on) */
};

struct dpi_counters {	/* cumulative, readable by sensor and supervisor at any time */
	uint64_t packets, deaths, hangs, refed, refeed_lost, breaker_trips, filtered;
	uint64_t no_slot;	/* flows that found no slot: never classified */
	int cell_pid;		/* of the running cell, 0 when there is none now */
	bool cell_seccomp;	/* as the last one that started said */
	int cell_landlock_abi;
};

/* Before the sensor is forked. Warms up nDPI and every library it opens files with. */
struct dpi_cell *dpi_cell_start(const struct dpi_cell_options *o, struct fault *why);
void dpi_cell_stop(struct dpi_cell *c);		/* by the supervisor:
						 * ends zygote and cell */
void dpi_cell_counters(const struct dpi_cell *c, struct dpi_counters *out);
int dpi_cell_zygote_pid(const struct dpi_cell *c);
/* By the supervisor, which has buried a child: was it the zygote? Then it is forgotten;
 * *why says what it said of itself, if anything. */
bool dpi_cell_buried(struct dpi_cell *c, int pid, struct fault *why);
/* After that: forks the next zygote and does not wait for it. The flows that the cell was
 * reading are fed again, none is blamed. -1 and *why when there can be none. */
int dpi_cell_again(struct dpi_cell *c, struct fault *why);

/* Per-flow state, inside flow_user. Zeroed is new. */
struct dpi_flow {
	uint32_t slot;		/* 0: none */
	uint16_t sent;		/* packets handed to the cell or kept for it */
	uint8_t state;		/* enum dpi_state */
};

enum dpi_state { DPI_NEW, DPI_OPEN, DPI_DECIDED, DPI_QUARANTINED, DPI_GIVEN_UP };

struct dpi_result {
	char app[32];		/* our vocabulary: most specific name; "" = unknown */
	char master[32];	/* what carries it ("tls" under "whatsapp"); "" = none */
	char category[32];
	enum confidence_word confidence;
	uint64_t risks;		/* bits of our risk words */
	char host[DPI_HOST_MAX];	/* SNI, Host or query as seen; "" = none;
					 * unsafe bytes kept */
	bool quic;		/* host came out of a QUIC initial */
};

struct dpi_options {
	struct dpi_cell *cell;	/* lent */
	bool pass_killers;
	size_t kept_flow;	/* 0: 4096 bytes */
	size_t kept_all;	/* 0: 16 MiB */
	void *arg;
	/* cookie: the pointer dpi_packet was given. Called inside dpi_sync, dpi_end. */
	void (*on_verdict)(void *arg, void *cookie, const struct dpi_result *r);
	void (*on_quarantine)(void *arg, void *cookie, uint64_t ordinal);
};

struct dpi *dpi_create(const struct dpi_options *o, struct fault *why);
void dpi_destroy(struct dpi *d);

static inline bool
dpi_wants(const struct dpi_flow *f)
{
	return f->state <= DPI_OPEN && f->sent < DPI_PACKETS;
}

void dpi_packet(struct dpi *d, struct dpi_flow *f, void *cookie,
    const struct flow_hit *hit);

/* now: packet time, for the breaker. Returns the number of verdicts handed on. */
unsigned dpi_sync(struct dpi *d, struct pkt_time now);

/* The flow ends: an undecided one is asked for a last guess (on_verdict may be called).
 * After this the cookie is never used again. */
void dpi_end(struct dpi *d, struct dpi_flow *f, struct pkt_time now);

bool dpi_broken(const struct dpi *d);		/* the breaker is open */
void dpi_get_counters(const struct dpi *d, struct dpi_counters *out);

/* By port, when there is no classifier: "https" ports and so on;
 * "" when it says nothing. */
const char *app_by_port(uint8_t proto, uint16_t port);

#endif
