/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One owner per connection: the bufferevent is made in connect_to and freed in let_go,
 * and every callback returns at once after that. libevent keeps a freed bufferevent alive
 * until its own call is over. The same for a lookup: a cancelled one still calls back,
 * with EVUTIL_EAI_CANCEL, perhaps later; it finds no lookup under way then and leaves.
 */
#include "rules/event/dial.h"

#include "rules/event/clock.h"
#include "rules/event/tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MOST_MS 5000
#define CONNECT_WITHIN_S 5		/* an address that swallows packets */
#define LOOKUP_WITHIN_S 10
#define GONE_MS 10000			/* nothing of ours was acknowledged for so long */
#define ADDRESSES 8			/* of one name; more are not tried */

struct address {
	struct sockaddr_storage at;
	socklen_t len;
};

struct dial {
	struct dial_options o;
	struct bufferevent *bev;	/* NULL: no connection and none under way */
	struct evdns_getaddrinfo_request *lookup;
	bool looking;			/* a lookup is under way */
	struct event *again, *late;
	struct address address[ADDRESSES];
	unsigned addresses, next;	/* to be tried; the next one */
	bool up;
	bool secure;			/* bev speaks TLS, or is about to */
	uint64_t ups;
	size_t left;			/* bytes that the last connection did not take */
	int backoff_ms;
	uint64_t random;
	unsigned own;			/* the first of our entries in the register */
};

static void round_begin(struct dial *d);
static void try_next(struct dial *d, const struct fault *why);
static void connect_to(struct dial *d, const struct address *a);
static void let_go(struct dial *d);
static void fail(struct dial *d, const struct fault *why);
static void again_later(struct dial *d);
static void on_event(struct bufferevent *bev, short what, void *arg);
static struct addr addr_of(const struct sockaddr_storage *sa, uint16_t *port);

bool
dial_is_literal(const char *host)
{
	unsigned char a[sizeof(struct in6_addr)];

	return evutil_inet_pton(AF_INET, host, a) == 1 ||
	    evutil_inet_pton(AF_INET6, host, a) == 1;
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	round_begin(arg);
}

/* The lookup, or the connection that is being made, takes too long. */
static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct fault why;

	(void)fd;
	(void)what;
	if (d->looking) {
		(void)fault_set(&why, "see /etc/resolv.conf",
		    "no name server answers about '%s'", d->o.to->host);
		let_go(d);
		fail(d, &why);
	} else if (d->bev != NULL && !d->up && d->secure) {
		(void)fault_set(&why, "redis:// is without TLS",
		    "it does not answer in TLS within %d s", CONNECT_WITHIN_S);
		try_next(d, &why);
	} else if (d->bev != NULL && !d->up) {
		(void)fault_set(&why, NULL, "no connection within %d s",
		    CONNECT_WITHIN_S);
		try_next(d, &why);
	}
}

struct dial *
dial_create(const struct dial_options *o, struct fault *why)
{
	struct dial *d = calloc(1, sizeof(*d));
	struct timeval now = { 0, 0 };

	if (d == NULL)
		goto no_memory;
	d->o = *o;
	d->random = o->seed;
	d->backoff_ms = BACKOFF_FIRST_MS;
	if (o->own != NULL)
		d->own = 2 * (o->own_place > 0 ? o->own_place - 1 : o->own->dials++);
	d->again = evtimer_new(o->base, on_again, d);
	d->late = evtimer_new(o->base, on_late, d);
	if (d->again == NULL || d->late == NULL || event_add(d->again, &now) == -1)
		goto no_memory;
	return d;
no_memory:
	(void)fault_set(why, NULL, "no memory for a connection");
	dial_destroy(d);
	return NULL;
}

void
dial_destroy(struct dial *d)
{
	if (d == NULL)
		return;
	let_go(d);
	if (d->again != NULL)
		event_free(d->again);
	if (d->late != NULL)
		event_free(d->late);
	free(d);
}

void
dial_write(struct dial *d, const void *bytes, size_t n)
{
	if (d->up)
		(void)bufferevent_write(d->bev, bytes, n);
}

size_t
dial_unsent(const struct dial *d)
{
	return d->bev == NULL ? d->left :
	    evbuffer_get_length(bufferevent_get_output(d->bev));
}

bool
dial_is_up(const struct dial *d)
{
	return d->up;
}

