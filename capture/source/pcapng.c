/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapng: blocks of one length in front and behind, from which frames are handed on where
 * they lie.
 *
 * Owns the format: sections of either byte order one after another, descriptions of
 * interfaces, packets in the three blocks that hold them, and what interface statistics
 * say was lost. Steps over every other block (names, secrets, comments, whatever comes).
 * Refuses lengths that lie, with the offset: behind one nothing can be trusted. libpcap
 * is not used, for it refuses a capture whose interfaces differ in link type or snap
 * length, which is what several interfaces give.
 *
 *	block:		type, length, body, length again; padded to four bytes
 *	section:	0a0d0d0a; 1a2b3c4d in the section's byte order, version, length
 *	interface:	link type, reserved, snap length, options
 *	packet:		(enhanced) interface, time's upper and lower half, captured
 *			length, length on the wire, bytes, options; (obsolete) a count of
 *			drops behind a shorter interface; (simple) length on the wire and
 *			bytes
 *	statistics:	interface, time, options
 *	option:		code, length, value padded to four bytes; the last has code 0
 *
 * A simple packet belongs to interface 0 and has no time: it is given the time of the
 * packet before it. frame.iface is the interface's number in its section. The unit of
 * time is the interface's (10^-6 s unless told), and so is an offset in whole seconds.
 * A frame check sequence that if_fcslen announces is no part of the frame. Statistics
 * are cumulative for an interface, the last ones count; they stand behind the packets
 * that they speak of, mostly at the end of the file.
 *
 * draft-ietf-opsawg-pcapng.
 */
#include "capture/source/pcapng.h"
#include "capture/decode/decode.h"
#include "capture/source/filter.h"
#include "capture/source/pcapfile.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET_OLD = 2,
	BLOCK_PACKET_SIMPLE = 3, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6,
	ORDER_MAGIC = 0x1a2b3c4d,
	OPT_END = 0, OPT_RESOLUTION = 9, OPT_FCS = 13, OPT_OFFSET = 14,
	OPT_INTERFACE_DROPS = 5, OPT_SYSTEM_DROPS = 7,
};

#define BLOCK_LEAST 12U
/* Wireshark's and libpcap's limit: longer blocks are damage. What is longer than the
 * reader's room and holds neither packet nor description is stepped over in pieces. */
#define BLOCK_MOST (16U * 1024U * 1024U)
#define SECTION_LEAST 28U

/* A host has a few dozen; each costs 48 bytes. */
#define INTERFACES_MOST 1024U

#define SCAN_MOST 65536		/* blocks, as in file.c */

struct interface {
	int link_type;
	uint32_t snaplen;		/* 0: no limit */
	uint64_t units;			/* of its clock in a second */
	int64_t offset;			/* seconds to add to its times */
	uint64_t interface_drops, system_drops;
	uint8_t fcs;			/* bytes behind each frame */
};

struct pcapng {
	struct reader r;
	uint32_t skip;			/* of the block being stepped over, without
					 * its last length */
	uint32_t behind;		/* that last length; 0: no such block */
	struct interface *interface;
	unsigned interfaces;		/* of this section */
	struct filters *filters;
	uint64_t ordinal;
	struct pkt_time last;
	struct source_loss loss;	/* of the sections before */
	int over;			/* SOURCE_END, SOURCE_FAULT: it stays so */
	struct fault over_why;
};

enum step {
	STEP_FAULT = -1,		/* over_why says which */
	STEP_OTHER,			/* a block without a packet */
	STEP_FRAME,			/* *frame is set */
	STEP_MORE,			/* the block is not here as a whole */
};

/* A block as it lies in the buffer. */
struct block {
	uint32_t type, length;
	uint64_t offset;
	struct span body;
};

static enum step next_block(struct pcapng *f, struct frame *frame);
static enum step step_over(struct pcapng *f);
static enum step block_read(struct pcapng *f, struct block *b, struct frame *frame);
static enum step section_read(struct pcapng *f, const struct block *b);
static enum step interface_read(struct pcapng *f, const struct block *b);
static enum step packet_read(struct pcapng *f, const struct block *b,
    struct frame *frame);
static enum step statistics_read(struct pcapng *f, const struct block *b);
static int begin(struct pcapng *f, struct fault *why);
static int more(struct pcapng *f, struct fault *why);
static int pcapng_dispatch(void *src, int budget, source_frame_fn *fn, void *arg,
    struct fault *why);
