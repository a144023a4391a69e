// Package clock gives a program, whatever it was written in, a clock that moves
// forward while the program runs. It needs Linux on amd64 or arm64.
//
// # How a clock is moved
//
// Programs ask the vDSO for the time, a small library that the kernel maps into
// every process (vdso(7)). The package traces the program (ptrace(2)). Whenever a
// process of it executes a file, the functions of its vDSO are replaced, in its
// memory alone, by functions that ask the kernel and add an offset. [Clock.Advance]
// interrupts every thread, writes the new offset and lets the thread go on. The
// interruption also wakes an event loop, which then finds its timers due.
//
// A seccomp filter (seccomp(2)) stops the program at what the vDSO does not cover:
// system calls that ask for the time directly, and waits until a moment, such as
// pthread_cond_timedwait(3), for which the kernel would use its own clock. Waits for
// a length of time end when the clock has moved as far: nanosleep, poll, select,
// ppoll, pselect and futex. epoll_wait returns EINTR, as after a stop.
//
// All real, monotonic and boot-time clocks move, by whole seconds. Clocks of CPU time
// do not. Children and programs that they execute share the clock.
//
// # What does not move
//
// Timers that the kernel keeps for a process (timerfd, timer_create, setitimer,
// alarm, io_uring), the times of files, /proc/uptime, 32-bit programs, and the
// machine's clock. Programs do not gain privileges by executing a file (prctl(2),
// PR_SET_NO_NEW_PRIVS), and cannot be debugged.
package clock
