/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file: capture files; classic pcap is read here, in blocks of a mebibyte.
 *
 * Owns telling captures from other files, and the classic format in both byte orders and
 * both precisions. Refuses pcapng (pcapng.c) and old versions (pcapfile.c has libpcap
 * for them). A block reader costs a half to a seventh of libpcap's two fread calls per
 * packet: frames are handed on where they lie in the block.
 *
 *	file header, 24 bytes: magic, version 2.4, zone, accuracy, snap length, link type
 *	packet header, 16 bytes: seconds, fraction, captured length, length on the wire
 */
#include "capture/decode/decode.h"
#include "capture/source/file.h"
#include "capture/source/filter.h"
#include "capture/source/pcapfile.h"
#include "capture/source/pcapng.h"
#include "capture/source/reader.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_HEADER 24U
#define PACKET_HEADER 16U

/* The longest packet believed: 256 KiB is what every capturing program uses; a file
 * header that asks for more gets more, up to what fits the buffer beside a block. */
#define PACKET_MOST (256U * 1024U)

/* Frames a filter may refuse in one dispatch before the caller
 * gets a chance to be asked. */
#define SCAN_MOST 65536

enum {
	MAGIC_MICRO = 0xa1b2c3d4U, MAGIC_NANO = 0xa1b23c4dU,
	MAGIC_KUZNETZOV = 0xa1b2cd34U,
	MAGIC_PCAPNG = 0x0a0d0d0aU, MAGIC_IXIA = 0x1c0001acU,
	MAGIC_IXIA_SOFT = 0x1c0001abU,
};

struct file {
	struct reader r;
	uint64_t ordinal;
	uint32_t packet_most;
	bool nano;
	int link_type;
	struct filter filter;
	bool foreign;			/* the bytes are no capture's */
	int over;			/* SOURCE_END, SOURCE_FAULT: it stays so */
	struct fault over_why;
};

static int file_dispatch(void *src, int budget, source_frame_fn *fn, void *arg,
    struct fault *why);
static void file_loss(void *src, struct source_loss *out);
static int file_keep_fds(void *src, int *out, int most);
static void file_destroy(void *src);

static const struct source_ops file_ops = {
	.name = "file", .keeps = SOURCE_KEEPS, .dispatch = file_dispatch, .loss = file_loss,
	.keep_fds = file_keep_fds, .destroy = file_destroy,
};

/* What a file that is no capture may be, by its first bytes. */
static const struct look {
	const char *bytes;
	size_t n;
	const char *what, *remedy;
} looks[] = {
	{ "\x1f\x8b", 2, "gzip, packed twice", "unpack it once and read what comes out" },
	{ "\xfd" "7zXZ", 5, "xz", "unpack it on the way: 'xz -dc FILE | earshot read -'" },
	{ "BZh", 3, "bzip2", "unpack it on the way: 'bzip2 -dc FILE | earshot read -'" },
	{ "\x04\x22\x4d\x18", 4, "lz4", "unpack it on the way: 'lz4 -dc FILE | earshot read -'" },
	{ "PK\x03\x04", 4, "zip", "unpack it first: 'unzip FILE'" },
	{ "snoop\0\0\0", 8, "snoop", "turn it into pcap: 'editcap -F pcap FILE NEW'" },
	{ "GMBU", 4, "Microsoft Network Monitor", "turn it into pcap: 'editcap -F pcap FILE NEW'" },
	{ "RTSS", 4, "Microsoft Network Monitor", "turn it into pcap: 'editcap -F pcap FILE NEW'" },
	{ "\x7f" "ELF", 4, "ELF, a program", NULL },
	{ "%PDF", 4, "PDF", NULL },
	{ "SQLite", 6, "SQLite", NULL },
	{ "REDIS", 5, "a Redis dump", NULL },
};

static bool
looks_like_text(const uint8_t *b, size_t n)
{
	size_t i;

	if (n > 64)
		n = 64;
	for (i = 0; i < n; i++)
		if (!isprint(b[i]) && !isspace(b[i]) && b[i] < 0x80)
			return false;
	return isprint(b[0]) || isspace(b[0]);
}