static void pcapng_loss(void *src, struct source_loss *out);
static int pcapng_keep_fds(void *src, int *out, int most);
static void pcapng_destroy(void *src);

static const struct source_ops pcapng_ops = {
	.name = "file", .keeps = SOURCE_KEEPS, .dispatch = pcapng_dispatch, .loss = pcapng_loss,
	.keep_fds = pcapng_keep_fds, .destroy = pcapng_destroy,
};

struct source *
pcapng_take(struct reader *r, const char *filter, struct fault *why)
{
	struct pcapng *f;

	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)fault_set(why, NULL, "no memory to read '%s'", input_path(r->in));
		reader_close(r);
		return NULL;
	}
	f->r = *r;
	*r = (struct reader){ 0 };
	f->interface = calloc(INTERFACES_MOST, sizeof(f->interface[0]));
	if (f->interface == NULL) {
		(void)fault_set(why, NULL, "no memory to read '%s'",
		    input_path(f->r.in));
		goto fail;
	}
	if (filters_compile(&f->filters, filter, why) == -1 ||
	    begin(f, why) == -1)
		goto fail;
	return source_wrap(&pcapng_ops, f);

fail:
	pcapng_destroy(f);
	return NULL;
}

static bool
is_packet(uint32_t type)
{
	return type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE ||
	    type == BLOCK_PACKET_OLD;
}

/* Does a packet's block begin what is left? */
static bool
packet_next(const struct pcapng *f)
{
	struct span s = reader_left(&f->r);

	return s.left >= 4 && is_packet(reader_u32(&f->r, &s));
}

/* Reads up to the first description of an interface, and on through those that are here
 * already: a capturing program writes them together, and waits for packets then. */
static int
begin(struct pcapng *f, struct fault *why)
{
	struct frame frame;
	unsigned known = 0;
	enum step step;
	long got;

	while (f->behind != 0 || !packet_next(f)) {
		step = next_block(f, &frame);
		if (step == STEP_FAULT)
			return fault_set(why, f->over_why.remedy, "%s", f->over_why.what);
		if (step != STEP_MORE)
			continue;
		if (f->interfaces > 0)
			break;
		got = reader_fill(&f->r, why);
		if (got == INPUT_FAULT)
			return -1;
		if (got != INPUT_END)
			continue;
		if (f->r.end == f->r.at && f->behind == 0)
			return 0;	/* a section without anything in it */
		return fault_set(why, "it holds no packet",
		    "%s ends in the middle of its header (byte %" PRIu64 ")",
		    input_title(f->r.in), f->r.base + f->r.end);
	}
	for (unsigned i = 0; i < f->interfaces; i++) {
		known += decode_knows(f->interface[i].link_type);
		if (filters_check(f->filters, f->interface[i].link_type, why) == -1)
			return -1;
	}
	/* One of them is enough: packets of the others are counted and refused. */
	if (known == 0 && f->interfaces > 0)
		return link_type_fault(f->r.in, f->interface[0].link_type, why);
	return 0;
}

static enum step __attribute__((format(printf, 3, 4)))
lies(struct pcapng *f, const struct block *b, const char *fmt, ...)
{
	char how[128];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(how, sizeof(how), fmt, ap);
	va_end(ap);
	(void)fault_set(&f->over_why, "the packets before it were read",
	    "%s is damaged: its block at byte %" PRIu64 ", after packet %" PRIu64 ", %s",
	    input_title(f->r.in), b->offset, f->ordinal, how);
	return STEP_FAULT;
}

