/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge_wire: what the packets of a few seconds say about where the sensor stands. The
 * limits are of two kinds: how much must have been heard before a share means something
 * (ENOUGH_...), and the share itself.
 */
#include "rules/doctor/check.h"

#include <inttypes.h>
#include <stdio.h>

#define ENOUGH_FLOWS 5		/* conversations, for both directions and tags */
#define ENOUGH_OPENINGS 20	/* begun conversations, for NAT */
#define ENOUGH_PACKETS 100
#define ONE_WAY_FAIL 50		/* per cent of conversations in one direction only */
#define ONE_WAY_WARN 10
#define COPIES_WARN 20		/* where copies begin to be dropped, too */
#define NAT_WARN 90
#define SUMS_WARN 5

static void mirror(const struct doctor_facts *f, struct findings *out);
static void both_ways(const struct heard_counts *h, struct findings *out);
static void vlan(const struct heard_counts *h, struct findings *out);
static void duplicates(const struct heard_counts *h, struct findings *out);
static void nat(const struct heard_counts *h, struct findings *out);
static void home(const struct doctor_facts *f, struct findings *out);
static void checksums(const struct heard_counts *h, struct findings *out);

static unsigned
share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (unsigned)(part * 100 / whole);
}

static bool
plugged_in(const struct doctor_facts *f)
{
	for (unsigned i = 0; i < f->ifaces; i++)
		if (f->iface[i].opened && f->iface[i].carrier)
			return true;
	return false;
}

void
judge_wire(const struct doctor_facts *f, struct findings *out)
{
	if (!f->listened)
		return;
	if (!plugged_in(f))
		return;		/* that is the finding */
	mirror(f, out);
	if (f->heard.frames == 0)
		return;
	both_ways(&f->heard, out);
	vlan(&f->heard, out);
	duplicates(&f->heard, out);
	nat(&f->heard, out);
	if (f->heard.others > 0)
		home(f, out);
	checksums(&f->heard, out);
}

static void
mirror(const struct doctor_facts *f, struct findings *out)
{
	const struct heard_counts *h = &f->heard;
	const char *about = f->ifaces == 1 ? f->iface[0].name : "";
	long long seconds = f->listened_ns / NS_PER_S;

	if (h->frames == 0)
		find(out, CHECK_MIRROR, GRADE_FAIL, about,
		    "nothing was heard in %lld s", seconds);
	else if (h->unread == h->frames)
		find_remedy(find(out, CHECK_MIRROR, GRADE_FAIL, about,
				"none of %" PRIu64 " frames could be read (%s)",
				h->frames, h->unread_most),
		    "earshot run -v -i %s: its counters say which headers",
		    about[0] == '\0' ? "IF" : about);
	else if (h->others == 0)
		find(out, CHECK_MIRROR, GRADE_FAIL, about,
		    "%" PRIu64
		    " frames in %lld s, all of this host's own or to everybody: "
		    "this is no mirror port",
		    h->frames, seconds);
	else
		find(out, CHECK_MIRROR, GRADE_OK, about,
		    "%" PRIu64 " frames in %lld s, %" PRIu64 " between other hosts",
		    h->frames, seconds, h->others);
}

static void
too_little(struct findings *out, enum check c, uint64_t n, const char *of)
{
	find(out, c, GRADE_UNKNOWN, "", "too little to judge: %" PRIu64
	    " %s; 'earshot doctor --listen 60s' listens longer", n, of);
}

static void
both_ways(const struct heard_counts *h, struct findings *out)
{
	unsigned one = share(h->tcp_one_way, h->tcp);

	if (h->tcp < ENOUGH_FLOWS)
		too_little(out, CHECK_BOTH_WAYS, h->tcp, "TCP conversations");
	else if (one > ONE_WAY_FAIL)
		find(out, CHECK_BOTH_WAYS, GRADE_FAIL, "",
		    "one direction only in %" PRIu64 " of %" PRIu64 " TCP conversations: "
		    "a call cannot be told from a microphone", h->tcp_one_way, h->tcp);
	else if (one > ONE_WAY_WARN)
		find_remedy(find(out, CHECK_BOTH_WAYS, GRADE_WARN, "",
		    "one direction only in %" PRIu64 " of %" PRIu64 " TCP conversations",
		    h->tcp_one_way, h->tcp),
		    "is there a second router or link? mirror it too");
	else
		find(out, CHECK_BOTH_WAYS, GRADE_OK, "",
		    "both in %" PRIu64 " of %" PRIu64 " TCP conversations",
		    h->tcp - h->tcp_one_way, h->tcp);
}

