/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What bodies explain of an upload: as much as they are, and no longer than they are it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define MB 1000000

/* An upload of so many bytes over HTTP that begins as `body`; its last record. */
static const struct observation *
uploads(struct desk *d, const void *body, uint32_t n, uint32_t megabytes)
{
	static const char head[] = "PUT /x HTTP/1.1\r\nContent-Length: 900000000\r\n\r\n";
	uint8_t first[1024];
	uint32_t seq = 1;

	memcpy(first, head, sizeof(head) - 1);
	memcpy(first + sizeof(head) - 1, body, n);
	n += (uint32_t)sizeof(head) - 1;
	send_tcp(d, 1, INSIDE, 40000, OUTSIDE, 80, TCP_SYN, 0, 0, NULL, 0);
	send_tcp(d, 1.01, OUTSIDE, 80, INSIDE, 40000, TCP_SYN | TCP_ACK, 0, 1, NULL, 0);
	send_tcp(d, 1.02, INSIDE, 40000, OUTSIDE, 80, TCP_ACK, seq, 1, first, n);
	seq += n;
	for (unsigned i = 0; i < megabytes * 20; i++, seq += 50000)
		send_tcp(d, 1.1 + i * 0.001, INSIDE, 40000, OUTSIDE, 80, TCP_ACK, seq, 1, NULL,
		    50000);
	send_tcp(d, 10, INSIDE, 40000, OUTSIDE, 80, TCP_RST, seq, 1, NULL, 0);
	observer_finish(d->o);
	assert_non_null(closes(d, 0));
	assert_in_range(closes(d, 0)->upload, megabytes * MB, (megabytes + 1) * MB);
	return closes(d, 0);
}

/* A picture may claim four billion points in four bytes. */
static void
test_a_picture_explains_no_more_than_the_limit(void **state)
{
	static const char huge[] = "\xff\xd8\xff\xe0\0\4..\xff\xc0\0\x11\x08\xff\xff\xff\xff\3",
	    small[] = "\xff\xd8\xff\xe0\0\4..\xff\xc0\0\x11\x08\4\0\4\0\3";
	const struct observation *r;
	struct desk *d = desk_open();

	(void)state;
	r = uploads(d, huge, sizeof(huge) - 1, 80);
	assert_int_equal(r->content, CONTENT_IMAGE);
	assert_in_range(r->unseen, 80 * MB - limits.plain_max, 80 * MB - limits.plain_max + 1000);
	desk_close(d);
	d = desk_open();
	r = uploads(d, small, sizeof(small) - 1, 80);	/* three bytes a point, and 1 MB */
	assert_in_range(r->unseen, 75 * MB, 76 * MB);
	desk_close(d);
}

/* A body that says it is text: 4,500 heads of it in a window, and then, perhaps, others. */
static uint64_t
says_text(bool to_the_end)
{
	static const char head[] = "PUT /x HTTP/1.1\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 900000000\r\n\r\n";
	static const char words[] = "{\"hall\": 21.5, \"door\": \"shut\", \"n\": 7}\n";
	struct desk *d = desk_open();
	uint8_t text[1000], rest[1000];
	uint32_t seq = 1;
	uint64_t unseen;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)words[i % (sizeof(words) - 1)];
	memset(rest, 0xf7, sizeof(rest));
	send_tcp(d, 1, INSIDE, 40000, OUTSIDE, 80, TCP_SYN, 0, 0, NULL, 0);
	send_tcp(d, 1.01, OUTSIDE, 80, INSIDE, 40000, TCP_SYN | TCP_ACK, 0, 1, NULL, 0);
	send_tcp(d, 1.02, INSIDE, 40000, OUTSIDE, 80, TCP_ACK, seq, 1, head, sizeof(head) - 1);
	seq += (uint32_t)sizeof(head) - 1;
	for (unsigned i = 0; i < 20000; i++, seq += sizeof(text))
		send_tcp(d, 1.1 + i * 0.0004, INSIDE, 40000, OUTSIDE, 80, TCP_ACK, seq, 1,
		    i < 4500 || to_the_end ? text : rest, sizeof(text));
	send_tcp(d, 10, INSIDE, 40000, OUTSIDE, 80, TCP_RST, seq, 1, NULL, 0);
	observer_finish(d->o);
	assert_non_null(closes(d, 0));
	assert_int_equal(closes(d, 0)->content, CONTENT_TEXT);
	unseen = closes(d, 0)->unseen;
	desk_close(d);
	return unseen;
}

static void
test_what_says_it_is_text_is_asked_to_its_end(void **state)
{
	(void)state;
	assert_in_range(says_text(true), 0, 1000);
	assert_in_range(says_text(false), 15 * MB, 21 * MB);
}

/* Pictures of 20 kB/s for so long, then so many seconds of speech in the same stream. */
static const struct observation *
films(struct desk *d, double pictures, double sound)
{
	uint8_t p[12] = { 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9 };
	unsigned seq = 0;

	for (double t = 0; t < pictures + sound; seq++) {
		bool picture = t < pictures;
		uint32_t stamp = (uint32_t)((picture ? t * 90e3 : t * 48e3) + 0.5);

		p[1] = picture ? 0xe0 : 0x60;
		p[2] = (uint8_t)(seq >> 8);
		p[3] = (uint8_t)seq;
		for (int i = 0; i < 4; i++)
			p[4 + i] = (uint8_t)(stamp >> (24 - 8 * i));
		{
			struct crate c;
			struct packet *k = crate_udp(&c, at(1 + t).ns, INSIDE, 40000, OUTSIDE,
			    5004, picture ? 1000 : 72);

			c.frame.ordinal = ++d->ordinal;
			k->payload = span_of(p, sizeof(p));
			observer_packet(d->o, k);
		}
		t += picture ? 0.05 : 0.02;
	}
	observer_finish(d->o);
	assert_non_null(closes(d, 0));
	return closes(d, 0);
}

static void
test_pictures_that_end_explain_what_they_were(void **state)
{
	const struct observation *r;
	struct desk *d = desk_open();

	(void)state;
	r = films(d, 30, 0);
	assert_int_equal(r->content, CONTENT_VIDEO);
	assert_int_equal(r->unseen, 0);
	desk_close(d);

	d = desk_open();
	r = films(d, 30, 100);		/* 600 kB, then 360 kB */
	assert_int_equal(r->content, CONTENT_UNKNOWN);
	assert_true(observation_known(r, FIELD_content));
	assert_in_range(r->unseen, 350000, 440000);
	desk_close(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_picture_explains_no_more_than_the_limit),
		cmocka_unit_test(test_what_says_it_is_text_is_asked_to_its_end),
		cmocka_unit_test(test_pictures_that_end_explain_what_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
