/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zygote: a warm classifier that never reads a packet of the wire. It forks cells,
 * watches the CPU time each spends on one packet, buries them and forks the next; and it
 * ends with the supervisor. dpi_cell_start and dpi_cell_stop, the supervisor's side, are
 * here too.
 *
 * A cell's clock is its own CPU time, so that a busy machine does not turn into deaths
 * that another run of the same capture would not have.
 */
#include "capture/proc/sandbox.h"
#include "classify/dpi/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PACKETS_BYTES (4u << 20)
#define RESULTS_BYTES (4u << 20)
#define PAGE 4096u
#define START_TRIES 5		/* cells that die before they are ready, in a row */
#define START_WAIT_MS 20000
#define WATCH_BUSY_MS 25
#define WATCH_IDLE_MS 50

_Static_assert(sizeof(struct zygote_page) <= PAGE && sizeof(struct sensor_page) <= PAGE &&
    sizeof(struct cell_page) <= PAGE, "a page is a page");

static void
fail(struct dpi_cell *c, const char *what, const char *remedy)
{
	fault_set(&c->zygote->why, remedy, "%s", what);
	atomic_store(&c->zygote->state, ZYGOTE_FAILED);
	cell_wake(&c->zygote->state);
}

static int64_t
cpu_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		return -1;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Lives until the cell is dead; true when it was killed for a
 * packet that took too long. */
static bool
watch(struct dpi_cell *c, pid_t pid, uint32_t gen)
{
	struct zygote_page *z = c->zygote;
	uint64_t seq, since_seq = 0;
	int64_t now, since = 0;
	bool hung = false, clocked;
	clockid_t clock;
	sigset_t chld;
	int status;
	pid_t got;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	clocked = clock_getcpuclockid(pid, &clock) == 0;
	for (;;) {
		struct timespec ts = { 0, 0 };

		seq = atomic_load(&c->cell->reading);
		ts.tv_nsec = (seq != atomic_load(&c->cell->finished) ? WATCH_BUSY_MS :
		    WATCH_IDLE_MS) * NS_PER_MS;
		(void)sigtimedwait(&chld, NULL, &ts);
		got = waitpid(pid, &status, WNOHANG | WUNTRACED);
		if (got == pid && !WIFSTOPPED(status))
			return hung;
		if (got == -1 && errno != EINTR)
			return hung;
		atomic_fetch_add(&z->beat, 1);
		/* Nobody stops a cell for good:
		 * a stopped one would hold up the sensor. */
		if (got == pid) {
			hung = true;
			(void)kill(pid, SIGKILL);
			continue;
		}
		if (atomic_load(&c->sensor->kill_gen) == gen ||
		    atomic_load(&c->sensor->home_gen) == gen) {
			(void)kill(pid, SIGKILL);
			continue;
		}
		seq = atomic_load(&c->cell->reading);
		if (!clocked || seq == atomic_load(&c->cell->finished) ||
		    seq != since_seq) {
			since_seq = seq;
			since = clocked ? cpu_ns(clock) : 0;
			continue;
		}
		now = cpu_ns(clock);
		if (now >= 0 && now - since >= CELL_HANG_NS) {
			hung = true;
			(void)kill(pid, SIGKILL);
		}
	}
}

/* Only standard error stays open; signals meant for the program's group pass by. */
static void
settle(pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1,
	    SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU };
	struct sigaction sa = { .sa_flags = 0 };
	sigset_t set;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 || getppid() != parent)
		_exit(4);
	/* The supervisor's handlers are not ours: a crash must be a crash. */
	sa.sa_handler = SIG_DFL;
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)sigaction(ignored[i], &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	close(0);
	close(1);
	if (syscall(SYS_close_range, 3u, ~0u, 0u) == -1)
		for (int fd = 3; fd < 65536; fd++)
			close(fd);
}