static int
not_a_capture(struct file *f, struct fault *why)
{
	const char *path = input_path(f->r.in);
	const char *write = "'tcpdump -w FILE' and dumpcap write captures";
	char starts[16] = "";
	size_t i, n = f->r.end < 4 ? f->r.end : 4;

	f->foreign = true;
	for (i = 0; i < n; i++)
		(void)snprintf(starts + i * 3, sizeof(starts) - i * 3, "%02x ",
		    f->r.buf[i]);
	if (n > 0)
		starts[n * 3 - 1] = '\0';
	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (f->r.end >= looks[i].n &&
		    memcmp(f->r.buf, looks[i].bytes, looks[i].n) == 0)
			return fault_set(why, looks[i].remedy == NULL ? write :
			    looks[i].remedy,
			    "'%s' is not a capture: it starts with %s, %s", path, starts,
			    looks[i].what);
	if (looks_like_text(f->r.buf, f->r.end))
		return fault_set(why, "rules are given with -s, settings with -c",
		    "'%s' is not a capture: it starts with %s, text", path, starts);
	return fault_set(why, write, "'%s' is not a capture: it starts with %s", path,
	    starts);
}

enum format { FORMAT_NONE = -1, FORMAT_OURS, FORMAT_PCAPNG, FORMAT_LIBPCAP };

/* Reads the file header in buf. FORMAT_OURS: everything in *f is set but the filter. */
static enum format
file_header(struct file *f, struct fault *why)
{
	struct span s = span_of(f->r.buf, f->r.end);
	const char *title = input_title(f->r.in);
	uint32_t magic = 0, version, snaplen, link;

	if (!span_le32(&s, &magic))
		return not_a_capture(f, why);
	if (magic == MAGIC_PCAPNG)
		return FORMAT_PCAPNG;
	f->r.big = magic << 16 != 0xc3d40000U && magic << 16 != 0x3c4d0000U &&
	    magic << 16 != 0xcd340000U;
	if (f->r.big)
		magic = __builtin_bswap32(magic);
	if (magic == MAGIC_IXIA || magic == MAGIC_IXIA_SOFT ||
	    __builtin_bswap32(magic) == MAGIC_IXIA ||
	    __builtin_bswap32(magic) == MAGIC_IXIA_SOFT)
		return FORMAT_LIBPCAP;
	if (magic == MAGIC_KUZNETZOV)
		return fault_set(why, "turn it into pcap: 'editcap -F pcap FILE NEW'",
		    "cannot read %s: it is of the modified pcap form of old Linux "
		    "systems (magic a1b2cd34), whose packet headers differ", title);
	if (magic != MAGIC_MICRO && magic != MAGIC_NANO)
		return not_a_capture(f, why);
	if (f->r.end < FILE_HEADER)
		return fault_set(why, "it holds no packet",
		    "%s ends in the middle of its header (byte %zu)", title, f->r.end);
	version = reader_u32(&f->r, &s);
	/* Two 16-bit numbers, major first: read as 32 bits their
	 * place depends on the order. */
	if (version != (f->r.big ? 0x00020004U : 0x00040002U))
		return FORMAT_LIBPCAP;
	(void)span_skip(&s, 8);
	snaplen = reader_u32(&f->r, &s);
	link = reader_u32(&f->r, &s);
	f->nano = magic == MAGIC_NANO;
	f->packet_most = snaplen < PACKET_MOST ? PACKET_MOST :
	    snaplen > PACKET_MOST_EVER ? PACKET_MOST_EVER : snaplen;
	/* The top six bits speak of frame check sequences. */
	f->link_type = link_type_in_file(link & 0x03ffffffU);
	if (!decode_knows(f->link_type))
		return link_type_fault(f->r.in, f->link_type, why);
	f->r.at = FILE_HEADER;
	return FORMAT_OURS;
}

struct source *
source_open_file(const char *path, const char *filter, struct fault *why)
{
	return source_open_file_until(path, filter, -1, why);
}

struct source *
source_open_file_until(const char *path, const char *filter, int stop_fd,
    struct fault *why)
{
	struct input *in = input_open(path, stop_fd, why);

	return in == NULL ? NULL : file_take(&in, filter, NULL, why);
}

