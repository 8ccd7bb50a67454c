// server: answers whatever arrives with 1 KB, without looking at it: cheaper
// than any generator, so that the generator shows its own limit. With "stamp"
// it notes when each request arrived, and when told to end (SIGTERM) prints how
// even the arrivals were:
//
//	requests, coefficient of variation of the gaps (0: a perfect schedule,
//	1: Poisson), most arrivals within any millisecond
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 1000000 // stamps: 40 s at 25,000/s
#define WARM 0.4     // seconds left out: opening connections is not the schedule

static double *stamp;
static long stamps, requests;
static volatile sig_atomic_t over;

static void finish(int signal) { (void)signal, over = 1; }

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void print(void) {
	long first = 0, burst = 0;
	while (first < stamps && stamp[first] < stamp[0] + WARM) first++;
	double sum = 0, squares = 0;
	long n = stamps - first - 1;
	for (long i = first + 1, from = first; i < stamps; i++) {
		double gap = stamp[i] - stamp[i - 1];
		sum += gap, squares += gap * gap;
		while (stamp[i] - stamp[from] > 1e-3) from++;
		if (i - from + 1 > burst) burst = i - from + 1;
	}
	double mean = n > 0 ? sum / n : 0;
	printf("%ld %.4f %ld\n", requests, mean > 0 ? sqrt(fmax(0, squares / n - mean * mean)) / mean : 0, burst);
}

int main(int argc, char **argv) {
	if (argc < 2) {
		fprintf(stderr, "usage: server PORT [stamp]\n");
		return 64;
	}
	if (argc > 2) stamp = calloc(MOST, sizeof *stamp);
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	struct sigaction on_term = {.sa_handler = finish};
	sigaction(SIGTERM, &on_term, 0);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(listener, (void *)&at, sizeof at) || listen(listener, 4096)) {
		perror("listen");
		return 1;
	}
	static char answer[2048], buffer[1 << 16];
	int length = sprintf(answer, "HTTP/1.1 200 OK\r\nServer: none\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	                             "Content-Type: text/plain\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n");
	memset(answer + length, 'x', 1024);
	length += 1024;
	int poll = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, events[512];
	epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
	double dead = now() + 900; // nobody's orphan for long
	while (!over && now() < dead) {
		int n = epoll_wait(poll, events, 512, 1000);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener) {
				while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
					struct epoll_event c = {.events = EPOLLIN, .data.fd = fd};
					epoll_ctl(poll, EPOLL_CTL_ADD, fd, &c);
				}
				continue;
			}
			ssize_t got = recv(fd, buffer, sizeof buffer, 0);
			if (got <= 0) {
				if (got == 0 || errno != EAGAIN) close(fd);
				continue;
			}
			requests++;
			if (stamp && stamps < MOST) stamp[stamps++] = now();
			send(fd, answer, length, MSG_NOSIGNAL);
		}
	}
	if (stamp) print();
	return 0;
}