void
dial_hang_up(struct dial *d, const struct fault *why)
{
	let_go(d);
	fail(d, why);
}

void
dial_is_good(struct dial *d)
{
	d->backoff_ms = BACKOFF_FIRST_MS;
}

uint64_t
dial_reconnects(const struct dial *d)
{
	return d->ups > 0 ? d->ups - 1 : 0;
}

bool
dial_peer(const struct dial *d, struct sink_address *out)
{
	const struct sockaddr *sa;

	memset(out, 0, sizeof(*out));
	if (!d->up)
		return false;
	sa = (const struct sockaddr *)&d->address[d->next - 1].at;
	if (sa->sa_family == AF_UNIX)
		return false;
	(void)addr_of(&d->address[d->next - 1].at, &out->port);
	return getnameinfo(sa, d->address[d->next - 1].len, out->host, sizeof(out->host),
	    NULL, 0, NI_NUMERICHOST) == 0;
}

static void
within(struct dial *d, int seconds)
{
	struct timeval tv = { seconds, 0 };

	(void)event_add(d->late, &tv);
}

static void
add_address(struct dial *d, const struct sockaddr *sa, size_t len)
{
	struct address *a = &d->address[d->addresses];

	if (d->addresses == ADDRESSES || len > sizeof(a->at))
		return;
	memcpy(&a->at, sa, len);
	a->len = (socklen_t)len;
	d->addresses++;
}

/* Name servers may have changed since: they are read again when none of them helped. */
static void
read_name_servers(struct evdns_base *dns)
{
	int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;		/* replaced by one that the sandbox does not know */
	(void)close(fd);
	(void)evdns_base_clear_nameservers_and_suspend(dns);
	(void)evdns_base_resolv_conf_parse(dns, DNS_OPTION_NAMESERVERS,
	    "/etc/resolv.conf");
	(void)evdns_base_resume(dns);
}

static void
on_addresses(int result, struct evutil_addrinfo *res, void *arg)
{
	struct dial *d = arg;
	struct fault why;

	if (result == EVUTIL_EAI_CANCEL)
		return;		/* the dial may be gone */
	d->looking = false;
	d->lookup = NULL;
	for (struct evutil_addrinfo *i = res; i != NULL; i = i->ai_next)
		if (i->ai_family == AF_INET || i->ai_family == AF_INET6)
			add_address(d, i->ai_addr, (size_t)i->ai_addrlen);
	if (res != NULL)
		evutil_freeaddrinfo(res);
	if (d->addresses > 0) {
		try_next(d, NULL);
		return;
	}
	if (result == 0 || result == EVUTIL_EAI_NONAME || result == EVUTIL_EAI_NODATA)
		(void)fault_set(&why, "DNS and /etc/hosts are asked, nothing else; see "
		    "'getent ahosts'", "the name '%s' is unknown", d->o.to->host);
	else
		(void)fault_set(&why, "see /etc/resolv.conf",
		    "no name server answers about '%s': %s", d->o.to->host,
		    evutil_gai_strerror(result));
	if (result != EVUTIL_EAI_NONAME)
		read_name_servers(d->o.dns);
	let_go(d);
	fail(d, &why);
}

static void
round_begin(struct dial *d)
{
	const struct sink_address *to = d->o.to;
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(to->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(to->port) };
	struct fault why;
	char port[8];

	d->addresses = d->next = 0;
	if (to->host[0] == '\0') {
		memcpy(un.sun_path, to->path, sizeof(un.sun_path));
		add_address(d, (struct sockaddr *)&un, sizeof(un));
	} else if (evutil_inet_pton(AF_INET, to->host, &in.sin_addr) == 1) {
		add_address(d, (struct sockaddr *)&in, sizeof(in));
	} else if (evutil_inet_pton(AF_INET6, to->host, &in6.sin6_addr) == 1) {
		add_address(d, (struct sockaddr *)&in6, sizeof(in6));
	}
	if (d->addresses > 0) {
		try_next(d, NULL);
		return;
	}
	if (d->o.dns == NULL) {
		(void)fault_set(&why, "give an address", "cannot look up '%s'", to->host);
		fail(d, &why);
		return;
	}
	(void)snprintf(port, sizeof(port), "%u", to->port);
	d->looking = true;
	within(d, LOOKUP_WITHIN_S);
	/* May call on_addresses before it returns; then there is no request. */
	d->lookup = evdns_getaddrinfo(d->o.dns, to->host, port, &hints, on_addresses, d);
	if (!d->looking)
		d->lookup = NULL;
}

