/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source: where frames come from, behind one set of operations.
 *
 * Kinds: a capture file (classic pcap by a block reader of our own; pcapng and
 * whatever else libpcap knows through libpcap; either byte order, microseconds or
 * nanoseconds; zstd and gzip by their magic; "-" is standard input), many of these as
 * one, a live interface (libpcap), several of them as one, and frames a test wrote.
 *
 * source_dispatch hands on at most `budget` frames and returns how many; 0 is a normal
 * answer on a wire (nothing to read now) and SOURCE_END, SOURCE_FAULT say that no more
 * will come. A file that ends in the middle of a packet gives all whole packets, then
 * SOURCE_FAULT with the offset in *why: nothing already read is lost.
 */
#ifndef CAPTURE_SOURCE_SOURCE_H
#define CAPTURE_SOURCE_SOURCE_H

#include "capture/base/fault.h"
#include "capture/source/frame.h"

#include <stdbool.h>
#include <stddef.h>

/* The remedy where a link type is none of decode_frame's. */
#define SOURCE_READS "earshot reads Ethernet, Linux cooked, loopback, raw IP, 802.11 and PPP"

struct source;

enum { SOURCE_END = -1, SOURCE_FAULT = -2 };

typedef void source_frame_fn(void *arg, const struct frame *f);

/* What the source itself lost or saw; cumulative. Unknown values are UINT64_MAX. */
struct source_loss {
	uint64_t kernel_drops;		/* the kernel had no room in the ring */
	uint64_t iface_drops;		/* the interface or its driver dropped */
	uint64_t bytes_read, bytes_total;	/* files; total 0 when unknown (a pipe) */
};

/* One interface of a live source. */
#define SOURCE_IFACES_MOST 16
#define SOURCE_IFACE_NAME 16		/* IFNAMSIZ: room for the name and its NUL */

enum source_iface_state {
	SOURCE_IFACE_HERE,
	SOURCE_IFACE_DOWN,		/* switched off; it is waited for */
	SOURCE_IFACE_RENAMED,		/* listened to, under the name `now` */
	SOURCE_IFACE_AWAY,		/* removed; it is looked for by its name */
	SOURCE_IFACE_STATES
};

struct source_iface {
	char name[SOURCE_IFACE_NAME], now[SOURCE_IFACE_NAME];
	enum source_iface_state state;
	uint64_t packets;		/* that were handed on */
	uint64_t kernel_drops, iface_drops;	/* as in struct source_loss */
};

/* "here", "down", "renamed", "away". */
const char *source_iface_state_name(enum source_iface_state state);

/* Counts that a file made up cannot turn back, nor into "unknown". */
#define SOURCE_DROPS_MOST (UINT64_MAX / 4)

static inline void
source_add_drops(uint64_t *sum, uint64_t drops)
{
	*sum = drops < SOURCE_DROPS_MOST - *sum ? *sum + drops : SOURCE_DROPS_MOST;
}

struct source_ops {
	const char *name;
	unsigned keeps;		/* source_keeps */
	int (*dispatch)(void *src, int budget, source_frame_fn *fn, void *arg,
	    struct fault *why);
	void (*loss)(void *src, struct source_loss *out);
	/* What to poll(2) for reading before the next dispatch: at most `most` descriptors
	 * are put into fds; how many there are. 0 and NULL: always ready. *ms is how long
	 * the caller would wait, and is lowered where the source has something to do
	 * before. Ask anew each time: an interface that went away and came back has another
	 * descriptor. */
	int (*wait)(void *src, int *fds, int most, int *ms);
	/* The interfaces of a live source; as many as fit, how many there are. NULL: 0. */
	int (*ifaces)(void *src, struct source_iface *out, int most);
	/* What a sandbox must leave open: at most `most` of them are put into out; how
	 * many there are. NULL: none. */
	int (*keep_fds)(void *src, int *out, int most);
	void (*destroy)(void *src);
};

/* The general object: a set of operations and what it works on. Takes src over. */
struct source *source_wrap(const struct source_ops *ops, void *src);

int source_dispatch(struct source *s, int budget, source_frame_fn *fn, void *arg,
    struct fault *why);
/* For how many dispatches the bytes of a frame stay where they are: 1, until the one after
 * its own begins; SOURCE_KEEPS of captures that are read here, so that what came can be
 * worked on while more is read; 0 of a wire, until the callback returns. */
#define SOURCE_KEEPS 4
unsigned source_keeps(const struct source *s);
void source_get_loss(struct source *s, struct source_loss *out);
int source_wait(struct source *s, int *fds, int most, int *ms);
int source_get_ifaces(struct source *s, struct source_iface *out, int most);
int source_keep_fds(struct source *s, int *out, int most);
void source_destroy(struct source *s);

