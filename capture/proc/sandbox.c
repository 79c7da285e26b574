/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sandbox: one table of system calls, a column per role; then capabilities, Landlock,
 * limits.
 *
 * Order matters. Descriptors are closed first, so that nothing below can leak through
 * one. Capabilities go while prctl may still be asked; the drop is verified by trying to
 * take them back. Landlock before seccomp, because seccomp forbids Landlock's own calls.
 * Seccomp last.
 *
 * A call that is not in the role's column kills the process. Names that this libseccomp
 * or this machine does not know are skipped: they cannot be called by that name either.
 *
 * What a column cannot say is said in argument checks (enum check): memory is never made
 * executable; a thread may be made, a process may not; the sensor opens for reading only;
 * a bound AF_PACKET socket injects by write(2) as well as by send(2), so the live sensor
 * writes freely to 0..2 only (which it cannot close, so that no socket takes their place)
 * and elsewhere exactly the eight bytes of an eventfd, which no Ethernet device takes as
 * a frame.
 */
#define _GNU_SOURCE
#include "capture/proc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CELL = 1, SFILE = 2, SLIVE = 4, OUTLET = 8, SANITIZER = 16 };
#define SENSORS (SFILE | SLIVE)
#define ALL (CELL | SENSORS | OUTLET)
#define MOST (SENSORS | OUTLET)

/* How a call is allowed where its column says so; ANY: whatever its arguments are. */
enum check { ANY, NO_EXEC, THREAD, NO_SUCH, READING, OWN_WRITE, OWN_CLOSE, OWN_FLAGS,
	PACKET, IOCTL };

struct call {
	const char *name;
	unsigned roles;
	enum check check;
};