static enum step
next_block(struct pcapng *f, struct frame *frame)
{
	struct span s = reader_left(&f->r), first, last;
	struct block b = { .offset = reader_offset(&f->r) };
	uint32_t order;

	if (f->behind != 0)
		return step_over(f);
	if (s.left < BLOCK_LEAST)
		return STEP_MORE;
	/* The section's mark reads the same in both orders, its length does not. */
	first = s;
	b.type = reader_u32(&f->r, &s);
	if (b.type == BLOCK_SECTION) {
		(void)span_skip(&first, 8);
		(void)span_le32(&first, &order);
		if (order != ORDER_MAGIC && __builtin_bswap32(order) != ORDER_MAGIC)
			return lies(f, &b, "begins a section of no byte order");
		f->r.big = order != ORDER_MAGIC;
	}
	b.length = reader_u32(&f->r, &s);
	if (b.length < BLOCK_LEAST || b.length % 4 != 0 || b.length > BLOCK_MOST)
		return lies(f, &b, "claims a length of %" PRIu32 " bytes", b.length);
	if (b.length > READER_ROOM) {
		if (is_packet(b.type) || b.type == BLOCK_INTERFACE ||
		    b.type == BLOCK_SECTION)
			return lies(f, &b, "claims to hold %" PRIu32 " bytes",
			    b.length);
		f->skip = b.length - 4;
		f->behind = b.length;
		return step_over(f);
	}
	if (s.left < b.length - 8)
		return STEP_MORE;
	(void)span_take(&s, b.length - BLOCK_LEAST, &b.body);
	last = s;
	if (reader_u32(&f->r, &last) != b.length)
		return lies(f, &b, "has another length at its end");
	f->r.at += b.length;
	return block_read(f, &b, frame);
}

/* The rest of a block that is too long for the buffer; its last length is looked at. */
static enum step
step_over(struct pcapng *f)
{
	struct block b = { .offset = reader_offset(&f->r) };
	struct span s = reader_left(&f->r);
	size_t n = s.left < f->skip ? s.left : f->skip;

	f->r.at += n;
	f->skip -= (uint32_t)n;
	(void)span_skip(&s, n);
	if (f->skip > 0 || s.left < 4)
		return STEP_MORE;
	if (reader_u32(&f->r, &s) != f->behind)
		return lies(f, &b, "ends in another length than it began with");
	f->r.at += 4;
	f->behind = 0;
	return STEP_OTHER;
}

static enum step
block_read(struct pcapng *f, struct block *b, struct frame *frame)
{
	switch (b->type) {
	case BLOCK_SECTION:
		return section_read(f, b);
	case BLOCK_INTERFACE:
		return interface_read(f, b);
	case BLOCK_PACKET:
	case BLOCK_PACKET_SIMPLE:
	case BLOCK_PACKET_OLD:
		return packet_read(f, b, frame);
	case BLOCK_STATISTICS:
		return statistics_read(f, b);
	default:
		return STEP_OTHER;
	}
}

static void
losses(const struct pcapng *f, struct source_loss *out)
{
	*out = f->loss;
	for (unsigned i = 0; i < f->interfaces; i++) {
		source_add_drops(&out->kernel_drops, f->interface[i].system_drops);
		source_add_drops(&out->iface_drops, f->interface[i].interface_drops);
	}
}

/* Cumulative: never less than before. All ones are written for "not known". */
static void
take_drops(uint64_t *drops, uint64_t v)
{
	if (v != UINT64_MAX && v > *drops)
		*drops = v;
}

static enum step
section_read(struct pcapng *f, const struct block *b)
{
	struct span s = b->body;
	uint16_t major;

	if (b->length < SECTION_LEAST)
		return lies(f, b, "begins a section and ends in its header");
	(void)span_skip(&s, 4);
	major = reader_u16(&f->r, &s);
	if (major != 1)
		return lies(f, b, "begins a section of version %" PRIu16
		    ", which is not known", major);
	losses(f, &f->loss);
	f->interfaces = 0;
	return STEP_OTHER;
}

/* The next option. 1, or 0 behind the last, or -1 when it reaches beyond its block. */
static int
option_next(const struct reader *r, struct span *s, uint16_t *code, struct span *value)
{
	uint16_t length;

	if (s->left < 4)
		return 0;
	*code = reader_u16(r, s);
	length = reader_u16(r, s);
	if (*code == OPT_END)
		return 0;
	if (!span_take(s, length, value))
		return -1;
	/* A body is padded to four bytes, so the padding is there. */
	(void)span_skip(s, (4 - length % 4U) % 4U);
	return 1;
}

static uint64_t
u64_of(const struct reader *r, struct span s)
{
	uint64_t first = reader_u32(r, &s), second = reader_u32(r, &s);

	return r->big ? first << 32 | second : second << 32 | first;
}

/* One byte: a power of ten, or of two when its first bit is set. 0: beyond 64 bits. */
static uint64_t
units_of(uint8_t resolution)
{
	uint64_t units = 1;

	if ((resolution & 0x80U) != 0) {
		resolution &= 0x7fU;
		return resolution < 64 ? UINT64_C(1) << resolution : 0;
	}
	if (resolution > 19)
		return 0;
	while (resolution-- > 0)
		units *= 10;
	return units;
}

