/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hearing: the limits the meters judge by. They are written in rule files (block
 * `hearing`, shipped as rules/std/00-hearing.rules with the measurement behind each),
 * never in code; this table is where their names, types and bounds are declared once.
 */
#ifndef CLASSIFY_SHAPE_HEARING_H
#define CLASSIFY_SHAPE_HEARING_H

#include "capture/flow/observation.h"

/* X(member, word, field type, least, greatest, meaning); NUMBER and RATE are double,
 * DURATION is ns, BYTES and COUNT are uint64_t. least and greatest are in the unit of the
 * type (s for DURATION). */
#define HEARING_LIMITS(X) \
	X(rate_min, "voice.rate.min", RATE, 0, 1e12, "T1: slowest stream that may be voice") \
	X(rate_max, "voice.rate.max", RATE, 0, 1e12, "T1: fastest") \
	X(framed_near, "voice.framed.near", NUMBER, 0, 0.1, \
	    "packets of one size: how near a codec's pace theirs is") \
	X(size_min, "voice.size.min", BYTES, 0, 65535, "T1: smallest mean datagram") \
	X(size_max, "voice.size.max", BYTES, 0, 65535, "T1: largest mean datagram") \
	X(fano_max, "voice.fano.max", NUMBER, 0, 1000, "T1: packets keep time below this") \
	X(packets_min, "voice.packets.min", NUMBER, 0, 1e6, \
	    "T1: packets per second for the packet test") \
	X(packets_max, "voice.packets.max", NUMBER, 0, 1e6, "T1: the same, at most") \
	X(bytes_fano_max, "voice.bytes_fano.max", NUMBER, 0, 1000, \
	    "T1: bytes keep time below this") \
	X(filled_min, "voice.filled.min", COUNT, 0, 10, \
	    "T1: seconds of ten with a packet, for the byte test") \
	X(clock_min, "clock.strength.min", NUMBER, 0, 1, "T3: vector strength") \
	X(clock_power_min, "clock.power.min", NUMBER, 0, 1e6, "T3: n R^2") \
	X(clock_packets_min, "clock.packets.min", COUNT, 0, 1000000, "T3: packets in the window") \
	X(clock_active_min, "clock.active.min", COUNT, 0, 10, "T3: active seconds in the window") \
	X(clock_row_min, "clock.row.min", NUMBER, 0, 1, "T3: share of gaps that are one frame") \
	X(clock_row_sure, "clock.row.sure", NUMBER, 0, 1, \
	    "T3: from this share on, F is not asked") \
	X(clock_fano_even, "clock.fano.even", NUMBER, 0, 1000, \
	    "T3: F at most this: frames without a pause") \
	X(clock_fano_spurts, "clock.fano.spurts", NUMBER, 0, 1000, \
	    "T3: F at least this: frames with pauses") \
	X(steady_max, "steady.max", NUMBER, 0, 1000, "T2: it stays, below this") \
	X(steady_bins, "steady.bins", COUNT, 2, 10, "T2: bins of four seconds it needs") \
	X(held_full, "held.full.min", NUMBER, 0, 2, \
	    "T1: share of bytes in full segments where a link sets the pace") \
	X(held_idle, "held.idle.max", COUNT, 0, 1000000, \
	    "T1: segments that may find nothing under way, there") \
	X(held_wait, "held.wait.min", DURATION, 0, 60, "T1: how long bytes are under way, there") \
	X(ack_max, "quic.ack.max", BYTES, 0, 65535, \
	    "T1, T5: QUIC's datagrams of this mean size hold acknowledgements and no sound") \
	X(score_pass, "score.pass", NUMBER, 0, 100, "what a passing window adds") \
	X(score_fail, "score.fail", NUMBER, -100, 0, "what a failing window adds") \
	X(score_floor, "score.floor", NUMBER, -1000, 0, "the score never falls below this") \
	X(upload_min, "voice.upload.min", BYTES, 0, 1000000000, \
	    "payload before a meter is judged at all") \
	X(text_printable, "text.printable.min", NUMBER, 0, 1, \
	    "T4: printable share that makes text") \
	X(text_outside, "text.outside.min", NUMBER, 0, 1, "T4: share outside base64's alphabet") \
	X(way_bytes, "way.bytes.two", NUMBER, 0, 1000, "T5: down/up bytes of a conversation") \
	X(way_packets, "way.packets.two", NUMBER, 0, 1000, \
	    "T5: down/up packets of a conversation") \
	X(call_same, "call.same", NUMBER, 0, 2, \
	    "T5: least correlation of bytes per second with a call of the same device") \
	X(call_same_beat, "call.same.beat", DURATION, 0, 0.01, \
	    "T5: how far frames of one microphone begin apart, beyond whole buffers") \
	X(call_same_buffer, "call.same.buffer", DURATION, 0.001, 1, \
	    "T5: the sound card's buffer, at whose end frames end") \
	X(call_same_stands, "call.same.stands", NUMBER, 0, 1, \
	    "T5: how well its frames stand on the call's clock, over how well the call's do") \
	X(call_same_fewer, "call.same.fewer", NUMBER, 0, 1, \
	    "T5: least packets of the call over its own, where frames are as long") \
	X(call_same_more, "call.same.more", NUMBER, 1, 1000, \
	    "T5: the same, at most") \
	X(burst_gap, "burst.gap", DURATION, 0.001, 900, "T6: silence that ends a burst") \
	X(burst_small, "burst.small", NUMBER, 0, 1, \
	    "T6: bursts under this share of the median are ignored") \
	X(burst_least, "burst.least", BYTES, 0, 1000000000, "T6: smallest median burst") \
	X(burst_period_min, "burst.period.min", DURATION, 0, 86400, "T6: shortest period") \
	X(burst_period_max, "burst.period.max", DURATION, 0, 86400, "T6: longest period") \
	X(burst_rate_min, "burst.rate.min", RATE, 0, 1e12, "T6: slowest recorder") \
	X(burst_rate_max, "burst.rate.max", RATE, 0, 1e12, "T6: fastest recorder") \
	X(burst_way, "burst.way.max", NUMBER, 0, 1000, "T6: down/up bytes") \
	X(burst_gap_tol, "burst.gap.tolerance", NUMBER, 0, 1, "T6: how near the median a gap is") \
	X(burst_size_tol, "burst.size.tolerance", NUMBER, 0, 1, \
	    "T6: how near the median a size is") \
	X(burst_row, "burst.row", COUNT, 3, 12, "T6: this many in a row, all near") \
	X(burst_share, "burst.share", NUMBER, 0, 1, "T6: or this share of twelve") \
	X(burst_late, "burst.late", NUMBER, 0, 0.45, \
	    "T6: how late a piece may be, in periods, when sizes are even") \
	X(burst_late_size, "burst.late.tolerance", NUMBER, 0, 1, \
	    "T6: how near the median these sizes are") \
	X(burst_follow, "burst.follow.tolerance", NUMBER, 0, 1, \
	    "T6: how near the median size over elapsed time is") \
	X(burst_follow_r, "burst.follow.correlation", NUMBER, 0, 1, \
	    "T6: least correlation of size with elapsed time") \
	X(burst_follow_cv, "burst.follow.spread", NUMBER, 0, 100, \
	    "T6: gaps that vary less say nothing about sizes") \
	X(burst_loose, "burst.loose", NUMBER, 0, 1, \
	    "T6: how near the median gaps are that wander") \
	X(burst_pause_gain, "burst.pause.gain", NUMBER, 0, 1000, \
	    "T6: how much better sizes and pauses tell the gaps than gaps alone, log likelihood") \
	X(burst_pause_r, "burst.pause.correlation", NUMBER, -1, 1, \
	    "T6: least correlation of size with elapsed time, with pauses") \
	X(burst_steady, "burst.steady", NUMBER, 0, 1, \
	    "T6: share of the bursts on one clock that must have had the size") \
	X(burst_strange, "burst.strange", COUNT, 1, 17, \
	    "T6: six are enough while what came before was no more uneven than this") \
	X(burst_part, "burst.part", NUMBER, 0, 0.5, \
	    "T6: silence within a piece, as a share of that between pieces") \
	X(burst_part_max, "burst.part.max", DURATION, 0, 60, "T6: the same, at most") \
	X(burst_opening, "burst.opening", BYTES, 0, 1000000, \
	    "T6: what a new connection brings down before it says anything") \
	X(burst_span, "burst.span", DURATION, 0, 86400, "T6: from the first to the last of them") \
	X(call_least, "call.least", DURATION, 1, 86400, \
	    "a call and its recording: shortest call that is remembered") \
	X(call_within, "call.within", DURATION, 0, 86400, \
	    "an upload that begins so long after a call may be its recording") \
	X(call_tolerance, "call.tolerance", NUMBER, 0, 0.5, \
	    "how near the call's length its recording is") \
	X(plain_max, "content.plain.max", BYTES, 0, 1000000000000, \
	    "bytes that a picture, a document or a film explains when its header does not " \
	    "say how long it is") \
	X(name_free, "dns.name.free", BYTES, 0, 255, \
	    "T7: bytes below its domain that a name may hold") \
	X(claim_after, "claim.after", DURATION, 0, 86400, \
	    "a client's DNS was heard for so long: a name it never looked up is its claim") \
	X(half_after, "half.after", DURATION, 0, 86400, \
	    "T5: no answer for so long makes a half capture") \
	X(half_share, "half.share", NUMBER, 0.01, 1, \
	    "T5: share of conversations seen by half from which silence is not known") \
	X(half_hosts, "half.hosts", COUNT, 1, 8, \
	    "T5: so many hosts must have had such conversations, lately") \
	X(half_lately, "half.lately", DURATION, 1, 86400, "T5: how long ago that is") \
	X(half_doubt, "half.doubt", COUNT, 0, 1, \
	    "T5: 1: where nothing came in, the tap may show one side; 0: it shows both")

struct hearing {
#define X(m, w, t, lo, hi, mean) FIELD_C_##t m;
	HEARING_LIMITS(X)
#undef X
};

enum hearing_limit {
#define X(m, w, t, lo, hi, mean) HEARING_##m,
	HEARING_LIMITS(X)
#undef X
	HEARING_COUNT
};

struct hearing_info {
	const char *word;
	enum field_type type;
	double least, greatest;
	const char *meaning;
	size_t offset;			/* in struct hearing */
};

extern const struct hearing_info hearing_info[HEARING_COUNT];

#endif