struct source *
file_take(struct input **in, const char *filter, bool *foreign, struct fault *why)
{
	struct source *s = NULL;
	struct file *f;
	long got;

	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fault_set(why, NULL, "no memory to read '%s'", input_path(*in));
		input_destroy(*in);
		*in = NULL;
		goto fail;
	}
	if (reader_open(&f->r, in, why) == -1)
		goto fail;
	do {
		got = reader_fill(&f->r, why);
		if (got == INPUT_FAULT)
			goto fail;
	} while (f->r.end < FILE_HEADER && got != INPUT_END);
	if (f->r.end == 0) {
		f->foreign = true;
		(void)fault_set(why,
		    "a capturing program writes its header when it starts and its "
		    "packets when it ends or its buffer is full: has it been killed?",
		    "%s is empty", input_title(f->r.in));
		goto fail;
	}
	switch (file_header(f, why)) {
	case FORMAT_OURS:
		break;
	case FORMAT_PCAPNG:
		s = pcapng_take(&f->r, filter, why);
		goto fail;
	case FORMAT_LIBPCAP:
		s = pcapfile_take(&f->r.in, f->r.buf, f->r.end, filter, why);
		goto fail;
	case FORMAT_NONE:
	default:
		goto fail;
	}
	if (filter_compile(&f->filter, filter, f->link_type, why) == -1)
		goto fail;
	return source_wrap(&file_ops, f);

fail:
	if (foreign != NULL)
		*foreign = f != NULL && f->foreign;
	file_destroy(f);
	return s;
}

static int
file_over(struct file *f, int over, struct fault *why)
{
	f->over = over;
	if (over == SOURCE_FAULT)
		(void)fault_set(why, f->over_why.remedy, "%s", f->over_why.what);
	return over;
}

/* Nothing whole is left in the buffer and nothing was handed on in this dispatch. 0: go on;
 * 1: a signal came; SOURCE_END, SOURCE_FAULT. */
static int
file_more(struct file *f, struct fault *why)
{
	long got = reader_fill_ahead(&f->r, &f->over_why);

	if (got > 0)
		return 0;
	if (got == INPUT_AGAIN)
		return 1;
	if (got == INPUT_FAULT) {
		struct fault said = f->over_why;

		(void)fault_set(&f->over_why, said.remedy,
		    "%.400s, after packet %" PRIu64, said.what, f->ordinal);
		return file_over(f, SOURCE_FAULT, why);
	}
	if (f->r.end == f->r.at)
		return file_over(f, SOURCE_END, why);
	(void)fault_set(&f->over_why, "the packets before it were read",
	    "%s ends in the middle of packet %" PRIu64 " (byte %" PRIu64 ")",
	    input_title(f->r.in), f->ordinal + 1, f->r.base + f->r.end);
	return file_over(f, SOURCE_FAULT, why);
}

static int
file_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct file *f = src;
	struct frame frame = { .link_type = f->link_type };
	int64_t fraction;
	int handed = 0, scanned = 0, r;

	if (f->over != 0)
		return file_over(f, f->over, why);
	while (handed < budget && scanned < SCAN_MOST) {
		struct span s = reader_left(&f->r);
		uint32_t sec, frac, cap, wire;

		if (s.left >= PACKET_HEADER) {
			sec = reader_u32(&f->r, &s);
			frac = reader_u32(&f->r, &s);
			cap = reader_u32(&f->r, &s);
			wire = reader_u32(&f->r, &s);
			if (cap > f->packet_most) {
				if (handed > 0)
					break;
				(void)fault_set(&f->over_why,
				    "the packets before it were read",
				    "%s is damaged: packet %" PRIu64 " (byte %" PRIu64
				    ") claims to hold %" PRIu32 " bytes",
				    input_title(f->r.in),
				    f->ordinal + 1, reader_offset(&f->r), cap);
				return file_over(f, SOURCE_FAULT, why);
			}
			frame.bytes = s.at;
			if (span_skip(&s, cap)) {
				f->r.at = f->r.end - s.left;
				f->ordinal++;
				scanned++;
				if (!filter_pass(&f->filter, frame.bytes, cap, wire))
					continue;
				fraction = f->nano ? (int64_t)frac :
				    (int64_t)frac * NS_PER_US;
				frame.time = frame_time((int64_t)sec, fraction);
				frame.ordinal = f->ordinal;
				frame.cap = cap;
				frame.wire = wire;
				fn(arg, &frame);
				handed++;
				f->r.lent = true;
				continue;
			}
		}
		if (handed > 0)
			break;
		r = file_more(f, why);
		if (r != 0)
			return r == 1 ? 0 : r;
	}
	return handed;
}

static void
file_loss(void *src, struct source_loss *out)
{
	struct file *f = src;

	out->bytes_read = f->r.taken;
	out->bytes_total = input_size(f->r.in);
}

static int
file_keep_fds(void *src, int *out, int most)
{
	if (most > 0)
		out[0] = input_fd(((struct file *)src)->r.in);
	return 1;
}

static void
file_destroy(void *src)
{
	struct file *f = src;

	if (f == NULL)
		return;
	filter_clear(&f->filter);
	reader_close(&f->r);
	free(f);
}
