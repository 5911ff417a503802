// SPDX-License-Identifier: GPL-2.0
/*
 * alert_wait: waits for tscope's alerts as a monitor would, and prints each.
 *
 *   alert_wait SECONDS
 *
 * Prints "ready" once it listens; "poll COUNT NS" when poll() on "alerts" returns,
 * with the count that was read then and CLOCK_MONOTONIC; and
 * "uevent NS TSCOPE_...=..." for each uevent of tscope.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ALERTS "/sys/kernel/tscope/alerts"

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* poll() on a sysfs file reports changes since it was last read, so read it first. */
static void read_alerts(int fd, const char *what)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
		perror("alert_wait: " ALERTS);
		exit(1);
	}
	text[strcspn(text, "\n")] = 0;
	if (what)
		printf("%s %s %lld\n", what, text, now_ns());
}

static void read_uevent(int fd)
{
	char text[4096];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0), at = 0;

	if (len <= 0)
		return;
	text[len] = 0;
	if (!strstr(text, "/kernel/tscope"))
		return;
	printf("uevent %lld", now_ns());
	for (; at < len; at += strlen(text + at) + 1)
		if (!strncmp(text + at, "TSCOPE_", 7))
			printf(" %s", text + at);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	long long end;
	struct pollfd fd[2] = {
		{ .fd = open(ALERTS, O_RDONLY), .events = POLLPRI },
		{ .fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT),
		  .events = POLLIN },
	};

	if (argc != 2 || atoi(argv[1]) <= 0) {
		fprintf(stderr, "usage: alert_wait SECONDS\n");
		return 2;
	}
	if (fd[0].fd < 0 || fd[1].fd < 0 ||
	    bind(fd[1].fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("alert_wait");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_alerts(fd[0].fd, NULL);
	printf("ready\n");
	end = now_ns() + atoi(argv[1]) * 1000000000LL;
	while (now_ns() < end) {
		if (poll(fd, 2, (int)((end - now_ns()) / 1000000) + 1) <= 0)
			continue;
		if (fd[0].revents & POLLPRI)
			read_alerts(fd[0].fd, "poll");
		if (fd[1].revents & POLLIN)
			read_uevent(fd[1].fd);
	}
	return 0;
}
