/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sandbox: what each process may still ask of the kernel.
 *
 * One table of system calls (sandbox.c) with a column per role, and one more column for
 * what a sanitizer build needs on top. What is not in the column kills the process.
 * Descriptors are closed first, capabilities dropped and the drop verified by trying to
 * regain, no_new_privs set, core dumps and ptrace refused, Landlock applied where the
 * kernel has it.
 */
#ifndef CAPTURE_PROC_SANDBOX_H
#define CAPTURE_PROC_SANDBOX_H

#include "capture/base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* A sanitizer build needs more calls and more memory than its program. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

enum sandbox_role { SANDBOX_CELL, SANDBOX_SENSOR, SANDBOX_SENSOR_LIVE, SANDBOX_OUTLET };

struct sandbox_options {
	enum sandbox_role role;
	const int *keep;		/* descriptors that stay open besides 0, 1, 2
					 * (the cell: only these, 0..2 are closed too) */
	size_t keep_n;
	const char *const *read_below;	/* Landlock: paths that may
					 * be opened for reading */
	size_t read_below_n;
	const char *const *write_below;	/* and for writing (outlet: spool,
					 * output folders) */
	size_t write_below_n;
	bool keep_net_raw;		/* live sensor: keep CAP_NET_RAW, nothing else */
};

struct sandbox_state {			/* for the stats event and `status` */
	bool seccomp, no_new_privs, caps_dropped;
	int landlock_abi;		/* 0: the kernel has none */
};

/* The capabilities alone: all of them, or all but CAP_NET_RAW, and verified. */
int sandbox_drop_caps(bool keep_net_raw, struct fault *why);

int sandbox_enter(const struct sandbox_options *o, struct sandbox_state *out,
    struct fault *why);

#endif