/* What the zygote does once forked. */
static __attribute__((noreturn)) void
zygote_main(struct dpi_cell *c, pid_t parent)
{
	struct zygote_page *z = c->zygote;
	struct fault why = { "", "" };
	unsigned failures = 0;
	void *classifier;
	sigset_t none;
	uint32_t gen = atomic_load(&z->cell_gen);
	pid_t pid, self = getpid();
	bool hung;

	settle(parent);
	/* It reads no packet, and its cells have nothing to give up then. */
	if (sandbox_drop_caps(false, &why) == -1) {
		fail(c, why.what, why.remedy);
		_exit(1);
	}
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "earshot-zygote", 0, 0, 0);
	classifier = c->ops->create(&why);
	if (classifier == NULL) {
		fail(c, why.what, why.remedy);
		_exit(1);
	}
	sigemptyset(&none);
	if (gen != 0) {
		/* The zygote before us died, and its cell with it:
		 * no packet is to blame. */
		atomic_store(&z->cell_pid, 0);
		atomic_store(&z->dead_reading, 0);
		atomic_store(&z->dead_finished, 0);
		atomic_store(&z->dead_gen, gen);
		atomic_fetch_add(&z->beat, 1);
	}
	for (gen++;; gen++) {
		atomic_store(&z->cell_gen, gen);
		atomic_store(&c->cell->reading, 0);
		atomic_store(&c->cell->finished, 0);
		pid = fork();
		if (pid == 0) {
			(void)sigprocmask(SIG_SETMASK, &none, NULL);
			(void)prctl(PR_SET_NAME, "earshot-cell", 0, 0, 0);
			cell_main(c, classifier, gen, self);
		}
		if (pid == -1) {
			fail(c, "cannot fork a cell", "raise the limit of processes");
			_exit(1);
		}
		atomic_store(&z->cell_pid, pid);
		hung = watch(c, pid, gen);
		atomic_store(&z->cell_pid, 0);
		if (atomic_load(&c->cell->paused_gen) != gen) {
			/* It never came so far: no packet killed it. */
			if (++failures >= START_TRIES) {
				c->cell->why[sizeof(c->cell->why) - 1] = '\0';
				fail(c, c->cell->why[0] != '\0' ? c->cell->why :
				    "the classifier's cell dies at its start", "");
				_exit(1);
			}
		} else {
			failures = 0;
			if (hung)
				atomic_fetch_add(&z->hangs, 1);
			/* A cell that a new sensor sent home did not die of anything. */
			if (hung || atomic_load(&c->sensor->home_gen) != gen)
				atomic_fetch_add(&z->deaths, 1);
		}
		if (atomic_load(&c->sensor->ready_gen) == gen) {
			atomic_store(&z->dead_reading, atomic_load(&c->cell->reading));
			atomic_store(&z->dead_finished, atomic_load(&c->cell->finished));
		}
		atomic_store(&z->dead_gen, gen);
		atomic_fetch_add(&z->beat, 1);
	}
}

static void *
map_page(struct fault *why)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0);

	if (p != MAP_FAILED)
		return p;
	fault_set(why, NULL, "cannot map a shared page: %s", strerror(errno));
	return NULL;
}

struct dpi_cell *
dpi_cell_start(const struct dpi_cell_options *o, struct fault *why)
{
	return dpi_cell_start_with(o, &bridge_ops, why);
}

struct dpi_cell *
dpi_cell_start_with(const struct dpi_cell_options *o, const struct classifier_ops *ops,
    struct fault *why)
{
	struct dpi_cell *c = calloc(1, sizeof(*c));
	pid_t self = getpid();
	uint32_t seen;
	int status;

