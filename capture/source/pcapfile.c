/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapfile: the rarer forms of pcap, read by libpcap.
 *
 * Owns the handle and the stream under it: libpcap reads from a FILE of ours, so that it
 * may be packed, a pipe, and begun already. Refuses to be fast: classic
 * pcap and pcapng have readers of their own.
 */
#define _GNU_SOURCE		/* fopencookie */
#include "capture/decode/decode.h"
#include "capture/source/filter.h"
#include "capture/source/pcapfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_BYTES (1024U * 1024U)

/* Frames a filter may refuse in one dispatch before the caller
 * gets a chance to be asked. */
#define SCAN_MOST 65536

struct pcapfile {
	struct input *in;
	uint8_t *head;
	size_t head_at, head_n;
	char *stream;			/* the FILE's buffer: glibc heeds
					 * setvbuf's size only then */
	FILE *fp;			/* NULL once libpcap has it */
	pcap_t *p;
	struct filter filter;
	int link_type;
	uint64_t ordinal, given;	/* frames; bytes given to libpcap */
	bool failed;			/* reading failed; input_why says how */
	struct fault input_why;
	int over;			/* SOURCE_END, SOURCE_FAULT: it stays so */
	struct fault over_why;
};

static ssize_t
stream_read(void *cookie, char *buf, size_t n)
{
	struct pcapfile *f = cookie;
	long got;

	if (f->head_at < f->head_n) {
		if (n > f->head_n - f->head_at)
			n = f->head_n - f->head_at;
		memcpy(buf, f->head + f->head_at, n);
		f->head_at += n;
		f->given += n;
		return (ssize_t)n;
	}
	do
		got = input_read(f->in, buf, n, &f->input_why);
	while (got == INPUT_AGAIN);
	if (got == INPUT_FAULT) {
		f->failed = true;
		return -1;
	}
	f->given += (uint64_t)got;
	return (ssize_t)got;
}

static void
pcapfile_destroy(void *src)
{
	struct pcapfile *f = src;

	if (f == NULL)
		return;
	filter_clear(&f->filter);
	if (f->p != NULL)
		pcap_close(f->p);	/* and the FILE with it */
	if (f->fp != NULL)
		(void)fclose(f->fp);
	input_destroy(f->in);
	free(f->stream);
	free(f->head);
	free(f);
}

/* What libpcap said, in the words of our other reader where it means the same. */
static int
read_fault(const struct pcapfile *f, const char *said, struct fault *why)
{
	const char *title = input_title(f->in);

	if (f->failed)
		return fault_set(why, f->input_why.remedy, "%s, after packet %llu",
		    f->input_why.what, (unsigned long long)f->ordinal);
	if (strstr(said, "truncated") != NULL)
		return fault_set(why, "the packets before it were read",
		    "%s ends in the middle of packet %llu (byte %llu)", title,
		    (unsigned long long)f->ordinal + 1, (unsigned long long)f->given);
	return fault_set(why, "'capinfos' says more about a damaged capture",
	    "%s is damaged after packet %llu: %s", title, (unsigned long long)f->ordinal,
	    said);
}

static int
pcapfile_dispatch(void *src, int budget, source_frame_fn *fn, void *arg,
    struct fault *why)
{
	struct pcapfile *f = src;
	struct frame frame = { .link_type = f->link_type };
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int handed = 0, scanned = 0, r;

	/* libpcap has room for one frame: it stays until we ask for the next. */
	while (f->over == 0 && handed < 1 && handed < budget && scanned++ < SCAN_MOST) {
		r = pcap_next_ex(f->p, &h, &bytes);
		if (r == PCAP_ERROR_BREAK) {
			f->over = SOURCE_END;
			break;
		}
		if (r != 1) {
			f->over = SOURCE_FAULT;
			(void)read_fault(f, pcap_geterr(f->p), &f->over_why);
			break;
		}
		f->ordinal++;
		if (!filter_pass(&f->filter, bytes, h->caplen, h->len))
			continue;
		/* libpcap keeps nanoseconds where its struct says microseconds. */
		frame.time = frame_time(h->ts.tv_sec, h->ts.tv_usec);
		frame.ordinal = f->ordinal;
		frame.cap = h->caplen;
		frame.wire = h->len;
		frame.bytes = bytes;
		fn(arg, &frame);
		handed++;
	}
	if (handed > 0 || f->over == 0)
		return handed;
	if (f->over == SOURCE_FAULT && why != NULL)
		*why = f->over_why;
	return f->over;
}

static void
pcapfile_loss(void *src, struct source_loss *out)
{
	struct pcapfile *f = src;

	out->bytes_read = input_taken(f->in);
	out->bytes_total = input_size(f->in);
}

static int
pcapfile_keep_fds(void *src, int *out, int most)
{
	if (most > 0)
		out[0] = input_fd(((struct pcapfile *)src)->in);
	return 1;
}

static const struct source_ops pcapfile_ops = {
	.name = "file", .keeps = 1, .dispatch = pcapfile_dispatch, .loss = pcapfile_loss,
	.keep_fds = pcapfile_keep_fds, .destroy = pcapfile_destroy,
};

int
link_type_fault(const struct input *in, int link_type, struct fault *why)
{
	const char *name = pcap_datalink_val_to_name(link_type);

	return fault_set(why, SOURCE_READS,
	    "cannot read %s: its link type is %d (%s)", input_title(in), link_type,
	    name == NULL ? "unknown to libpcap" : name);
}

struct source *
pcapfile_take(struct input **in, const uint8_t *head, size_t n, const char *filter,
    struct fault *why)
{
	static const cookie_io_functions_t io = { .read = stream_read };
	char said[PCAP_ERRBUF_SIZE] = "";
	struct pcapfile *f;

	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		input_destroy(*in);
		*in = NULL;
		(void)fault_set(why, NULL, "no memory to read a capture");
		return NULL;
	}
	f->in = *in;
	*in = NULL;
	f->head = malloc(n + 1);
	f->stream = malloc(STREAM_BYTES);
	f->fp = f->stream == NULL ? NULL : fopencookie(f, "r", io);
	if (f->head == NULL || f->fp == NULL) {
		(void)fault_set(why, NULL, "no memory to read %s", input_title(f->in));
		goto fail;
	}
	memcpy(f->head, head, n);
	f->head_n = n;
	(void)setvbuf(f->fp, f->stream, _IOFBF, STREAM_BYTES);
	f->p = pcap_fopen_offline_with_tstamp_precision(f->fp, PCAP_TSTAMP_PRECISION_NANO,
	    said);
	if (f->p == NULL) {
		if (f->failed)
			(void)fault_set(why, f->input_why.remedy, "%s",
			    f->input_why.what);
		else if (strstr(said, "truncated") != NULL)
			(void)fault_set(why, "it holds no packet",
			    "%s ends in the middle of its "
			    "header (byte %llu)", input_title(f->in),
			    (unsigned long long)f->given);
		else
			(void)fault_set(why,
			    "'capinfos' says more about a damaged capture",
			    "cannot read %s: %s", input_title(f->in), said);
		goto fail;
	}
	f->fp = NULL;
	f->link_type = pcap_datalink(f->p);
	if (!decode_knows(f->link_type)) {
		(void)link_type_fault(f->in, f->link_type, why);
		goto fail;
	}
	if (filter_compile(&f->filter, filter, f->link_type, why) == -1)
		goto fail;
	return source_wrap(&pcapfile_ops, f);

fail:
	pcapfile_destroy(f);
	return NULL;
}
