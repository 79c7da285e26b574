/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verdicts: a capture through the pipe, in one process, with the filter of known killers
 * switched off, so that packets that kill libndpi reach the cell. Prints a line a verdict
 * ("verdict RULE SRC DEST KIND"), a line a flow ("flow SRC SPORT DEST DPORT UPLOAD
 * quarantined"), what the running cell may do ("cell seccomp=2 fds=0", asked after the
 * first step), and the classifier's counters at the end.
 *
 * usage: verdicts CAPTURE RULES... (rule files in the order given; lists and inventories
 * are looked up beside the file that names them)
 */
#include "rules/cli/pipe.h"
#include "rules/cli/rulefiles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct run {
	struct pipe *pipe;
	bool asked;
};

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	(void)arg;
	if (!v->update)
		printf("verdict %s %s %s %s\n", v->rule->name,
		    addr_print(&v->o->src_ip, src),
		    addr_print(&v->o->dest_ip, dst), event_kind_name(v->rule->kind));
	return (struct event_ref){ 0 };
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	(void)arg;
	(void)strings;
	if (o->kind == OBSERVATION_CLOSE)
		printf("flow %s %u %s %u %llu%s\n", addr_print(&o->src_ip, src),
		    o->src_port,
		    addr_print(&o->dest_ip, dst), o->dest_port,
		    (unsigned long long)o->upload, o->quarantined ? " quarantined" : "");
}

static void
on_step(void *arg, struct pkt_time now)
{
	struct run *r = arg;
	struct observer_stats s;
	char path[64], line[128], seccomp[16] = "?";
	int fds = 0;
	FILE *f;
	DIR *d;

	(void)now;
	pipe_observer_stats(r->pipe, &s);
	if (r->asked || s.dpi.cell_pid <= 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", s.dpi.cell_pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "Seccomp: %15s", seccomp);
	if (f != NULL)
		fclose(f);
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", s.dpi.cell_pid);
	d = opendir(path);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		fds += e->d_name[0] != '.';
	if (d == NULL)
		fds = -1;
	else
		closedir(d);
	printf("cell seccomp=%s fds=%d\n", seccomp, fds);
	r->asked = true;
}

int
main(int argc, char **argv)
{
	struct rule_choice choice = { .replaces = 0 };
	struct run r = { 0 };
	struct pipe_options po = { .arg = &r, .pass_killers = true,
		.on_verdict = on_verdict, .on_record = on_record, .on_step = on_step };
	struct fault why = { 0 };
	struct rule_files *files = NULL;
	struct program *program = NULL;
	struct source *s = NULL;
	struct observer_stats st;
	int n = SOURCE_FAULT;

	for (int i = 2; i < argc && choice.replaces < RULE_PATHS; i++)
		choice.replace[choice.replaces++] = argv[i];
	if (argc < 3 || (files = rule_files_read(&choice, &why)) == NULL ||
	    (program = rule_files_compile(files, false, NULL)) == NULL)
		goto out;
	po.program = program;
	po.cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, &why);
	if (po.cell == NULL ||
	    getrandom(&po.hash, sizeof(po.hash), 0) != sizeof(po.hash) ||
	    (s = source_open_file(argv[1], NULL, &why)) == NULL ||
	    (r.pipe = pipe_create(&po, &why)) == NULL)
		goto out;
	while ((n = source_dispatch(s, 4096, pipe_frame, r.pipe, &why)) >= 0)
		continue;
	pipe_finish(r.pipe);
	pipe_observer_stats(r.pipe, &st);
	printf("counters deaths=%llu hangs=%llu trips=%llu quarantined=%llu\n",
	    (unsigned long long)st.dpi.deaths, (unsigned long long)st.dpi.hangs,
	    (unsigned long long)st.dpi.breaker_trips, (unsigned long long)st.quarantined);
out:
	if (n != SOURCE_END)
		fprintf(stderr, "verdicts: %s\n", why.what);
	pipe_destroy(r.pipe);
	source_destroy(s);
	dpi_cell_stop(po.cell);
	program_destroy(program);
	rule_files_free(files);
	return n == SOURCE_END ? 0 : 1;
}