static void
vlan(const struct heard_counts *h, struct findings *out)
{
	char list[HEARD_VLANS * 6 + 8] = "";
	size_t at = 0;

	for (unsigned i = 0; i < h->vlans; i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%u",
		    i == 0 ? "" : ", ", h->vlan[i]);
	if (h->two_ways >= ENOUGH_FLOWS &&
	    share(h->half_tagged, h->two_ways) > ONE_WAY_FAIL)
		find(out, CHECK_VLAN, GRADE_WARN, "",
		    "one direction has a tag (%s) and the other none, in %" PRIu64 " of %"
		    PRIu64 " conversations", list, h->half_tagged, h->two_ways);
	else if (h->vlans == 0)
		find(out, CHECK_VLAN, GRADE_OK, "", "no tags");
	else
		find(out, CHECK_VLAN, GRADE_OK, "",
		    "VLAN %s%s; %u %% of packets have a tag", list,
		    h->vlans == HEARD_VLANS ? " and more" : "",
		    share(h->tagged, h->tagged + h->untagged));
}

static void
duplicates(const struct heard_counts *h, struct findings *out)
{
	unsigned copies = share(h->copies, h->judged);

	if (h->judged < ENOUGH_PACKETS)
		too_little(out, CHECK_DUPLICATES, h->judged, "packets");
	else if (copies >= COPIES_WARN)
		find(out, CHECK_DUPLICATES, GRADE_WARN, "",
		    "%u %% of packets came twice: the mirror takes them on their way in "
		    "and out",
		    copies);
	else
		find(out, CHECK_DUPLICATES, GRADE_OK, "",
		    "%" PRIu64 " of %" PRIu64 " packets came twice", h->copies,
		    h->judged);
}

static void
nat(const struct heard_counts *h, struct findings *out)
{
	unsigned most = share(h->openings_most, h->openings);
	char who[ADDR_TEXT], ttls[64] = "";

	addr_print(&h->opener, who);
	if (h->opener_ttls > 1)
		(void)snprintf(ttls, sizeof(ttls), " (with %" PRIu64
		    " different times to live)", h->opener_ttls);
	if (h->openings < ENOUGH_OPENINGS)
		too_little(out, CHECK_NAT, h->openings, "conversations were begun");
	else if (most > NAT_WARN)
		find(out, CHECK_NAT, GRADE_WARN, "",
		    "%u %% of %" PRIu64
		    " conversations were begun by %s%s: alerts will name "
		    "it, not the device behind it",
		    most, h->openings, who, ttls);
	else
		find(out, CHECK_NAT, GRADE_OK, "",
		    "%" PRIu64
		    " conversations, at most %u %% of them begun by one address",
		    h->openings, most);
}

static void
home(const struct doctor_facts *f, struct findings *out)
{
	const struct heard_counts *h = &f->heard;

	if (h->crossed > 0)
		find(out, CHECK_HOME, GRADE_OK, "",
		    "%" PRIu64 " packets went between inside and outside", h->crossed);
	else if (h->judged < ENOUGH_PACKETS)
		too_little(out, CHECK_HOME, h->judged, "packets");
	else
		find(out, CHECK_HOME, GRADE_WARN, "",
		    "no packet went between inside and outside%s: nothing will be told",
		    f->home_said ? ", as 'home' is set" : "");
}

/* earshot does not need checksums; a bad one of another host says the mirror is ill. */
static void
checksums(const struct heard_counts *h, struct findings *out)
{
	if (h->sums_other >= ENOUGH_PACKETS &&
	    share(h->sums_other_bad, h->sums_other) >= SUMS_WARN)
		find_remedy(
		    find(out, CHECK_CHECKSUMS, GRADE_WARN, "",
			"%u %% of other hosts' packets have a wrong checksum: damaged on "
			"their "
			"way, or sent by containers or virtual machines of this host",
			share(h->sums_other_bad, h->sums_other)),
		    "look at cable and mirror port (ethtool -S); nothing, if they are "
		    "containers");
	else if (h->sums_own_bad > 0)
		find(out, CHECK_CHECKSUMS, GRADE_OK, "",
		    "%" PRIu64 " of %" PRIu64
		    " packets of this host lack a checksum, which "
		    "its card puts in; they are read all the same",
		    h->sums_own_bad, h->sums_own);
	else
		find(out, CHECK_CHECKSUMS, GRADE_OK, "",
		    "right in %" PRIu64 " of %" PRIu64 " packets",
		    h->sums_own + h->sums_other - h->sums_other_bad,
		    h->sums_own + h->sums_other);
}
