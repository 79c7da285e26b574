/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What serves and what calls, each in a loop of its own: the control socket, and the
 * connections of outputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rules/event/control.h"
#include "rules/event/dial.h"
#include "rules/event/unix_socket.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct log quiet = { "test", LOG_LEVEL_FATAL };

struct box {
	char dir[40], path[64];
	struct event_base *base;
};

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	(void)snprintf(b->dir, sizeof(b->dir), "/tmp/earshot-sockets-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	(void)snprintf(b->path, sizeof(b->path), "%s/socket", b->dir);
	b->base = event_base_new();
	assert_non_null(b->base);
	(void)alarm(30);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;

	(void)alarm(0);
	event_base_free(b->base);
	(void)unlink(b->path);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

static int
call(const struct box *b)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(un.sun_path, b->path, sizeof(b->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

/* All that comes on fd until `part` is in it. */
static void
expect(struct box *b, int fd, const char *part)
{
	char text[4096] = "";
	size_t n = 0;

	while (strstr(text, part) == NULL) {
		ssize_t got;

		(void)event_base_loop(b->base, EVLOOP_NONBLOCK);
		got = recv(fd, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT);
		if (got == 0 || n == sizeof(text) - 1)
			fail_msg("'%s' did not come, but: %s", part, text);
		n += got > 0 ? (size_t)got : 0;
		text[n] = '\0';
	}
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* ---- the name ---- */

static void
test_a_name_is_taken_over_from_the_dead_alone(void **state)
{
	struct box *b = *state;
	struct stat st;
	int fd = open(b->path, O_WRONLY | O_CREAT, 0600), second;

	(void)close(fd);
	assert_int_equal(unix_socket_bind(b->path), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	(void)unlink(b->path);
	fd = unix_socket_bind(b->path);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(unix_socket_bind(b->path), -1);
	assert_int_equal(errno, EADDRINUSE);
	/* Its backlog is full now: who is busy is not dead, and nobody waits for it. */
	assert_int_equal(unix_socket_bind(b->path), -1);
	assert_int_equal(errno, EADDRINUSE);
	(void)close(fd);
	second = unix_socket_bind(b->path);
	assert_true(second != -1);
	(void)close(second);
}

/* ---- control ---- */

static void
no_answer(void *arg, const struct request *q, struct json *j)
{
	(void)arg;
	(void)q;
	json_null(j);
}

/* Who asked has left, with an answer unread: that breaks its connection. The supervisor
 * answers that reload all the same. */
static void
test_the_answer_to_one_reload_is_not_given_to_another(void **state)
{
	struct box *b = *state;
	struct control_options o = { .base = b->base, .path = b->path, .log = &quiet,
		.answer = no_answer };
	struct control *c;
	struct fault why;
	int ask[2], fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ask), 0);
	o.ask_fd = ask[0];
	c = control_create(&o, &why);
	assert_non_null(c);
	fd = call(b);
	say(fd, "help\nreload\n");
	expect(b, ask[1], "reload");
	(void)close(fd);
	while (control_clients(c) > 0)
		(void)event_base_loop(b->base, EVLOOP_ONCE);
	fd = call(b);
	say(fd, "reload\n");
	expect(b, fd, "a reload is under way");
	(void)close(fd);
	say(ask[1], "{\"of\":\"one\"}");
	while (control_clients(c) > 0)
		(void)event_base_loop(b->base, EVLOOP_ONCE);
	fd = call(b);
	say(fd, "reload\n");
	expect(b, ask[1], "reload");
	say(ask[1], "{\"of\":\"two\"}");
	expect(b, fd, "{\"of\":\"two\"}\n");
	(void)close(fd);
	control_destroy(c);
	(void)close(ask[0]);
	(void)close(ask[1]);
}

/* ---- connections of outputs ---- */

struct end {
	struct dial *dial;
	unsigned ups;
	bool flaps;
};

static void
on_up(void *arg, struct loop_time now)
{
	struct end *e = arg;

	(void)now;
	e->ups++;
	if (e->flaps)
		dial_is_good(e->dial);
}

static int
on_heard(void *arg, const void *bytes, size_t n, struct loop_time now, struct fault *why)
{
	(void)arg;
	(void)bytes;
	(void)n;
	(void)now;
	(void)why;
	return 0;
}

static void
on_down(void *arg, const struct fault *why, struct loop_time now)
{
	(void)arg;
	(void)why;
	(void)now;
}

/* A dial has two places; and nobody accepts, so that the queue of the socket bounds it. */
#define FLAPS 32

static void
test_an_output_that_flaps_does_not_make_us_hear_another(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, peer;
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct addr a = addr_from_v4(loopback);
	struct sink_address to = { .host = "127.0.0.1" };
	struct box *b = *state;
	struct end stands = { .flaps = false }, flaps = { .flaps = true };
	struct boards boards = { NULL, NULL, NULL };
	struct own_register own = { .board = NULL };
	struct dial_options o = { .base = b->base, .to = &to, .own = &own, .up = on_up,
		.heard = on_heard, .down = on_down };
	struct own_connections now;
	struct fault why = { "", "" };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0), first;

	assert_int_equal(boards_create(&boards, &why), 0);
	own.board = boards.own;
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	to.port = ntohs(in.sin_port);
	o.arg = &stands;
	stands.dial = dial_create(&o, &why);
	while (stands.ups == 0)
		(void)event_base_loop(b->base, EVLOOP_ONCE);
	len = sizeof(peer);
	first = accept(fd, (struct sockaddr *)&peer, &len);
	o.arg = &flaps;
	flaps.dial = dial_create(&o, &why);
	while (flaps.ups < FLAPS) {
		(void)event_base_loop(b->base, EVLOOP_ONCE);
		if (dial_is_up(flaps.dial))
			dial_hang_up(flaps.dial, &why);
	}
	assert_true(own_connections_read(boards.own, &now));
	assert_true(own_connections_has(&now, &a, ntohs(peer.sin_port), &a, to.port));
	dial_destroy(stands.dial);
	dial_destroy(flaps.dial);
	(void)close(first);
	(void)close(fd);
	boards_destroy(&boards);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_name_is_taken_over_from_the_dead_alone),
		T(test_the_answer_to_one_reload_is_not_given_to_another),
		T(test_an_output_that_flaps_does_not_make_us_hear_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
