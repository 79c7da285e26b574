/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge_host: clock, disk, rules, inventory; and what no sensor at this place can see. */
#include "rules/doctor/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OFFSET_WARN (2 * NS_PER_S)	/* the kernel hands packets on within 0.1 s */
#define DISK_FAIL (UINT64_C(64) << 20)
/* The spool takes 256 MiB, the logs their share. */
#define DISK_WARN (UINT64_C(1) << 30)
#define INVENTORY_OLD_DAYS 30

static void clock_(const struct doctor_facts *f, struct findings *out);
static void disk(const struct doctor_facts *f, struct findings *out);
static void rules(const struct doctor_facts *f, struct findings *out);
static void inventory(const struct doctor_facts *f, struct findings *out);
static void outputs(const struct doctor_facts *f, struct findings *out);

void
judge_host(const struct doctor_facts *f, struct findings *out)
{
	clock_(f, out);
	disk(f, out);
	rules(f, out);
	if (f->rules_compile)
		inventory(f, out);
	outputs(f, out);
}

static void
clock_(const struct doctor_facts *f, struct findings *out)
{
	int64_t off = f->offset_ns < 0 ? -f->offset_ns : f->offset_ns;
	struct finding *x;

	if (f->offset_known && off > OFFSET_WARN) {
		x = find(out, CHECK_CLOCK, GRADE_FAIL, "",
		    "packets carry a time %.1f s %s this host's clock",
		    (double)off / NS_PER_S, f->offset_ns > 0 ? "behind" : "ahead of");
		find_remedy(x, "does the card stamp packets by a clock of its own? "
		    "synchronise it: phc2sys");
	} else if (!f->clock_known)
		find(out, CHECK_CLOCK, GRADE_UNKNOWN, "", "the kernel does not say");
	else if (!f->clock_synchronised)
		find(out, CHECK_CLOCK, GRADE_WARN, "",
		    "nobody keeps this clock right: events of two sensors cannot be put "
		    "in order");
	else
		find(out, CHECK_CLOCK, GRADE_OK, "", "synchronised%s",
		    f->offset_known ? ", and packets carry its time" : "");
}

static void
disk(const struct doctor_facts *f, struct findings *out)
{
	double gib = (double)f->state_free / (double)(1 << 30);

	if (f->state_errno != 0)
		find(out, CHECK_DISK, GRADE_FAIL, f->state, "it cannot be written: %s",
		    strerror(f->state_errno));
	else if (f->state_free < DISK_FAIL)
		find(out, CHECK_DISK, GRADE_FAIL, f->state,
		    "the disk is full: %" PRIu64 " MiB are free", f->state_free >> 20);
	else if (f->state_free < DISK_WARN)
		find(out, CHECK_DISK, GRADE_WARN, f->state,
		    "%.2f GiB are free: what a Redis has not taken needs room", gib);
	else
		find(out, CHECK_DISK, GRADE_OK, f->state, "%.1f GiB are free", gib);
}

static void
rules(const struct doctor_facts *f, struct findings *out)
{
	struct finding *x;

	if (f->rules_compile)
		find(out, CHECK_RULES, GRADE_OK, "", "%u rules", f->rules);
	else if (f->rules_why.what[0] != '\0') {
		x = find(out, CHECK_RULES, GRADE_FAIL, "", "%.400s", f->rules_why.what);
		if (f->rules_why.remedy[0] != '\0')
			find_remedy(x, "%s", f->rules_why.remedy);
	} else
		find(out, CHECK_RULES, GRADE_FAIL, "",
		    "%u error%s: the sensor will not start", f->rule_errors,
		    f->rule_errors == 1 ? "" : "s");
}

static void
inventory(const struct doctor_facts *f, struct findings *out)
{
	long long days = f->inventory_age_s / 86400;

	if (!f->inventory)
		find(out, CHECK_INVENTORY, GRADE_WARN, "",
		    "there is none: devices have no names, unknown ones are not told");
	else if (f->devices == 0)
		find(out, CHECK_INVENTORY, GRADE_WARN, f->inventory_path,
		    "it names no device");
	else if (f->inventory_age_known && days > INVENTORY_OLD_DAYS)
		find(out, CHECK_INVENTORY, GRADE_WARN, f->inventory_path,
		    "%u devices, but it was last changed %lld days ago", f->devices,
		    days);
	else if (!f->inventory_age_known)
		find(out, CHECK_INVENTORY, GRADE_UNKNOWN, f->inventory_path,
		    "%u devices; its age is not known", f->devices);
	else
		find(out, CHECK_INVENTORY, GRADE_OK, f->inventory_path,
		    "%u devices, changed %lld day%s ago", f->devices, days,
		    days == 1 ? "" : "s");
}

static void
outputs(const struct doctor_facts *f, struct findings *out)
{
	for (unsigned i = 0; i < f->outputs; i++)
		if (f->output[i].error == 0)
			find(out, CHECK_OUTPUT, GRADE_OK, f->output[i].name, "%s",
			    f->output[i].socket ? "somebody listens"
						: "it can be appended to");
		else if (f->output[i].socket)
			find(out, CHECK_OUTPUT, GRADE_WARN, f->output[i].name,
			    "nobody listens: %s", strerror(f->output[i].error));
		else
			find(out, CHECK_OUTPUT, GRADE_FAIL, f->output[i].name,
			    "it cannot be written: %s", strerror(f->output[i].error));
}

static void blind(struct findings *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void
blind(struct findings *out, const char *fmt, ...)
{
	va_list ap;

	if (out->blinds == BLIND_MOST)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(out->blind[out->blinds++], sizeof(out->blind[0]), fmt, ap);
	va_end(ap);
}

/* The honest list: what holds for any sensor, and what holds for this one today. */
void
judge_blind(const struct doctor_facts *f, struct findings *out)
{
	const struct heard_counts *h = &f->heard;
	uint64_t drops = 0;

	blind(out,
	    "what leaves by mobile data, on foot or by another line: it never comes by "
	    "here");
	blind(out,
	    "traffic between devices that the mirrored port does not carry: of the "
	    "same switch, of the same access point");
	if (f->listened && h->bytes > 0)
		blind(out,
		    "the content of what is encrypted, about %u %% of the bytes heard "
		    "(by port): only pace and size are judged there",
		    (unsigned)(h->encrypted * 100 / h->bytes));
	else
		blind(out,
		    "the content of what is encrypted: only pace and size are judged "
		    "there");
	if (f->listened && h->vlans > 0)
		blind(out, "VLANs other than the %u heard%s", h->vlans,
		    h->untagged > 0 ? " and what has no tag" : "");
	else
		blind(out, "VLANs that the mirror leaves out: no tag was heard");
	if (h->cut > 0)
		blind(out,
		    "what the snap length cut from %" PRIu64 " of %" PRIu64 " frames",
		    h->cut, h->frames);
	if (h->unread > 0)
		blind(out,
		    "%" PRIu64 " of %" PRIu64 " frames that could not be read (most: "
		    "%s)",
		    h->unread, h->frames, h->unread_most);
	if (h->tcp >= 5 && h->tcp_one_way * 2 > h->tcp)
		blind(out, "the other direction of most conversations");
	for (unsigned i = 0; i < f->ifaces; i++)
		if (f->iface[i].kernel_drops != UINT64_MAX)
			drops += f->iface[i].kernel_drops;
	if (drops > 0)
		blind(out, "%" PRIu64 " packets that this host was too slow for", drops);
}
