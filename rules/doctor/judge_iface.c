/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge_iface: what is true of each interface by itself. */
#include "rules/doctor/check.h"

#include <inttypes.h>

#define ETHERNET_MOST 22	/* header and two tags, which no MTU counts */
#define USUAL_MTU 1500

static void there(const struct iface_facts *i, struct findings *out);
static void capability(const struct doctor_facts *facts, struct findings *out);
static void offloads(const struct iface_facts *i, struct findings *out);
static void mtu(const struct iface_facts *i, struct findings *out);
static void loss(const struct iface_facts *i, struct findings *out);

void
judge_ifaces(const struct doctor_facts *facts, struct findings *out)
{
	if (facts->ifaces == 0)
		find(out, CHECK_INTERFACE, GRADE_UNKNOWN, "",
		    "no interface was named: 'earshot doctor -i IF' listens on it");
	capability(facts, out);
	for (unsigned n = 0; n < facts->ifaces; n++) {
		const struct iface_facts *i = &facts->iface[n];

		there(i, out);
		if (!i->exists)
			continue;
		offloads(i, out);
		mtu(i, out);
		if (i->opened)
			loss(i, out);
	}
}

static void
there(const struct iface_facts *i, struct findings *out)
{
	struct finding *f;

	if (!i->exists) {
		f = find(out, CHECK_INTERFACE, GRADE_FAIL, i->name,
		    "there is no such interface");
		find_remedy(f, "ip link");
	} else if (!i->up) {
		find(out, CHECK_INTERFACE, GRADE_FAIL, i->name, "it is switched off");
	} else if (!i->carrier) {
		f = find(out, CHECK_INTERFACE, GRADE_FAIL, i->name,
		    "it is on, but nothing is plugged in at the other end");
		find_remedy(
		    f, "plug in its cable, or switch on the port at the other end");
	} else if (!i->opened && i->refused.what[0] != '\0') {
		f = find(
		    out, CHECK_INTERFACE, GRADE_FAIL, i->name, "%.400s", i->refused.what);
		if (i->refused.remedy[0] != '\0')
			find_remedy(f, "%s", i->refused.remedy);
	} else if (i->any) {
		find(out, CHECK_INTERFACE, GRADE_OK, i->name, "all interfaces at once");
	} else {
		find(out, CHECK_INTERFACE, GRADE_OK, i->name, "on, plugged in, MTU %u",
		    i->mtu);
	}
}

static void
capability(const struct doctor_facts *facts, struct findings *out)
{
	struct finding *f;

	if (facts->may_capture)
		find(out, CHECK_CAPABILITY, GRADE_OK, "", "may capture");
	else {
		f = find(out, CHECK_CAPABILITY,
		    facts->ifaces > 0 ? GRADE_FAIL : GRADE_WARN, "",
		    "may not capture: neither root nor CAP_NET_RAW");
		find_remedy(f, "run it as root, or: setcap cap_net_raw+ep %.300s",
		    facts->program[0] == '\0' ? "PROGRAM" : facts->program);
	}
}

/* A joined packet is read whole; its size and its moment are not those of the wire. */
static void
offloads(const struct iface_facts *i, struct findings *out)
{
	struct finding *f;

	if (i->any || i->loopback) {
		if (i->loopback && i->joined > 0)
			find(out, CHECK_OFFLOADS, GRADE_OK, i->name,
			    "%" PRIu64 " of %" PRIu64 " frames were joined: "
			    "usual on a loopback", i->joined, i->frames);
		return;
	}
	if (!i->offloads_known)
		find(out, CHECK_OFFLOADS, GRADE_UNKNOWN, i->name,
		    "its driver does not say");
	else if (i->lro || i->gro)
		find(out, CHECK_OFFLOADS, GRADE_WARN, i->name,
		    "%s on: packets come joined, their sizes and paces are less exact",
		    i->lro && i->gro ? "LRO and GRO are" : i->lro ? "LRO is" : "GRO is");
	else if (i->joined > 0) {
		f = find(out, CHECK_OFFLOADS, GRADE_WARN, i->name,
		    "%" PRIu64 " of %" PRIu64
		    " frames were longer than the MTU: the sender "
		    "(a virtual machine, a container) joins its packets",
		    i->joined, i->frames);
		find_remedy(f, "on the sender: ethtool -K ITS-INTERFACE tso off gso off");
	} else
		find(out, CHECK_OFFLOADS, GRADE_OK, i->name, "GRO and LRO are off");
}

static void
mtu(const struct iface_facts *i, struct findings *out)
{
	struct finding *f;

	if (i->too_long > 0) {
		find(out, CHECK_MTU, GRADE_FAIL, i->name,
		    "%" PRIu64 " frames were refused: longer than its MTU of %u",
		    i->too_long, i->mtu);
		return;
	}
	if (i->cut > 0 || (!i->any && i->snaplen < i->mtu + ETHERNET_MOST)) {
		f = find(out, CHECK_MTU, GRADE_WARN, i->name,
		    "the snap length of %u cuts %" PRIu64 " of %" PRIu64
		    " frames (MTU %u): less of their content is read", i->snaplen, i->cut,
		    i->frames, i->mtu);
		find_remedy(f, "leave the snap length at its default");
		return;
	}
	if (!i->any && !i->loopback && i->mtu < USUAL_MTU) {
		f = find(out, CHECK_MTU, GRADE_WARN, i->name,
		    "MTU %u: many drivers refuse frames that are longer", i->mtu);
		find_remedy(f, "ip link set %s mtu %u", i->name, USUAL_MTU);
		return;
	}
	if (i->frames > 0)
		find(out, CHECK_MTU, GRADE_OK, i->name,
		    "MTU %u, snap length %u; the longest frame had %" PRIu64 " bytes",
		    i->mtu, i->snaplen, i->longest);
	else if (!i->any)
		find(out, CHECK_MTU, GRADE_OK, i->name, "MTU %u, snap length %u", i->mtu,
		    i->snaplen);
}

static void
loss(const struct iface_facts *i, struct findings *out)
{
	struct finding *f;

	if (i->kernel_drops == UINT64_MAX) {
		find(out, CHECK_LOSS, GRADE_UNKNOWN, i->name, "the kernel does not say");
	} else if (i->kernel_drops > 0) {
		f = find(out, CHECK_LOSS, GRADE_WARN, i->name,
		    "the kernel dropped %" PRIu64 " of %" PRIu64
		    " packets: this host does not keep up", i->kernel_drops,
		    i->frames + i->kernel_drops);
		find_remedy(f,
		    "leave traffic out with a filter, or give the sensor a core "
		    "of its own");
	} else if (i->iface_drops != UINT64_MAX && i->iface_drops > 0) {
		find(out, CHECK_LOSS, GRADE_WARN, i->name,
		    "the interface dropped %" PRIu64 " packets", i->iface_drops);
	} else {
		find(out, CHECK_LOSS, GRADE_OK, i->name, "nothing of %" PRIu64 " packets",
		    i->frames);
	}
}
