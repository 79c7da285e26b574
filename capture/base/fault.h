/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault: the operator's mistake, as a sentence and a remedy.
 *
 * A function that can fail because of what a person asked for takes a `struct fault
 * *why`, returns -1 (compare with -1 exactly) and leaves here what failed first, the
 * object in quotes, and what to try. The network's nonsense is never a fault but a
 * counter, and our own bug is an assert.
 */
#ifndef CAPTURE_BASE_FAULT_H
#define CAPTURE_BASE_FAULT_H

struct fault {
	char what[512];		/* "cannot open 'eth7': no such device" */
	char remedy[320];	/* "'ip link' lists the interfaces
				 * of this host"; may be "" */
};

/* Fills *why (which may be NULL) and returns -1, so that `return fault_set(...)` reads
 * well. remedy may be NULL. Text longer than the room is cut, never overrun. */
int fault_set(struct fault *why, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