static const struct call calls[] = {
	/* the cell's whole world: memory, time, the futexes of its rings */
	{ "brk", ALL, ANY },
	{ "clock_gettime", ALL, ANY },
	{ "clock_gettime64", ALL, ANY },
	{ "exit", ALL, ANY },
	{ "exit_group", ALL, ANY },
	{ "futex", ALL, ANY },
	{ "futex_time64", ALL, ANY },
	{ "madvise", ALL, ANY },
	{ "mmap", ALL, NO_EXEC },
	{ "mremap", ALL, ANY },
	{ "munmap", ALL, ANY },
	{ "restart_syscall", ALL, ANY },
	{ "rt_sigreturn", ALL, ANY },
	{ "sched_yield", ALL, ANY },
	/* a program that reads what it was given */
	{ "clock_getres", MOST, ANY },
	{ "clock_nanosleep", MOST, ANY },
	{ "close", SFILE | OUTLET, ANY },
	{ "close", SLIVE, OWN_CLOSE },
	{ "epoll_create1", MOST, ANY },
	{ "epoll_ctl", MOST, ANY },
	{ "epoll_pwait", MOST, ANY },
	{ "epoll_pwait2", MOST, ANY },
	{ "epoll_wait", MOST, ANY },
	{ "eventfd2", MOST, ANY },
	{ "fadvise64", MOST, ANY },
	{ "fstat", MOST, ANY },
	{ "getpid", MOST | SANITIZER, ANY },
	{ "getppid", MOST, ANY },
	{ "getrandom", MOST, ANY },
	{ "getrusage", MOST, ANY },
	{ "gettid", MOST | SANITIZER, ANY },
	{ "gettimeofday", MOST, ANY },
	{ "getuid", MOST, ANY },
	{ "geteuid", MOST, ANY },
	{ "getgid", MOST, ANY },
	{ "getegid", MOST, ANY },
	{ "ioctl", MOST, IOCTL },
	{ "lseek", MOST, ANY },
	{ "mprotect", MOST | SANITIZER, NO_EXEC },
	{ "nanosleep", MOST, ANY },
	{ "newfstatat", MOST, ANY },
	{ "poll", MOST, ANY },
	{ "ppoll", MOST, ANY },
	{ "pread64", MOST, ANY },
	{ "preadv", MOST, ANY },
	{ "pselect6", MOST, ANY },
	{ "read", MOST, ANY },
	{ "readv", MOST, ANY },
	{ "rt_sigaction", MOST | SANITIZER, ANY },
	{ "rt_sigpending", MOST, ANY },
	{ "rt_sigprocmask", MOST | SANITIZER, ANY },
	{ "rt_sigtimedwait", MOST, ANY },
	{ "select", MOST, ANY },
	{ "sigaltstack", MOST | SANITIZER, ANY },
	{ "signalfd4", MOST, ANY },
	{ "statx", MOST, ANY },
	{ "sysinfo", MOST, ANY },
	{ "tgkill", MOST | SANITIZER, ANY },
	{ "time", MOST, ANY },
	{ "timerfd_create", MOST, ANY },
	{ "timerfd_gettime", MOST, ANY },
	{ "timerfd_settime", MOST, ANY },
	{ "uname", MOST, ANY },
	{ "write", SFILE | OUTLET, ANY },
	{ "write", SLIVE | SANITIZER, OWN_WRITE },
	{ "writev", SFILE | OUTLET, ANY },
	{ "writev", SLIVE, OWN_WRITE },
	/* threads; clone3 hides its flags from a filter, so libc is told to use clone */
	{ "clone", MOST, THREAD },
	{ "clone3", MOST, NO_SUCH },
	{ "membarrier", MOST, ANY },
	{ "rseq", MOST, ANY },
	{ "sched_getaffinity", MOST | SANITIZER, ANY },
	{ "sched_getparam", MOST, ANY },
	{ "sched_getscheduler", MOST, ANY },
	{ "sched_setaffinity", MOST, ANY },
	{ "set_robust_list", MOST, ANY },
	{ "set_tid_address", MOST, ANY },
	/* opening: the sensor only for reading, and where Landlock lets it */
	{ "faccessat", MOST, ANY },
	{ "faccessat2", MOST, ANY },
	{ "access", MOST, ANY },
	{ "open", SENSORS, READING },
	{ "openat", SENSORS, READING },
	{ "readlink", MOST | SANITIZER, ANY },
	{ "readlinkat", MOST | SANITIZER, ANY },
	{ "fcntl", SFILE | OUTLET, ANY },
	{ "fcntl", SLIVE, OWN_FLAGS },
	{ "fsync", SFILE | OUTLET, ANY },
	{ "ftruncate", SFILE | OUTLET, ANY },
	{ "pwrite64", SFILE | OUTLET, ANY },
	/* what libpcap asks of a handle, and of a new one after
	 * the interface came back */
	{ "bind", SLIVE | OUTLET, ANY },
	{ "getsockname", SLIVE | OUTLET, ANY },
	{ "getsockopt", SLIVE | OUTLET, ANY },
	{ "recvfrom", SLIVE | OUTLET, ANY },
	{ "recvmsg", SLIVE | OUTLET, ANY },
	{ "setsockopt", SLIVE | OUTLET, ANY },
	{ "socket", SLIVE, PACKET },
	/* the outlet: Redis, the control socket, segments */
	{ "accept4", OUTLET, ANY },
	{ "accept", OUTLET, ANY },
	{ "chmod", OUTLET, ANY },
	{ "connect", OUTLET, ANY },
	{ "copy_file_range", OUTLET, ANY },
	{ "dup", OUTLET, ANY },
	{ "dup2", OUTLET, ANY },
	{ "dup3", OUTLET, ANY },
	{ "epoll_create", OUTLET, ANY },
	{ "fallocate", OUTLET, ANY },
	{ "fchmod", OUTLET, ANY },
	{ "fchmodat", OUTLET, ANY },
	{ "fdatasync", OUTLET, ANY },
	{ "flock", OUTLET, ANY },
	{ "fstatfs", OUTLET, ANY },
	{ "getdents64", OUTLET, ANY },
	{ "getcwd", OUTLET, ANY },
	{ "getpeername", OUTLET, ANY },
	{ "link", OUTLET, ANY },
	{ "linkat", OUTLET, ANY },
	{ "listen", OUTLET, ANY },
	{ "lstat", OUTLET, ANY },
	{ "mkdir", OUTLET, ANY },
	{ "mkdirat", OUTLET, ANY },
	{ "msync", OUTLET, ANY },
	{ "open", OUTLET, ANY },
	{ "openat", OUTLET, ANY },
	{ "pipe2", OUTLET, ANY },
	{ "preadv2", OUTLET, ANY },
	{ "pwritev", OUTLET, ANY },
	{ "pwritev2", OUTLET, ANY },
	{ "rename", OUTLET, ANY },
	{ "renameat", OUTLET, ANY },
	{ "renameat2", OUTLET, ANY },
	{ "rmdir", OUTLET, ANY },
	{ "sendfile", OUTLET, ANY },
	{ "sendmmsg", OUTLET, ANY },
	{ "sendmsg", OUTLET, ANY },
	{ "sendto", OUTLET, ANY },
	{ "shutdown", OUTLET, ANY },
	{ "socket", OUTLET, ANY },
	{ "socketpair", OUTLET, ANY },
	{ "splice", OUTLET, ANY },
	{ "stat", OUTLET, ANY },
	{ "statfs", OUTLET, ANY },
	{ "sync_file_range", OUTLET, ANY },
	{ "umask", OUTLET, ANY },
	{ "unlink", OUTLET, ANY },
	{ "unlinkat", OUTLET, ANY },
	{ "utimensat", OUTLET, ANY },
	/* what a sanitizer's runtime asks when it reports */
	{ "prctl", SANITIZER, ANY },
	{ "prlimit64", SANITIZER, ANY },
};