	if (c == NULL) {
		fault_set(why, NULL, "no memory for the classifier's cell");
		return NULL;
	}
	c->none = o->none;
	c->ops = ops;
	c->slots = o->slots == 0 ? CELL_SLOTS :
	    (uint32_t)(o->slots < 1u << 24 ? o->slots : 1u << 24);
	c->zygote = map_page(why);
	c->sensor = map_page(why);
	c->cell = map_page(why);
	if (c->zygote == NULL || c->sensor == NULL || c->cell == NULL)
		goto fail;
	if (c->none)
		return c;
	c->packets = ring_create(PACKETS_BYTES, false, why);
	c->results = ring_create(RESULTS_BYTES, false, why);
	if (c->packets == NULL || c->results == NULL)
		goto fail;
	c->pid = fork();
	if (c->pid == 0)
		zygote_main(c, self);
	if (c->pid == -1) {
		c->pid = 0;
		fault_set(why, "raise the limit of processes ('ulimit -u')",
		    "cannot fork the classifier: %s", strerror(errno));
		goto fail;
	}
	/* The first cell stands before its ring: everything below it works. */
	for (int waited = 0; waited < START_WAIT_MS; waited += 10) {
		seen = atomic_load(&c->cell->paused_gen);
		if (seen != 0)
			return c;
		if (atomic_load(&c->zygote->state) == ZYGOTE_FAILED) {
			fault_set(why, c->zygote->why.remedy, "%s", c->zygote->why.what);
			goto fail;
		}
		if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
			c->pid = 0;
			if (atomic_load(&c->zygote->state) == ZYGOTE_FAILED)
				continue;
			fault_set(why, NULL, "the classifier died at its start (%s %d)",
			    WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ?
			    WTERMSIG(status) : WEXITSTATUS(status));
			goto fail;
		}
		cell_wait(&c->cell->paused_gen, seen, 10);
	}
	fault_set(why, NULL, "the classifier did not start within %d s",
	    START_WAIT_MS / 1000);
fail:
	dpi_cell_stop(c);
	return NULL;
}

bool
dpi_cell_buried(struct dpi_cell *c, int pid, struct fault *why)
{
	if (c == NULL || c->pid <= 0 || pid != c->pid)
		return false;
	c->pid = 0;
	if (atomic_load(&c->zygote->state) == ZYGOTE_FAILED)
		*why = c->zygote->why;
	return true;
}

int
dpi_cell_again(struct dpi_cell *c, struct fault *why)
{
	pid_t self = getpid();

	/* It gave up by itself: the next one would too. */
	if (atomic_load(&c->zygote->state) == ZYGOTE_FAILED) {
		*why = c->zygote->why;
		return -1;
	}
	c->pid = fork();
	if (c->pid == 0)
		zygote_main(c, self);
	if (c->pid == -1) {
		c->pid = 0;
		return fault_set(why, "raise the limit of processes ('ulimit -u')",
		    "cannot fork the classifier: %s", strerror(errno));
	}
	return 0;
}

void
dpi_cell_stop(struct dpi_cell *c)
{
	pid_t cell;

	if (c == NULL)
		return;
	if (c->pid > 0) {
		/* The cell follows by its parent's death signal. */
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) == -1 && errno == EINTR)
			continue;
		/* It is ours now, where the supervisor takes orphans over. */
		cell = atomic_load(&c->zygote->cell_pid);
		while (cell > 0 && waitpid(cell, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	ring_destroy(c->packets);
	ring_destroy(c->results);
	if (c->zygote != NULL)
		munmap(c->zygote, PAGE);
	if (c->sensor != NULL)
		munmap(c->sensor, PAGE);
	if (c->cell != NULL)
		munmap(c->cell, PAGE);
	free(c);
}

void
dpi_cell_counters(const struct dpi_cell *c, struct dpi_counters *out)
{
	*out = (struct dpi_counters){
		.packets = atomic_load(&c->sensor->packets),
		.deaths = atomic_load(&c->zygote->deaths),
		.hangs = atomic_load(&c->zygote->hangs),
		.refed = atomic_load(&c->sensor->refed),
		.refeed_lost = atomic_load(&c->sensor->refeed_lost),
		.breaker_trips = atomic_load(&c->sensor->breaker_trips),
		.filtered = atomic_load(&c->sensor->filtered),
		.no_slot = atomic_load(&c->sensor->no_slot),
		.cell_pid = atomic_load(&c->zygote->cell_pid),
		.cell_seccomp = (atomic_load(&c->cell->sandbox) & 1) != 0,
		.cell_landlock_abi = (int)(atomic_load(&c->cell->sandbox) >> 8 & 0xff),
	};
}

int
dpi_cell_zygote_pid(const struct dpi_cell *c)
{
	return c->pid;
}