/* A capture file by path, or "-" for standard input. filter: a BPF expression or NULL.
 * The file is open when this returns (a sandbox may follow). NULL and *why when it is
 * missing, unreadable, empty, no capture ("'x' is not a capture: it starts with fd 37,
 * xz") or of a link type that decode_frame does not read. Ordinals are the packet's
 * number in the file, also when a filter leaves packets out. 0 frames are handed on when
 * a signal came in between or a filter let none of many pass: ask again. */
struct source *source_open_file(const char *path, const char *filter, struct fault *why);

/* The same, and a pipe that gives nothing is waited for only until stop_fd can be read
 * (-1: for ever); then opening and dispatching answer with a fault. */
struct source *source_open_file_until(const char *path, const char *filter, int stop_fd,
    struct fault *why);

/* Captures as one input: folders (their *.pcap, *.pcapng and *.cap, with .gz or .zst
 * behind; not what lies in folders below) and files by path, in the order of their first
 * packet's time, then of their names, one after another. Ordinals go on from file to
 * file; link types may differ. One path that is no folder is read as
 * source_open_file_until.
 *
 * All files are opened here, for a sandbox forbids it later: at most SOURCE_FILES_MOST,
 * and regular ones (their first packet is read twice). What is wrong with one of many is
 * told while the others are read: harm says that packets may be missing; a file in a
 * folder that is no capture at all, whatever its name, does none. Told at the opening and
 * between two files; tell may not call back. NULL and *why when nothing at all can be
 * read. */
#define SOURCE_FILES_MOST 1024

typedef void source_tell_fn(void *arg, const struct fault *why, bool harm);

struct files_options {
	const char *const *path;
	size_t paths;
	const char *filter;		/* NULL: everything */
	int stop_fd;			/* see source_open_file_until */
	source_tell_fn *tell;		/* NULL: nobody is told */
	void *arg;
};

struct source *source_open_files(const struct files_options *o, struct fault *why);

/* x.pcap, x.pcapng, x.cap, also with .gz or .zst behind: a capture by its name. */
bool source_named_capture(const char *path);

/* A live interface. One that goes down is waited for; one that is removed is opened again
 * by its name as soon as it is back (tried four times a second), with its counters
 * carried on; a dispatch meanwhile answers 0. One that is given another name is listened
 * to as long as no other interface takes the old one. Needs root or CAP_NET_RAW, again at
 * each opening. frame.iface is 0. */
struct live_options {
	const char *iface;
	const char *filter;		/* NULL: everything */
	uint32_t ring_bytes;		/* 0: 64 MiB */
	uint32_t snaplen;		/* 0: 262144 */
	int block_ms;			/* 0: 100; the kernel keeps frames at most
					 * this long before it shows them */
	bool no_promiscuous;
	bool may_be_away;		/* not there or down at the opening is no fault: it
					 * is looked for, as later */
};

struct source *source_open_live(const struct live_options *o, struct fault *why);

/* The names of interfaces, as an operator writes them. */
struct iface_names {
	char name[SOURCE_IFACES_MOST][SOURCE_IFACE_NAME];
	size_t n;
};

/* Adds "eth0" or "eth0,eth1". -1 and *why, and nothing is added: an empty or too long
 * name, one that is there already, "any" beside others, more than SOURCE_IFACES_MOST. */
int iface_names_add(struct iface_names *l, const char *list, struct fault *why);

/* Several live interfaces as one source: the two halves of a TAP are one wire. Frames
 * come in the order of their times, see merge.h; frame.iface is the position in `names`.
 * One that goes away is looked for while the others are listened to. o->iface is not
 * looked at; o->ring_bytes 0 shares 128 MiB among them (at most 64, at least 16 each).
 * One name alone is source_open_live. */
struct source *source_open_interfaces(const struct iface_names *names,
    const struct live_options *o, struct fault *why);

/* What can be listened to, for `-D`: one call for each interface of this host. */
struct iface_listing {
	const char *name, *state;	/* "up", "down", "up, no link" */
	const char *addresses;		/* "10.0.0.1, fe80::1"; may be "" */
	const char *description;	/* may be "" */
};

int source_list_interfaces(void (*tell)(void *arg, const struct iface_listing *l),
    void *arg, struct fault *why);

/* Frames from an array, for tests: the array and its bytes are lent
 * for the source's life. */
struct source *source_open_script(const struct frame *frames, size_t n);

#endif