/* linux/landlock.h of build machines is older than kernels:
 * its few words, spelled out. */
enum {
	LL_CREATE = 444, LL_ADD_RULE = 445, LL_RESTRICT = 446,
	LL_VERSION = 1, LL_PATH_BENEATH = 1,
};
#define LL_READ_FILE (UINT64_C(1) << 2)
#define LL_READ_DIR (UINT64_C(1) << 3)
#define LL_EXECUTE UINT64_C(1)

struct ll_ruleset {
	uint64_t fs;
};

struct ll_path {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

static int close_others(const struct sandbox_options *o, struct fault *why);
static int apply_landlock(const struct sandbox_options *o, int *abi, struct fault *why);
static int apply_seccomp(enum sandbox_role role, bool landlocked, struct fault *why);
static int set_limit(int what, const char *name, struct fault *why);

int
sandbox_enter(const struct sandbox_options *o, struct sandbox_state *out,
    struct fault *why)
{
	struct sandbox_state st = { .landlock_abi = 0 };

	if (close_others(o, why) == -1 || set_limit(RLIMIT_CORE, "core dumps", why) == -1)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return fault_set(why, NULL, "cannot forbid ptrace: %s", strerror(errno));
	if (sandbox_drop_caps(o->keep_net_raw && o->role == SANDBOX_SENSOR_LIVE, why) == -1)
		return -1;
	st.caps_dropped = true;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return fault_set(why, NULL, "cannot set no_new_privs: %s",
		    strerror(errno));
	st.no_new_privs = true;
	if (apply_landlock(o, &st.landlock_abi, why) == -1)
		return -1;
	if (o->role == SANDBOX_CELL && set_limit(RLIMIT_NOFILE, "open files", why) == -1)
		return -1;
	if (apply_seccomp(o->role, st.landlock_abi > 0, why) == -1)
		return -1;
	st.seccomp = true;
	if (out != NULL)
		*out = st;
	return 0;
}

static int
set_limit(int what, const char *name, struct fault *why)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit((__rlimit_resource_t)what, &none) == -1)
		return fault_set(why, NULL, "cannot forbid %s: %s", name,
		    strerror(errno));
	return 0;
}

static bool
kept(const struct sandbox_options *o, unsigned fd)
{
	if (o->role != SANDBOX_CELL && fd <= 2)
		return true;
	for (size_t i = 0; i < o->keep_n; i++)
		if (o->keep[i] >= 0 && (unsigned)o->keep[i] == fd)
			return true;
	return false;
}

/* Closes from..to, both included. */
static void
close_span(unsigned from, unsigned to)
{
	struct rlimit lim;

	if (syscall(SYS_close_range, from, to, 0u) == 0)
		return;
	/* Kernels before 5.9: one by one, as far as descriptors can reach. */
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < to)
		to = (unsigned)lim.rlim_cur;
	for (unsigned fd = from; fd <= to && fd < 1u << 20; fd++)
		close((int)fd);
}

static int
close_others(const struct sandbox_options *o, struct fault *why)
{
	unsigned from = 0, top = 2;

	for (size_t i = 0; i < o->keep_n; i++)
		if (o->keep[i] >= 0 && (unsigned)o->keep[i] > top)
			top = (unsigned)o->keep[i];
	for (unsigned fd = 0; fd <= top; fd++) {
		if (!kept(o, fd))
			continue;
		if (fd > from)
			close_span(from, fd - 1);
		from = fd + 1;
	}
	close_span(from, ~0u);
	if (o->role == SANDBOX_CELL)
		return 0;
	/* 0..2 exist, so that no later descriptor is taken for standard output. */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd)
			return fault_set(why, "make /dev/null readable",
			    "cannot fill descriptor %d: %s", fd, strerror(errno));
	return 0;
}

