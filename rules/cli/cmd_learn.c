/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules learn`: proposals for an inventory and a list, to read and to take or not.
 * Nothing is applied, and no file is written over. */
#include "rules/bench/learn.h"
#include "rules/cli/commands.h"
#include "rules/cli/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: earshot rules learn --captures PATH|--events FILE|--store [OPTIONS]\n"
	"       (proposes an inventory and a list of known destinations)";

static int
on_begin(void *arg, unsigned run, const char *name, struct fault *why)
{
	(void)arg;
	(void)run;
	(void)name;
	(void)why;
	return 0;
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	learn_take(arg, o, strings);
}

static int
write_one(const char *dir, const char *name, const struct learn *l,
    void (*print)(const struct learn *l, FILE *out), struct fault *why)
{
	char path[4400];
	int fd;
	FILE *out;

	(void)snprintf(path, sizeof(path), "%.4200s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	out = fd == -1 ? NULL : fdopen(fd, "w");
	if (out == NULL) {
		(void)fault_set(why, errno == EEXIST ? "move it away: nothing is written over" :
		    NULL, "cannot write '%.300s': %s", path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	print(l, out);
	if (fclose(out) != 0)
		return fault_set(why, NULL, "cannot write '%.300s': %s", path, strerror(errno));
	printf("%s\n", path);
	return 0;
}

static int
tell(const struct bench_options *b, struct learn *l, struct fault *why)
{
	struct learn_counts c;

	learn_finish(l, (unsigned)b->days, &c);
	fprintf(stderr, "%u devices, %u of them proposed; %u destinations that are not listed, "
	    "%u of them proposed\n", c.devices, c.proposed_devices, c.dests, c.proposed_dests);
	if (c.forgotten > 0)
		fprintf(stderr, "%llu made room for others and are not among them\n",
		    (unsigned long long)c.forgotten);
	if (b->into != NULL)
		return write_one(b->into, "inventory.proposed.csv", l, learn_inventory, why) == -1 ||
		    write_one(b->into, "known.proposed.txt", l, learn_known, why) == -1 ||
		    write_one(b->into, "left-out.txt", l, learn_odd, why) == -1 ? -1 : 0;
	puts("# ---- inventory: a csv file for --inventory csv:FILE");
	learn_inventory(l, stdout);
	puts("\n# ---- known destinations: a list for --known FILE");
	learn_known(l, stdout);
	puts("\n# ---- what was left out, and why");
	learn_odd(l, stdout);
	return 0;
}

int
command_learn(int argc, char **argv)
{
	static const struct siphash_key fixed = { 0x6c656172, 0x6e };
	struct bench_options *b = calloc(1, sizeof(*b));
	struct rule_files *files = NULL;
	struct program *p = NULL;
	struct learn *l = NULL;
	struct feed_counts read = { 0 };
	struct feed_sink sink = { .begin = on_begin, .on_record = on_record };
	struct fault why = { "", "" };
	int rc;

	if (b == NULL)
		return EXIT_COULD_NOT;
	rc = bench_options(argc, argv, FOR_LEARN, usage, b);
	if (rc != 0) {
		free(b);
		return rc - 1;
	}
	if (!feed_named(b) || b->n > 0) {
		(void)fault_set(&why, usage, b->n > 0 ? "a word too many" :
		    "nothing to learn from: --captures, --events or --store");
		rc = bench_mistake("rules learn", &why, EXIT_USAGE);
		goto out;
	}
	rc = EXIT_COULD_NOT;
	files = rule_files_read(&b->o.rules, &why);
	p = files == NULL ? NULL : rule_files_compile(files, false, NULL);
	l = p == NULL ? NULL : learn_create(p, &fixed);
	sink.arg = l;
	if (l != NULL && feed(b, p, &sink, "rules learn", &read, &why) == 0 &&
	    tell(b, l, &why) == 0 && fflush(stdout) == 0)
		rc = EXIT_DONE;
	else if (why.what[0] != '\0')
		(void)bench_mistake("rules learn", &why, rc);
out:
	learn_destroy(l);
	feed_free(&read);
	program_destroy(p);
	rule_files_free(files);
	bench_options_free(b);
	free(b);
	return rc;
}
