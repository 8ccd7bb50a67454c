// floor: the least that a closed loop can do. It sends and receives on CONNS
// connections through one epoll and parses nothing: the first response tells
// how many bytes one is. It must count bytes; taking each recv for a response
// would pipeline unseen when a server writes header and body apart.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what) {
	perror(what);
	exit(1);
}

int main(int argc, char **argv) {
	if (argc != 5) {
		fprintf(stderr, "usage: floor PORT PATH CONNS SECONDS\n");
		return 64;
	}
	int port = atoi(argv[1]), conns = atoi(argv[3]);
	double seconds = atof(argv[4]);
	char request[512];
	static char buffer[1 << 16];
	int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", argv[2], port);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int poll = epoll_create1(0), one = 1;
	int *fd = calloc(conns, sizeof *fd);
	long *missing = calloc(conns, sizeof *missing);
	for (int i = 0; i < conns; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd[i], (void *)&to, sizeof to)) die("connect");
		setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};
		epoll_ctl(poll, EPOLL_CTL_ADD, fd[i], &e);
	}
	if (send(fd[0], request, length, MSG_NOSIGNAL) != length) die("send");
	usleep(50000);
	long size = recv(fd[0], buffer, sizeof buffer, 0);
	if (size <= 0) die("the first response");
	for (int i = 0; i < conns; i++) {
		missing[i] = size;
		send(fd[i], request, length, MSG_NOSIGNAL);
	}
	long done = 0;
	double begin = now(), end = begin + seconds;
	struct epoll_event events[512];
	for (unsigned turn = 0; turn % 16 || now() < end; turn++) {
		int n = epoll_wait(poll, events, 512, 100);
		for (int i = 0; i < n; i++) {
			int c = events[i].data.u32;
			ssize_t got = recv(fd[c], buffer, sizeof buffer, MSG_DONTWAIT);
			if (got <= 0) die("recv");
			if ((missing[c] -= got) > 0) continue;
			missing[c] = size;
			done++;
			if (send(fd[c], request, length, MSG_NOSIGNAL | MSG_DONTWAIT) != length) die("send");
		}
	}
	printf("%ld %.6f\n", done, now() - begin);
	return 0;
}
