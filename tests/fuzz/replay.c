/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay: runs one fuzz target over files, with any compiler and without libFuzzer.
 *
 * Each argument is a file or a folder of files (not its subfolders). The target gets an
 * exactly sized copy, so that a sanitizer sees a read beyond the input. Prints how many
 * ran; exit 1 when a file cannot be read, or none was found.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path, size_t size)
{
	uint8_t *data;
	FILE *f;
	int r = -1;

	data = malloc(size == 0 ? 1 : size);
	f = fopen(path, "rb");
	if (data == NULL || f == NULL || fread(data, 1, size, f) != size)
		(void)fprintf(stderr, "replay: cannot read '%s'\n", path);
	else
		r = LLVMFuzzerTestOneInput(data, size);
	if (f != NULL)
		(void)fclose(f);
	free(data);
	return r == 0 ? 0 : -1;
}

static int
run_path(const char *path, int depth, unsigned *ran)
{
	char inner[4096];
	struct dirent **list;
	struct stat st;
	int i, n, r = 0;

	if (stat(path, &st) == -1) {
		(void)fprintf(stderr, "replay: cannot read '%s'\n", path);
		return -1;
	}
	if (S_ISREG(st.st_mode)) {
		++*ran;
		return run_file(path, (size_t)st.st_size);
	}
	if (!S_ISDIR(st.st_mode) || depth > 0)
		return 0;
	n = scandir(path, &list, NULL, alphasort);
	if (n == -1) {
		(void)fprintf(stderr, "replay: cannot read '%s'\n", path);
		return -1;
	}
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			(void)snprintf(inner, sizeof(inner), "%s/%s", path,
			    list[i]->d_name);
			if (run_path(inner, depth + 1, ran) == -1)
				r = -1;
		}
		free(list[i]);
	}
	free(list);
	return r;
}

int
main(int argc, char **argv)
{
	unsigned ran = 0;
	int i, r = 0;

	for (i = 1; i < argc; i++)
		if (run_path(argv[i], 0, &ran) == -1)
			r = -1;
	(void)printf("%u inputs\n", ran);
	return r == -1 || ran == 0 ? 1 : 0;
}