/* why: of the address before; NULL: this is the first. */
static void
try_next(struct dial *d, const struct fault *why)
{
	let_go(d);
	if (d->next == d->addresses) {
		fail(d, why);
		return;
	}
	connect_to(d, &d->address[d->next++]);
}

static struct addr
addr_of(const struct sockaddr_storage *sa, uint16_t *port)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct addr out = { { 0 } };

	if (sa->ss_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		*port = ntohs(in.sin_port);
		out = addr_from_v4((const uint8_t *)&in.sin_addr);
	} else {
		memcpy(&in6, sa, sizeof(in6));
		*port = ntohs(in6.sin6_port);
		memcpy(out.b, &in6.sin6_addr, 16);
	}
	return out;
}

/* Our end of fd, before it is connected (the port alone) or after. A dial that reaches
 * nobody and tries again and again takes no other's entry. */
static void
publish(struct dial *d, int fd, const struct sockaddr_storage *remote, bool fresh)
{
	struct own_register *r = d->o.own;
	struct own_connection c, *ours;
	struct sockaddr_storage local = { 0 };
	socklen_t len = sizeof(local);

	if (r == NULL || r->board == NULL || remote->ss_family == AF_UNIX ||
	    d->own + 2 > SNAPSHOT_CONNECTIONS ||
	    getsockname(fd, (struct sockaddr *)&local, &len) == -1)
		return;
	ours = &r->own.c[d->own];
	c.remote = addr_of(remote, &c.remote_port);
	c.local = addr_of(&local, &c.local_port);
	if (fresh) {
		memset(&c.local, 0, sizeof(c.local));
		ours[1] = ours[0];
		if (r->own.n < d->own + 2)
			r->own.n = d->own + 2;
	}
	ours[0] = c;
	board_post(r->board, &r->own);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct dial *d = arg;
	unsigned char piece[16384];
	struct fault why;
	size_t n;

	while (d->bev == bev && (n = bufferevent_read(bev, piece, sizeof(piece))) > 0)
		if (d->o.heard(d->o.arg, piece, n, clock_now(), &why) == -1) {
			dial_hang_up(d, &why);
			return;
		}
}

static void
on_drained(struct bufferevent *bev, void *arg)
{
	struct dial *d = arg;

	if (d->bev == bev && d->up && d->o.drained != NULL)
		d->o.drained(d->o.arg, clock_now());
}

/* Or each batch waits 40 ms for the acknowledgement of the one before; and a peer that is
 * gone without a word is noticed by the kernel too, not by our questions alone. */