static enum step
interface_read(struct pcapng *f, const struct block *b)
{
	struct interface i = { .units = 1000000 };
	struct span s = b->body, value;
	uint16_t code = 0;
	int r;

	if (s.left < 8)
		return lies(f, b, "describes an interface and ends in the middle");
	if (f->interfaces == INTERFACES_MOST)
		return lies(f, b, "describes more than %u interfaces",
		    INTERFACES_MOST);
	i.link_type = link_type_in_file(reader_u16(&f->r, &s));
	(void)span_skip(&s, 2);
	i.snaplen = reader_u32(&f->r, &s);
	while ((r = option_next(&f->r, &s, &code, &value)) == 1) {
		if (code == OPT_RESOLUTION && value.left == 1)
			i.units = units_of(value.at[0]);
		else if (code == OPT_OFFSET && value.left == 8)
			i.offset = (int64_t)u64_of(&f->r, value);
		else if (code == OPT_FCS && value.left == 1)
			/* In bits by the draft, in bytes by who writes it. */
			i.fcs = value.at[0] > 8 ? value.at[0] / 8 : value.at[0];
	}
	if (r == -1)
		return lies(f, b, "has an option that reaches beyond it");
	if (i.units == 0)
		return lies(f, b, "gives its interface's times in units that 64 bits "
		    "cannot hold");
	f->interface[f->interfaces++] = i;
	return STEP_OTHER;
}

static struct pkt_time
time_of(const struct interface *i, uint64_t units)
{
	const uint64_t most = UINT64_C(1) << 62;
	uint64_t whole = units / i->units, rest = units % i->units;
	int64_t sec = (int64_t)(whole < most ? whole : most);

	if (__builtin_add_overflow(sec, i->offset, &sec))
		sec = INT64_MAX;
	return frame_time(sec, (int64_t)((unsigned __int128)rest * NS_PER_S / i->units));
}

/* The header of one of the three blocks that hold a packet. */
struct packet_head {
	uint32_t interface, cap, wire;
	uint64_t units;
	bool timed;
};

static bool
packet_head(const struct pcapng *f, const struct block *b, struct span *s,
    struct packet_head *h)
{
	const struct reader *r = &f->r;
	uint64_t upper;

	*h = (struct packet_head){ .timed = b->type != BLOCK_PACKET_SIMPLE };
	if (b->type == BLOCK_PACKET_SIMPLE) {
		if (s->left < 4)
			return false;
		h->wire = reader_u32(r, s);
		h->cap = h->wire;
		if (f->interfaces > 0 && f->interface[0].snaplen != 0 &&
		    h->cap > f->interface[0].snaplen)
			h->cap = f->interface[0].snaplen;
		return true;
	}
	if (s->left < 20)
		return false;
	if (b->type == BLOCK_PACKET_OLD) {
		h->interface = reader_u16(r, s);
		(void)span_skip(s, 2);
	} else {
		h->interface = reader_u32(r, s);
	}
	upper = reader_u32(r, s);
	h->units = upper << 32 | reader_u32(r, s);
	h->cap = reader_u32(r, s);
	h->wire = reader_u32(r, s);
	return true;
}

static enum step
packet_read(struct pcapng *f, const struct block *b, struct frame *frame)
{
	const struct interface *i;
	struct packet_head h;
	struct span s = b->body, bytes;
	uint32_t cut;

	if (!packet_head(f, b, &s, &h))
		return lies(f, b, "holds a packet and ends in its header");
	if (h.interface >= f->interfaces)
		return lies(f, b, "holds a packet of interface %" PRIu32
		    ", of which there is no description", h.interface);
	if (h.cap > PACKET_MOST_EVER || !span_take(&s, h.cap, &bytes))
		return lies(f, b, "claims a packet of %" PRIu32 " bytes", h.cap);
	i = &f->interface[h.interface];
	if (i->fcs > 0 && h.wire >= h.cap && h.wire >= i->fcs) {
		cut = h.wire - h.cap < i->fcs ? i->fcs - (h.wire - h.cap) : 0;
		h.wire -= i->fcs;
		h.cap -= cut < h.cap ? cut : h.cap;
	}
	if (h.timed)
		f->last = time_of(i, h.units);
	*frame = (struct frame){ .time = f->last, .ordinal = ++f->ordinal,
		.iface = h.interface, .link_type = i->link_type, .cap = h.cap,
		.wire = h.wire, .bytes = bytes.at };
	return STEP_FRAME;
}

