/* A target in C. With "tell" it answers each line with what all ways to ask for the
   time say; with "fork", its child does. With the name of a wait it waits for as many seconds as the second
   argument says, and prints "over" and the result. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long of(clockid_t id) {
	struct timespec t;
	return clock_gettime(id, &t) ? -1 : t.tv_sec;
}

static long raw(clockid_t id) {
	struct timespec t;
	return syscall(SYS_clock_gettime, id, &t) ? -1 : t.tv_sec;
}

static struct timespec in(clockid_t id, long seconds) {
	struct timespec t;
	clock_gettime(id, &t);
	t.tv_sec += seconds;
	return t;
}

static void tell(void) {
	struct timeval v;
	time_t t, returned;
	gettimeofday(&v, NULL);
	returned = time(&t);
	printf("clock_gettime %ld coarse %ld gettimeofday %ld time %ld %ld tai %ld raw %ld",
		of(CLOCK_REALTIME), of(CLOCK_REALTIME_COARSE), (long)v.tv_sec, (long)returned, (long)t,
		of(CLOCK_TAI), raw(CLOCK_REALTIME));
	syscall(SYS_gettimeofday, &v, NULL);
	printf(" raw %ld", (long)v.tv_sec);
#ifdef SYS_time
	printf(" raw %ld", (long)syscall(SYS_time, &t));
#endif
	printf("; monotonic %ld coarse %ld raw %ld boot %ld raw %ld %ld; cpu %ld thread %ld raw %ld null %d %d\n",
		of(CLOCK_MONOTONIC), of(CLOCK_MONOTONIC_COARSE), of(CLOCK_MONOTONIC_RAW), of(CLOCK_BOOTTIME),
		raw(CLOCK_MONOTONIC), raw(CLOCK_BOOTTIME),
		of(CLOCK_PROCESS_CPUTIME_ID), of(CLOCK_THREAD_CPUTIME_ID), raw(CLOCK_PROCESS_CPUTIME_ID),
		clock_gettime(77, &(struct timespec){0}), gettimeofday(NULL, NULL));
	fflush(stdout);
}

static int await(const char *how, long seconds) {
	struct timespec length = {seconds, 0}, until;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond;
	pthread_condattr_t attr;
	struct pollfd none = {-1, 0, 0};
	struct epoll_event event;
	sem_t sem;
	uint64_t expired;
	int fd;

	if (!strcmp(how, "nanosleep")) return nanosleep(&length, NULL);
	if (!strcmp(how, "sleep")) return sleep(seconds);
	if (!strcmp(how, "poll")) return poll(&none, 1, seconds * 1000);
	if (!strcmp(how, "ppoll")) return ppoll(&none, 1, &length, NULL);
	if (!strcmp(how, "select")) return select(0, NULL, NULL, NULL, &(struct timeval){seconds, 0});
	if (!strcmp(how, "pselect")) return pselect(0, NULL, NULL, NULL, &length, NULL);
	if (!strcmp(how, "futex")) {
		uint32_t word = 0;
		return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &length, NULL, 0) ? errno : 0;
	}
	if (!strcmp(how, "epoll")) { /* as an event loop does */
		until = in(CLOCK_MONOTONIC, seconds);
		for (fd = epoll_create1(0);;) {
			long left = until.tv_sec - of(CLOCK_MONOTONIC);
			if (left <= 0) return 0;
			if (epoll_wait(fd, &event, 1, left * 1000) < 0 && errno != EINTR) return errno;
		}
	}
	if (!strcmp(how, "nanosleep-until") || !strcmp(how, "nanosleep-until-wall")) {
		clockid_t id = how[15] ? CLOCK_REALTIME : CLOCK_MONOTONIC;
		until = in(id, seconds);
		return clock_nanosleep(id, TIMER_ABSTIME, &until, NULL);
	}
	if (!strcmp(how, "cond") || !strcmp(how, "cond-monotonic")) {
		clockid_t id = how[4] ? CLOCK_MONOTONIC : CLOCK_REALTIME;
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, id);
		pthread_cond_init(&cond, &attr);
		until = in(id, seconds);
		pthread_mutex_lock(&mutex);
		int result = pthread_cond_timedwait(&cond, &mutex, &until);
		/* The moment is the program's own again. */
		if (until.tv_sec > of(id)) return -2;
		return result;
	}
	if (!strcmp(how, "mutex")) {
		pthread_mutexattr_t pi;
		pthread_mutexattr_init(&pi);
		pthread_mutexattr_setprotocol(&pi, PTHREAD_PRIO_NONE);
		pthread_mutex_init(&mutex, &pi);
		pthread_mutex_lock(&mutex);
		until = in(CLOCK_REALTIME, seconds);
		return pthread_mutex_timedlock(&mutex, &until);
	}
	if (!strcmp(how, "sem")) {
		sem_init(&sem, 0, 0);
		until = in(CLOCK_REALTIME, seconds);
		return sem_timedwait(&sem, &until) ? errno : 0;
	}
	if (!strcmp(how, "timerfd")) { /* armed for a moment that has come after the move */
		struct itimerspec when = {{0, 0}, in(CLOCK_MONOTONIC, 0)};
		fd = timerfd_create(CLOCK_MONOTONIC, 0);
		when.it_value.tv_nsec = 1;
		timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
		return read(fd, &expired, sizeof expired) == sizeof expired ? 0 : errno;
	}
	return -1;
}

int main(int argc, char **argv) {
	char line[100];
	int status, forks = argc > 1 && !strcmp(argv[1], "fork");
	if (forks && fork()) return wait(&status) < 0 ? 1 : WEXITSTATUS(status);
	puts("ready");
	fflush(stdout);
	while (argc > 1 && (forks || !strcmp(argv[1], "tell")) && fgets(line, sizeof line, stdin)) tell();
	if (argc > 2) {
		if (argc > 3) fgets(line, sizeof line, stdin); /* wait only when told to */
		int result = await(argv[1], atol(argv[2]));
		printf("over %d\n", result);
	}
	return forks ? 5 : 0;
}
