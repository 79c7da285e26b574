/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seglog: an append-only log of segments in one folder, with an acknowledged position.
 *
 *	DIR/lock                    held while open; names the process
 *	DIR/acked                   last acknowledged number, le64, and its CRC32C
 *	DIR/<first number, 16 hex digits>.seg
 *
 *	segment:  "earseg1\n"  le64 first number  record*
 *	record:   le32 length  le32 crc  le64 number  bytes[length]
 *
 * The CRC32C runs over length, number and bytes. Numbers count up by one from 1 and are
 * never given twice. A record is whole or it is not there: a torn tail is cut when the
 * log is opened, a damaged place in the middle is stepped over and counted, whatever the
 * file holds.
 *
 * Whole acknowledged segments are kept for a while (so that a server that lost its tail
 * can be healed) and then removed. Above the cap the oldest segment goes, acknowledged or
 * not; each record that nobody acknowledged is handed to `dropped` first. A full disk is
 * a state: the record is refused and counted, the next one tries again.
 *
 * No clock: time is passed in. One caller, one thread.
 */
#ifndef RULES_EVENT_SEGLOG_H
#define RULES_EVENT_SEGLOG_H

#include "capture/base/fault.h"
#include "capture/base/ptime.h"
#include "capture/base/span.h"

#define SEGLOG_RECORD_MAX (256u << 10)	/* admits the longest event many times over;
					 * a length above it in a file is damage,
					 * not a promise */

struct seglog;

struct seglog_options {
	const char *dir;		/* made when it is not there, 0700 */
	const char *what;		/* in messages; NULL: "spool" */
	uint64_t segment_bytes;		/* 0: 8 MiB, or an eighth of the cap */
	uint64_t cap_bytes;		/* 0: 256 MiB */
	uint64_t keep_bytes;		/* of acknowledged segments; 0: 64 MiB */
	int64_t keep_ns;		/* 0: ten minutes */
	/* Nobody acknowledges (a store): what goes above the cap is no loss and is not
	 * read first; of the segments that are there only the newest is looked at when
	 * the log is opened, damage in the others is met when they are read. */
	bool rolling;
	struct span first;		/* every segment begins with this record;
					 * lent for the log's life; empty: none */
	struct loop_time now;
	void *arg;
	void (*dropped)(void *arg, uint64_t number, struct span bytes);	/* may be NULL */
};

struct seglog_counts {
	uint64_t appended, refused;	/* refused: no room on the disk */
	uint64_t dropped;		/* above the cap, never acknowledged */
	uint64_t cut;			/* bytes of a torn tail, cut when opened */
	uint64_t damaged;		/* places in the middle that
					 * had to be stepped over */
	uint64_t sync_failed;
	bool full;			/* the last append found no room */
};

enum seglog_read { SEGLOG_RECORD, SEGLOG_END, SEGLOG_FAILED };

struct seglog *seglog_open(const struct seglog_options *o, struct fault *why);
void seglog_close(struct seglog *s);	/* syncs; the files stay */
void seglog_remove(struct seglog *s);	/* closes and removes all files and the folder */

/* Two pieces, one record. 0 and its number, or -1: no room (errno says why). */
int seglog_append(struct seglog *s, struct span head, struct span body,
    struct loop_time now, uint64_t *number);

/* Oldest record that is there, and the number the next one gets. Equal:
 * nothing is there. */
uint64_t seglog_first(const struct seglog *s);
uint64_t seglog_next(const struct seglog *s);

/* The first record with this number or a later one; *number is its own. The bytes are
 * lent until the next call of any function of this log. Reading on from the record before
 * costs nothing extra. */
enum seglog_read seglog_read(struct seglog *s, uint64_t from, uint64_t *number,
    struct span *out);

/* By the file's time of last writing, ns since 1970: the first record of the first segment
 * that was written to since then; removes whole segments written to before, but never the
 * one that is being written, and says how many. */
uint64_t seglog_since(const struct seglog *s, int64_t wall_ns);
size_t seglog_expire(struct seglog *s, int64_t wall_ns);

/* All up to this number is acknowledged. Never goes back. */
void seglog_ack(struct seglog *s, uint64_t through, struct loop_time now);
uint64_t seglog_acked(const struct seglog *s);

/* The oldest segment goes, unless it is the one that is written to; acked_only: unless
 * something in it was not acknowledged. What was not is handed to `dropped` first. */
bool seglog_shed(struct seglog *s, bool acked_only);

/* Once a second: what was written goes to the disk, what was kept long enough goes. */
void seglog_tick(struct seglog *s, struct loop_time now);

uint64_t seglog_bytes(const struct seglog *s);
const struct seglog_counts *seglog_counts(const struct seglog *s);
const char *seglog_dir(const struct seglog *s);

/* ---- one segment's bytes, without a file:
 * what the log and its tests are made of ---- */

struct crc32c;

#define SEGLOG_SEGMENT_HEAD 16u
#define SEGLOG_RECORD_HEAD 16u

void seglog_head_put(const struct crc32c *c, uint8_t out[SEGLOG_RECORD_HEAD],
    uint64_t number, struct span head, struct span body);
/* Takes one record whose number is least..most; false: none stands here. */
bool seglog_record_take(const struct crc32c *c, struct span *at, uint64_t least,
    uint64_t most, uint64_t *number, struct span *out);
/* Steps over damage to the next place where a record stands. False: there is none. */
bool seglog_resync(const struct crc32c *c, struct span *at, uint64_t least,
    uint64_t most);

#endif