static enum step
statistics_read(struct pcapng *f, const struct block *b)
{
	struct span s = b->body, value;
	uint32_t number;
	uint16_t code = 0;
	int r;

	if (s.left < 12)
		return lies(f, b, "holds statistics and ends in their header");
	number = reader_u32(&f->r, &s);
	(void)span_skip(&s, 8);
	while ((r = option_next(&f->r, &s, &code, &value)) == 1) {
		if (number >= f->interfaces || value.left != 8)
			continue;
		if (code == OPT_INTERFACE_DROPS)
			take_drops(&f->interface[number].interface_drops,
			    u64_of(&f->r, value));
		else if (code == OPT_SYSTEM_DROPS)
			take_drops(&f->interface[number].system_drops,
			    u64_of(&f->r, value));
	}
	return r == -1 ? lies(f, b, "has an option that reaches beyond it") : STEP_OTHER;
}

static int
over(struct pcapng *f, int how, struct fault *why)
{
	f->over = how;
	if (how == SOURCE_FAULT)
		(void)fault_set(why, f->over_why.remedy, "%s", f->over_why.what);
	return how;
}

/* Nothing was handed on in this dispatch. 0: go on; 1: a signal came; SOURCE_END,
 * SOURCE_FAULT. */
static int
more(struct pcapng *f, struct fault *why)
{
	struct fault said;
	long got = reader_fill_ahead(&f->r, &f->over_why);

	if (got > 0 || got == INPUT_AGAIN)
		return got > 0 ? 0 : 1;
	if (got == INPUT_FAULT) {
		said = f->over_why;
		(void)fault_set(&f->over_why, said.remedy,
		    "%.400s, after packet %" PRIu64, said.what, f->ordinal);
		return over(f, SOURCE_FAULT, why);
	}
	if (f->r.end == f->r.at && f->behind == 0)
		return over(f, SOURCE_END, why);
	(void)fault_set(&f->over_why, "the packets before it were read",
	    "%s ends in the middle of a block, after packet %" PRIu64 " (byte %" PRIu64
	    ")", input_title(f->r.in), f->ordinal, f->r.base + f->r.end);
	return over(f, SOURCE_FAULT, why);
}

static int
pcapng_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct pcapng *f = src;
	struct frame frame;
	int handed = 0, scanned = 0, r;

	if (f->over != 0)
		return over(f, f->over, why);
	while (handed < budget && scanned++ < SCAN_MOST) {
		switch (next_block(f, &frame)) {
		case STEP_FRAME:
			break;
		case STEP_OTHER:
			continue;
		case STEP_MORE:
			if (handed > 0)
				return handed;
			r = more(f, why);
			if (r != 0)
				return r == 1 ? 0 : r;
			continue;
		case STEP_FAULT:
		default:
			f->over = SOURCE_FAULT;
			return handed > 0 ? handed : over(f, SOURCE_FAULT, why);
		}
		switch (filters_say(f->filters, &frame)) {
		case FILTERS_PASS:
			fn(arg, &frame);
			handed++;
			f->r.lent = true;
			continue;
		case FILTERS_OUT:
			continue;
		case FILTERS_WRONG:
		default:
			(void)filters_check(f->filters, frame.link_type, &f->over_why);
			f->over = SOURCE_FAULT;
			return handed > 0 ? handed : over(f, SOURCE_FAULT, why);
		}
	}
	return handed;
}

static void
pcapng_loss(void *src, struct source_loss *out)
{
	struct pcapng *f = src;

	losses(f, out);
	out->bytes_read = f->r.taken;
	out->bytes_total = input_size(f->r.in);
}

static int
pcapng_keep_fds(void *src, int *out, int most)
{
	if (most > 0)
		out[0] = input_fd(((struct pcapng *)src)->r.in);
	return 1;
}

static void
pcapng_destroy(void *src)
{
	struct pcapng *f = src;

	if (f == NULL)
		return;
	filters_destroy(f->filters);
	reader_close(&f->r);
	free(f->interface);
	free(f);
}