int
sandbox_drop_caps(bool keep_net_raw, struct fault *why)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct had[2], want[2], more[2];
	uint32_t raw = keep_net_raw ? 1u << CAP_NET_RAW : 0;

	if (syscall(SYS_capget, &head, had) == -1)
		return fault_set(why, NULL, "cannot read capabilities: %s",
		    strerror(errno));
	/* Bounding set and securebits need CAP_SETPCAP: best effort,
	 * no_new_privs covers them. */
	for (int c = 0; c < 64; c++)
		if (raw == 0 || c != CAP_NET_RAW)
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)prctl(PR_SET_SECUREBITS, 0x2fL, 0, 0, 0);
	memset(want, 0, sizeof(want));
	want[0].permitted = had[0].permitted & raw;
	want[0].effective = want[0].permitted;
	if (syscall(SYS_capset, &head, want) == -1)
		return fault_set(why, NULL, "cannot drop capabilities: %s",
		    strerror(errno));
	/* Asking for all there were must be refused, unless there were none to lose. */
	memcpy(more, had, sizeof(more));
	more[0].effective = more[0].permitted;
	more[1].effective = more[1].permitted;
	if ((had[0].permitted & ~raw) == 0 && had[1].permitted == 0) {
		more[0].permitted |= 1u << CAP_NET_ADMIN;
		more[0].effective = more[0].permitted;
	}
	if (syscall(SYS_capset, &head, more) == 0)
		return fault_set(why, NULL, "dropped capabilities could be taken back");
	if (syscall(SYS_capget, &head, had) == -1 || had[1].permitted != 0 ||
	    had[0].permitted != want[0].permitted ||
	    had[0].effective != want[0].effective)
		return fault_set(why, NULL,
		    "capabilities are still there after the drop");
	return 0;
}

static int
landlock_paths(int ruleset, const char *const *paths, size_t n, uint64_t allowed,
    struct fault *why)
{
	const uint64_t on_files = LL_READ_FILE | LL_EXECUTE |
	    1u << 1 | 1u << 14 | 1u << 15;
	struct ll_path p = { .allowed = allowed };
	struct stat st;
	long rc;

	for (size_t i = 0; i < n; i++) {
		p.fd = open(paths[i], O_PATH | O_CLOEXEC);
		if (p.fd == -1) {
			if (errno == ENOENT)
				continue;	/* nothing there, nothing to allow */
			return fault_set(why, NULL,
			    "cannot open '%s' for the sandbox: %s",
			    paths[i], strerror(errno));
		}
		p.allowed = allowed;
		if (fstat(p.fd, &st) == 0 && !S_ISDIR(st.st_mode))
			p.allowed &= on_files;
		rc = syscall(LL_ADD_RULE, ruleset, LL_PATH_BENEATH, &p, 0u);
		close(p.fd);
		if (rc == -1)
			return fault_set(why, NULL,
			    "cannot allow '%s' in the sandbox: %s",
			    paths[i], strerror(errno));
	}
	return 0;
}

/* Best effort: a kernel without Landlock leaves *abi at 0. */
static int
apply_landlock(const struct sandbox_options *o, int *abi, struct fault *why)
{
	struct ll_ruleset rs = { .fs = (UINT64_C(1) << 13) - 1 };
	long v = syscall(LL_CREATE, NULL, (size_t)0, LL_VERSION);
	int fd, rc = -1;

	*abi = 0;
	if (v < 1)
		return 0;
	if (v >= 2)
		rs.fs |= UINT64_C(1) << 13;	/* linking across folders */
	if (v >= 3)
		rs.fs |= UINT64_C(1) << 14;	/* truncating */
	/* Ioctls on devices (ABI 5) stay free: seccomp names the ones a role may ask. */
	fd = (int)syscall(LL_CREATE, &rs, sizeof(rs), 0u);
	if (fd == -1)
		return 0;
	if (landlock_paths(fd, o->read_below, o->read_below_n, LL_READ_FILE | LL_READ_DIR,
	    why) == -1 || landlock_paths(fd, o->write_below, o->write_below_n,
	    rs.fs & ~LL_EXECUTE, why) == -1)
		goto out;
	if (syscall(LL_RESTRICT, fd, 0u) == 0)
		*abi = (int)v;
	rc = 0;
out:
	close(fd);
	return rc;
}

/* One rule with one condition on one argument. */
static int
add_if(scmp_filter_ctx ctx, uint32_t action, int nr, unsigned arg, enum scmp_compare op,
    uint64_t a, uint64_t b)
{
	const struct scmp_arg_cmp cmp = { arg, op, a, b };

	return seccomp_rule_add_array(ctx, action, nr, 1, &cmp);
}

