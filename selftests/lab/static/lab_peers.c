// SPDX-License-Identifier: GPL-2.0
/*
 * lab_peers: prints again and again what tscope, chrony and the kernel's own ptp_kvm report about
 * the guest's wall clock against the host's.
 *
 *   lab_peers COUNT MS /dev/ptpN [SOCKET]
 *	COUNT lines, MS apart; a dash for a value that is missing:
 *	 1     CLOCK_MONOTONIC_RAW
 *	 2 3   moment and offset of PTP_SYS_OFFSET_PRECISE
 *	 4 5 6 tscope's ptp-kvm/offset: its moment, the offset, its error
 *	 7 8   tscope's rate of the guest's wall clock less that of the host's, and the error
 *	 9-11  steps of ptp-kvm, kvm-clock and realtime
 *	12 13  chrony's offset: the moment at which it was requested, the offset
 *	14     the margin of the offset that chrony gives: its standard deviation, and the precision
 *	       of a reading
 *	15 16  chrony's rate, and its skew: the half-width of a 99.9 % interval
 *	Times and offsets are in ns, rates in ppb; moments are of CLOCK_MONOTONIC_RAW. Offsets are
 *	the guest's clock less the host's.
 *
 * chronyc rounds rates to whole ppb. So this program asks chronyd at its SOCKET, by version 6 of
 * its protocol: numbers are big-endian, and a float has 7 bits of exponent and 25 of coefficient.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lab_ptp.h"

#define TSCOPE "/sys/kernel/tscope/"
#define NONE "-"
#define TEXT_MAX 64

/* chronyd's protocol: offsets in bytes of the fields of packets that are used here */
enum {
	PROTO_VERSION	= 6,
	PKT_REQUEST	= 1,
	REQ_TRACKING	= 33,
	REQ_SOURCESTATS	= 34,
	AT_VERSION	= 0,
	AT_TYPE		= 1,
	AT_COMMAND	= 4,
	AT_STATUS	= 8,
	TRACKING_OFFSET	= 68,
	TRACKING_FREQ	= 80,
	TRACKING_SKEW	= 88,
	TRACKING_SIZE	= 104,
	STATS_MARGIN	= 80,
	STATS_SIZE	= 84,
};

static int chrony = -1;
static struct sockaddr_un own = { .sun_family = AF_UNIX };

static double chrony_float(const unsigned char *reply)
{
	uint32_t bits;
	int exponent, coefficient;
	double value;

	memcpy(&bits, reply, sizeof(bits));
	bits = ntohl(bits);
	exponent = (int32_t)bits >> 25;
	coefficient = (int32_t)(bits << 7) >> 7;
	value = coefficient;
	for (exponent -= 25; exponent < 0; exponent++)
		value /= 2;
	for (; exponent > 0; exponent--)
		value *= 2;
	return value;
}

static int chrony_ask(int command, unsigned char *reply, size_t size)
{
	/* a request is as long as its reply */
	unsigned char request[TRACKING_SIZE] = {
		[AT_VERSION] = PROTO_VERSION, [AT_TYPE] = PKT_REQUEST, [AT_COMMAND + 1] = command,
	};

	if (chrony < 0 || send(chrony, request, size, 0) != (ssize_t)size)
		return -1;
	if (recv(chrony, reply, size, 0) != (ssize_t)size)
		return -1;
	return reply[AT_STATUS] || reply[AT_STATUS + 1];
}

static int chrony_open(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_usec = 500000 };

	chrony = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	snprintf(own.sun_path, sizeof(own.sun_path), "%s.%d", path, (int)getpid());
	if (chrony < 0 || bind(chrony, (struct sockaddr *)&own, sizeof(own)) ||
	    chmod(own.sun_path, 0666) ||
	    setsockopt(chrony, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(chrony, (struct sockaddr *)&to, sizeof(to))) {
		perror(path);
		unlink(own.sun_path);
		return -1;
	}
	return 0;
}

static void chrony_print(void)
{
	unsigned char tracking[TRACKING_SIZE], stats[STATS_SIZE];
	long long moment = lab_now_raw();

	/* 0: chronyd has not updated its clock yet */
	if (chrony_ask(REQ_TRACKING, tracking, sizeof(tracking)) ||
	    chrony_float(tracking + TRACKING_SKEW) <= 0 ||
	    chrony_ask(REQ_SOURCESTATS, stats, sizeof(stats))) {
		printf(" - - - - -");
		return;
	}
	/* the sign changes: chronyd gives what it would add to the clock */
	printf(" %lld %.3f %.3f %.5f %.5f", moment, -1e9 * chrony_float(tracking + TRACKING_OFFSET),
	       1e9 * chrony_float(stats + STATS_MARGIN),
	       1e3 * chrony_float(tracking + TRACKING_FREQ),
	       1e3 * chrony_float(tracking + TRACKING_SKEW));
}

/* Reads the first line of one of tscope's files; false if there is none. */
static int line_of(const char *name, char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), TSCOPE "%s", name);
	text[0] = 0;
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(text, TEXT_MAX, file))
		text[0] = 0;
	fclose(file);
	text[strcspn(text, "\n")] = 0;
	return text[0] != 0;
}

static double root(double square)
{
	double x = square;
	int i;

	for (i = 0; square > 0 && i < 60; i++)
		x = (x + square / x) / 2;
	return x;
}

static void tscope_print(void)
{
	char text[TEXT_MAX];
	const char *const steps[] = { "ptp-kvm/steps", "kvm-clock/steps", "realtime/steps" };
	double real, real_error, ptp, ptp_error;
	long long offset, error, age_ms;
	unsigned int i;

	if (line_of("ptp-kvm/offset", text) &&
	    sscanf(text, "%lld %lld %lld", &offset, &error, &age_ms) == 3)
		printf(" %lld %lld %lld", lab_now_raw() - age_ms * 1000000, offset, error);
	else
		printf(" - - -");
	if (line_of("realtime/skew", text) && sscanf(text, "%lf %lf", &real, &real_error) == 2 &&
	    line_of("ptp-kvm/skew", text) && sscanf(text, "%lf %lf", &ptp, &ptp_error) == 2)
		printf(" %.3f %.4f", real - ptp,
		       root(real_error * real_error + ptp_error * ptp_error));
	else
		printf(" - -");
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		printf(" %s", line_of(steps[i], text) ? text : NONE);
}

int main(int argc, char **argv)
{
	long long next = lab_now_raw(), moment, offset;
	int ptp, count, ms;

	if (argc < 4 || argc > 5 || atoi(argv[1]) < 1 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: lab_peers COUNT MS /dev/ptpN [SOCKET]\n");
		return 2;
	}
	count = atoi(argv[1]);
	ms = atoi(argv[2]);
	ptp = open(argv[3], O_RDWR);
	if (ptp < 0) {
		perror(argv[3]);
		return 1;
	}
	if (argc == 5 && chrony_open(argv[4]))
		return 1;
	while (count--) {
		printf("%lld", lab_now_raw());
		if (lab_ptp_look(ptp, &moment, &offset))
			printf(" - -");
		else
			printf(" %lld %lld", moment, offset);
		tscope_print();
		chrony_print();
		printf("\n");
		fflush(stdout);
		next += ms * 1000000LL;
		if (next > lab_now_raw())
			usleep((next - lab_now_raw()) / 1000);
		else
			next = lab_now_raw();
	}
	if (argc == 5)
		unlink(own.sun_path);
	return 0;
}
