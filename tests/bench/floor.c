/* SPDX-License-Identifier: GPL-3.0-or-later */
/* floor: libpcap reads a capture and counts. Nothing that reads through it is faster. */
#include <pcap/pcap.h>

#include <stdint.h>
#include <stdio.h>

static void
count(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	uint64_t *n = (uint64_t *)(void *)arg;

	n[0]++;
	n[1] += h->len + (bytes == NULL);
}

int
main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE] = "usage: floor FILE";
	pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], why) : NULL;
	uint64_t n[2] = { 0, 0 };

	if (p == NULL || pcap_dispatch(p, -1, count, (u_char *)n) < 0) {
		fprintf(stderr, "floor: %s\n", p == NULL ? why : pcap_geterr(p));
		return 1;
	}
	pcap_close(p);
	printf("%llu packets, %llu bytes\n", (unsigned long long)n[0],
	    (unsigned long long)n[1]);
	return 0;
}