static void
settle(int fd, const struct sockaddr_storage *remote)
{
	int one = 1, ms = GONE_MS;

	if (remote->ss_family == AF_UNIX)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/* There is a connection: it goes from a bufferevent that only carries bytes to one that
 * speaks TLS on it. The descriptor stays; `late` still runs. */
static void
handshake(struct dial *d)
{
	struct bufferevent *plain = d->bev;
	int fd = bufferevent_getfd(plain);
	struct fault why;
	SSL *ssl = tls_session(d->o.tls, d->o.to->host, &why);

	if (ssl == NULL) {
		try_next(d, &why);
		return;
	}
	(void)bufferevent_setfd(plain, -1);
	bufferevent_free(plain);
	d->bev = bufferevent_openssl_socket_new(d->o.base, fd, ssl,
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (d->bev == NULL) {
		SSL_free(ssl);
		(void)close(fd);
		(void)fault_set(&why, NULL, "no memory for TLS");
		try_next(d, &why);
		return;
	}
	d->secure = true;
	bufferevent_openssl_set_allow_dirty_shutdown(d->bev, 1);
	bufferevent_setcb(d->bev, on_read, on_drained, on_event, d);
	(void)bufferevent_enable(d->bev, EV_READ | EV_WRITE);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct dial *d = arg;
	int error = EVUTIL_SOCKET_ERROR(), fd = bufferevent_getfd(bev);
	const struct sockaddr_storage *remote = &d->address[d->next - 1].at;
	struct fault why;

	if ((what & BEV_EVENT_CONNECTED) != 0 && d->o.tls != NULL && !d->secure) {
		settle(fd, remote);
		publish(d, fd, remote, false);
		handshake(d);
		return;
	}
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		if (d->o.tls == NULL) {
			settle(fd, remote);
			publish(d, fd, remote, false);
		}
		(void)event_del(d->late);
		d->up = true;
		d->ups++;
		d->o.up(d->o.arg, clock_now());
		return;
	}
	if (d->secure && (what & BEV_EVENT_EOF) == 0)
		(void)tls_fault(bufferevent_openssl_get_ssl(bev),
		    bufferevent_get_openssl_error(bev), &why);
	else if (d->secure && !d->up)
		(void)fault_set(&why, "does it speak TLS on this port?",
		    "the other side closed the connection before TLS began");
	else
		(void)fault_set(&why, d->up ? NULL : "is anybody listening there?", "%s",
		    (what & BEV_EVENT_EOF) != 0 ? "the other side closed the connection" :
		    error != 0 ? strerror(error) : "the connection broke");
	if (d->up)
		dial_hang_up(d, &why);
	else
		try_next(d, &why);
}

static bool
is_loopback(const struct sockaddr_storage *sa)
{
	static const uint8_t one[16] = { [15] = 1 };
	uint16_t port;
	struct addr a = addr_of(sa, &port);

	return sa->ss_family == AF_UNIX || (addr_is_v4(&a) && a.b[12] == 127) ||
	    memcmp(a.b, one, 16) == 0;
}

static void
connect_to(struct dial *d, const struct address *a)
{
	const struct sockaddr *to = (const struct sockaddr *)&a->at;
	struct address any = { .len = a->len };
	struct bufferevent *bev;
	struct fault why;
	int fd = -1;

	if (d->o.loopback_only && !is_loopback(&a->at)) {
		(void)fault_set(&why, NULL, "'%s' is another host, and a password would "
		    "cross the network in clear text", d->o.to->host);
		fail(d, &why);
		return;
	}
	any.at.ss_family = a->at.ss_family;
	fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Bound first, so that the port is known before the first packet leaves. */
	if (fd != -1 && a->at.ss_family != AF_UNIX &&
	    bind(fd, (struct sockaddr *)&any.at, any.len) == 0)
		publish(d, fd, &a->at, true);
	if (fd != -1)
		d->bev = bufferevent_socket_new(d->o.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (d->bev == NULL) {
		(void)fault_set(&why, NULL, "cannot make a socket: %s", strerror(errno));
		if (fd != -1)
			(void)close(fd);
		fail(d, &why);
		return;
	}
	bufferevent_setcb(d->bev, on_read, on_drained, on_event, d);
	within(d, CONNECT_WITHIN_S);
	errno = 0;
	bev = d->bev;
	/* A path that is not there is known at once: libevent may have called on_event by
	 * then, and another attempt, or none, be under way; or it just says so. */
	if (bufferevent_socket_connect(bev, to, (int)a->len) == -1 && d->bev == bev) {
		(void)fault_set(&why, "is anybody listening there?", "%s",
		    errno != 0 ? strerror(errno) : "cannot connect");
		try_next(d, &why);
	} else if (d->bev == bev) {
		(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
	}
}

/* Ends what is under way: a connection, a lookup. */
static void
let_go(struct dial *d)
{
	struct evdns_getaddrinfo_request *lookup = d->lookup;

	if (d->late != NULL)
		(void)event_del(d->late);
	d->looking = false;
	d->lookup = NULL;
	if (lookup != NULL)
		evdns_getaddrinfo_cancel(lookup);
	d->left = dial_unsent(d);
	if (d->bev != NULL)
		bufferevent_free(d->bev);
	d->bev = NULL;
	d->up = d->secure = false;
}

static void
fail(struct dial *d, const struct fault *why)
{
	d->o.down(d->o.arg, why, clock_now());
	again_later(d);
}

/* Half of the time and a random half. */
static void
again_later(struct dial *d)
{
	int half = d->backoff_ms / 2, ms;
	struct timeval tv;

	d->random = d->random * 6364136223846793005ULL + 1442695040888963407ULL;
	ms = half + (int)((d->random >> 33) % (unsigned)(half + 1));
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	d->backoff_ms =
	    d->backoff_ms * 2 < BACKOFF_MOST_MS ? d->backoff_ms * 2 : BACKOFF_MOST_MS;
	(void)event_add(d->again, &tv);
}