/* An argument that may be one of a few values. */
static int
add_each(scmp_filter_ctx ctx, int nr, unsigned arg, const uint64_t *values, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_if(ctx, SCMP_ACT_ALLOW, nr, arg, SCMP_CMP_EQ, values[i], 0);
	return rc;
}

/* Adds one call with its check. Negative errno of libseccomp, or 0. */
static int
add(scmp_filter_ctx ctx, int nr, enum check check, unsigned role, bool landlocked)
{
	static const uint64_t flags[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL,
		F_GET_SEALS };
	/* isatty, FIONREAD, FIONBIO, the size of the terminal; never TIOCSTI */
	static const uint64_t ioctls[] = { 0x5401, 0x541b, 0x5421, 0x5413 };
	const uint64_t threads = CLONE_THREAD | CLONE_VM;
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND |
	    (O_TMPFILE & ~O_DIRECTORY);
	int rc = 0;

	switch (check) {
	case ANY:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	case NO_EXEC:
		return add_if(ctx, SCMP_ACT_ALLOW, nr, 2, SCMP_CMP_MASKED_EQ, PROT_EXEC,
		    0);
	case THREAD:
		return add_if(ctx, SCMP_ACT_ALLOW, nr, 0, SCMP_CMP_MASKED_EQ, threads,
		    threads);
	case NO_SUCH:
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
	case READING:
		/* open: flags are the second argument; openat: the third. */
		return add_if(ctx, landlocked && role == SLIVE ? SCMP_ACT_ALLOW :
		    SCMP_ACT_ERRNO(EACCES), nr, nr == SCMP_SYS(open) ? 1 : 2,
		    SCMP_CMP_MASKED_EQ, writing, O_RDONLY);
	case OWN_WRITE:
		rc = add_if(ctx, SCMP_ACT_ALLOW, nr, 0, SCMP_CMP_LE, 2, 0);
		if (rc == 0 && nr == SCMP_SYS(write))
			rc = add_if(ctx, SCMP_ACT_ALLOW, nr, 2, SCMP_CMP_EQ, 8, 0);
		return rc;
	case OWN_CLOSE:
		return add_if(ctx, SCMP_ACT_ALLOW, nr, 0, SCMP_CMP_GT, 2, 0);
	case OWN_FLAGS:
		return add_each(ctx, nr, 1, flags, sizeof(flags) / sizeof(*flags));
	case PACKET:
		/* AF_UNIX for the ioctls that ask about interfaces: it can neither
		 * connect nor send. Others are told no: libpcap can do without
		 * netlink. */
		for (uint64_t af = 0; rc == 0 && af < 48; af++)
			rc = add_if(ctx, af == AF_PACKET || af == AF_UNIX ?
			    SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), nr, 0,
			    SCMP_CMP_EQ, af, 0);
		return rc;
	case IOCTL:
		/* Sockets' own are 0x89.. */
		rc = add_if(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_CMP_MASKED_EQ, 0xffffff00,
		    0x8900);
		return rc != 0 ? rc : add_each(ctx, nr, 1, ioctls,
		    sizeof(ioctls) / sizeof(*ioctls));
	}
	return -EINVAL;
}

static int
apply_seccomp(enum sandbox_role role, bool landlocked, struct fault *why)
{
	static const unsigned column[] = {
		[SANDBOX_CELL] = CELL, [SANDBOX_SENSOR] = SFILE,
		[SANDBOX_SENSOR_LIVE] = SLIVE, [SANDBOX_OUTLET] = OUTLET,
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	unsigned mine = column[role];
	int rc = ctx == NULL ? -ENOMEM : 0;

	/* Every thread there is now falls under the filter too. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; rc == 0 && i < sizeof(calls) / sizeof(*calls); i++) {
		int nr = seccomp_syscall_resolve_name(calls[i].name);

		if (nr == __NR_SCMP_ERROR)
			continue;
		if ((calls[i].roles & mine) != 0 ||
		    (SANDBOX_SANITIZED && (calls[i].roles & SANITIZER) != 0))
			rc = add(ctx, nr, calls[i].check, mine, landlocked);
		/* A name of another architecture has no number here; a call that two
		 * lines of the table allow is allowed. */
		if (rc == -EDOM || rc == -EACCES || rc == -EEXIST)
			rc = 0;
	}
	if (rc == 0)
		rc = seccomp_load(ctx);
	if (ctx != NULL)
		seccomp_release(ctx);
	if (rc != 0)
		return fault_set(why, "the kernel needs CONFIG_SECCOMP_FILTER",
		    "cannot load the system call filter: %s", strerror(-rc));
	return 0;
}
