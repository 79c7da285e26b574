/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cell: what the processes of this room share. Internal to classify/dpi and its tests.
 *
 * Three pages and two rings are mapped before anything is forked. Each page has one
 * writer; the cell makes the zygote's and the sensor's page read-only for itself before
 * it enters its sandbox, so what those two tell each other cannot be forged. Everything
 * the cell writes (its page, both rings) is hostile to whoever reads it.
 *
 * A cell's life, by its number (generation, from 1):
 *   zygote   cell_gen = g, forks
 *   cell     enters the sandbox, paused_gen = g, waits
 *   sensor   sees paused_gen = g, empties both rings, ready_gen = g
 *   cell     reads packets; reading = n before the n-th packet, finished = n after its
 *   answer zygote   after its death: dead_reading, dead_finished, then dead_gen = g, and
 *   the next sensor   may ask for a death by kill_gen = g; home_gen = g when it is a new
 *            sensor that only wants a cell without its predecessor's flows (not counted
 *            as a death)
 */
#ifndef CLASSIFY_DPI_CELL_H
#define CLASSIFY_DPI_CELL_H

#include "capture/proc/ring.h"
#include "classify/dpi/dpi.h"

#include <stdatomic.h>
#include <sys/types.h>

#define CELL_PACKET_MAX 9216u	/* longer ones are cut: a 65 kB DNS
				 * message spins libndpi 4.2 */
#define CELL_PADDING 256u	/* zeros behind a packet: dissectors read over the end */
#define CELL_SLOTS 32768u
#define CELL_HANG_NS (250 * NS_PER_MS)

enum zygote_state { ZYGOTE_STARTING, ZYGOTE_READY, ZYGOTE_FAILED };

struct zygote_page {
	_Atomic uint32_t state, cell_gen, dead_gen, beat;
	_Atomic int32_t cell_pid;
	_Atomic uint64_t deaths, hangs;
	/* what the last cell that was fed read and finished:
	 * kept here before the next one uses its page */
	_Atomic uint64_t dead_reading, dead_finished;
	struct fault why;		/* of ZYGOTE_FAILED */
};

struct sensor_page {
	_Atomic uint32_t ready_gen, kill_gen, home_gen;
	_Atomic uint64_t packets, refed, refeed_lost, breaker_trips, filtered, no_slot;
};

struct cell_page {
	_Atomic uint32_t paused_gen;
	_Atomic uint64_t reading, finished;
	_Atomic uint32_t sandbox;	/* 1: system calls are filtered; << 8: Landlock's
					 * version; as the cell said at its start */
	char why[256];			/* why it could not start; may lack its NUL */
};

enum cell_kind { CELL_FEED = 1, CELL_GIVEUP };
enum { CELL_FROM_CLIENT = 1, CELL_MIDSTREAM = 2 };

/* To the cell: this head, then the packet from its IP header on. */
struct cell_packet {
	uint64_t seq;			/* from 1, never used twice in a cell's life */
	int64_t time_ms;
	uint32_t slot, tag;		/* tag: which use of the slot */
	uint16_t kind, flags;
	uint32_t len;
};

/* From the cell: the answer about one flow. Names are the library's own. */
struct cell_result {
	uint32_t slot, tag;
	uint64_t risks;			/* our bits */
	uint8_t confidence, quic;
	char app[46], master[40], category[40];
	char host[DPI_HOST_MAX];
};

/* The classifier inside the cell. Tests bring their own that crash and spin. */
struct classifier_ops {
	void *(*create)(struct fault *why);	/* in the zygote: also warms up */
	void (*destroy)(void *c);
	void *(*open)(void *c);			/* a flow; NULL: no memory */
	/* True: decided, *out is filled. l3 is followed by CELL_PADDING zeros. */
	bool (*feed)(void *c, void *flow, const uint8_t *l3, size_t len, uint64_t ms,
	    unsigned flags, struct cell_result *out);
	void (*giveup)(void *c, void *flow, struct cell_result *out);
	void (*close)(void *c, void *flow);
};

struct dpi_cell {
	struct ring *packets, *results;
	struct zygote_page *zygote;
	struct sensor_page *sensor;
	struct cell_page *cell;
	const struct classifier_ops *ops;
	uint32_t slots;
	bool none;
	pid_t pid;			/* the zygote's */
};

/* dpi_cell_start with a classifier of the caller's. */
struct dpi_cell *dpi_cell_start_with(const struct dpi_cell_options *o,
    const struct classifier_ops *ops, struct fault *why);

/* The child's whole life; never returns. generation: which cell this is. */
void cell_main(struct dpi_cell *c, void *classifier, uint32_t generation, pid_t parent)
	__attribute__((noreturn));

/* True when the message is a result that can be believed as far as
 * lengths and ranges go. */
bool cell_result_parse(struct span message, uint32_t slots, struct cell_result *out);

/* The result in our words: names cleaned. */
void cell_result_words(const struct cell_result *r, struct dpi_result *out);

/* What the cell is sent of a packet: copies at most CELL_PACKET_MAX bytes from the IP
 * header on, lengths mended to what is there. 0: nothing a classifier could read. */
size_t cell_packet_rebuild(const struct packet *pkt, uint8_t *out);

/* A datagram on the form of those that kill or stall libndpi 4.2. */
bool cell_packet_kills(const struct packet *pkt);

/* Futexes on the pages: shared between processes. */
void cell_wake(_Atomic uint32_t *word);
void cell_wait(_Atomic uint32_t *word, uint32_t seen, int timeout_ms);

#endif
