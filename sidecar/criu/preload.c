/* Loaded into CRIU (ld.so --preload). CRIU runs inside the file system of an application, on machines that may withhold
 * CAP_SYS_RESOURCE. Some of its library calls are answered differently:
 *
 * - syscall(prlimit64) of a process of another user fails without that capability: the same limits stand in
 * /proc/PID/limits.
 * - /run/criu.kdat, its cache of what the kernel can, would be written to and believed from the application's own /run:
 *   CUTLINE_KDAT names the file to use instead (on tmpfs, as CRIU demands).
 * - alarm() is what a dump calls right before it looks at the tree, when all of its own start-up is behind it. There it
 *   says so on the stream socket CUTLINE_WAIT, one byte, and waits for an answer: the deadline, as nanoseconds of
 *   CLOCK_MONOTONIC (int64). No answer, because the other end is closed: exit, nothing was touched.
 * - setsid() is what the root of a restored tree (CUTLINE_ROOT) calls before it has children. CRIU does not bring back
 *   that it adopts orphans (PR_SET_CHILD_SUBREAPER): without, every daemon would leave the tree, those whose session's
 *   leader has gone already while they are restored.
 * - A CRIU that is killed while it dumps may leave its code in a task, which then crashes. So it has to give up by
 *   itself: after the deadline, or when the sidecar has ended, splicing pages and creating images fail with ETIMEDOUT.
 *   CRIU then cures and releases every task, as after any error.
 *
 * Runs with the bundle's libc, newer than the one it was compiled with: only old, stable symbols. Thread-safe. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define KDAT "/run/criu.kdat"
#define EXPORT __attribute__((visibility("default")))

static long raw(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "no system call instruction known for this processor"
#endif
}

static long answer(long result) {
  if (result >= 0 || result < -4095) return result;
  errno = (int)-result;
  return -1;
}

/* Set once, before CRIU has threads or children. */
static long long deadline; /* 0: none */
static pid_t self;
static pid_t sidecar;

static long long left(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  return deadline - ((long long)now.tv_sec * 1000000000LL + now.tv_nsec);
}

static int too_late(void) {
  const int orphaned = getpid() == self && getppid() != sidecar;
  if (!deadline || (left() > 0 && !orphaned)) return 0;
  errno = ETIMEDOUT;
  return 1;
}

EXPORT unsigned alarm(unsigned seconds) {
  const char* wait = getenv("CUTLINE_WAIT");
  if (wait && seconds && !deadline) {
    const int to = atoi(wait);
    self = getpid();
    sidecar = getppid();
    if (write(to, "r", 1) != 1) _exit(1);
    ssize_t got;
    do got = read(to, &deadline, sizeof deadline);
    while (got < 0 && errno == EINTR);
    if (got != sizeof deadline) _exit(1);
    close(to);
    const long long time = left();
    seconds = time > 0 ? (unsigned)((time + 999999999) / 1000000000) : 1;
  }
  const struct itimerval next = {{0, 0}, {(time_t)seconds, 0}};
  struct itimerval before = {{0, 0}, {0, 0}};
  (void)setitimer(ITIMER_REAL, &next, &before);
  return (unsigned)before.it_value.tv_sec + (before.it_value.tv_usec != 0);
}

static const char* redirected(const char* path, char buffer[PATH_MAX]) {
  const char* instead = getenv("CUTLINE_KDAT");
  if (!instead || strncmp(path, KDAT, sizeof KDAT - 1) != 0) return path;
  const int length = snprintf(buffer, PATH_MAX, "%s%s", instead, path + sizeof KDAT - 1);
  return length > 0 && length < PATH_MAX ? buffer : path;
}

EXPORT int open64(const char* path, int flags, ...) {
  char buffer[PATH_MAX];
  va_list more;
  va_start(more, flags);
  const unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, unsigned) : 0;
  va_end(more);
  return (int)answer(raw(SYS_openat, AT_FDCWD, (long)redirected(path, buffer), flags | O_LARGEFILE, mode, 0, 0));
}

EXPORT int rename(const char* from, const char* to) {
  char from_buffer[PATH_MAX];
  char to_buffer[PATH_MAX];
  return (int)answer(raw(SYS_renameat2, AT_FDCWD, (long)redirected(from, from_buffer), AT_FDCWD,
                         (long)redirected(to, to_buffer), 0, 0));
}

EXPORT int unlink(const char* path) {
  char buffer[PATH_MAX];
  return (int)answer(raw(SYS_unlinkat, AT_FDCWD, (long)redirected(path, buffer), 0, 0, 0, 0));
}

EXPORT int openat64(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, unsigned) : 0;
  va_end(more);
  if (flags & O_CREAT && too_late()) return -1;
  return (int)answer(raw(SYS_openat, folder, (long)path, flags | O_LARGEFILE, mode, 0, 0));
}

EXPORT ssize_t splice(int in, loff_t* in_at, int out, loff_t* out_at, size_t length, unsigned flags) {
  if (too_late()) return -1;
  return (ssize_t)answer(raw(SYS_splice, in, (long)in_at, out, (long)out_at, (long)length, (long)flags));
}

EXPORT pid_t setsid(void) {
  const char* root = getenv("CUTLINE_ROOT");
  if (root && getpid() == atoi(root)) (void)raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0, 0);
  return (pid_t)answer(raw(SYS_setsid, 0, 0, 0, 0, 0, 0));
}

static unsigned long long limit_of(const char* text) {
  return strncmp(text, "unlimited", 9) == 0 ? ~0ULL : strtoull(text, NULL, 10);
}

/* One line a resource in the order of their numbers, after a headline: name in 26 columns, soft limit in 21, hard
 * limit. */
static int read_limits(long pid, long resource, struct rlimit64* out) {
  char line[256];
  snprintf(line, sizeof line, "/proc/%ld/limits", pid);
  FILE* file = fopen(line, "re");
  if (!file) return -1;
  int found = -1;
  for (long row = -1; fgets(line, sizeof line, file); ++row) {
    if (row != resource || strlen(line) < 48) continue;
    out->rlim_cur = limit_of(line + 26);
    out->rlim_max = limit_of(line + 47);
    found = 0;
    break;
  }
  fclose(file);
  return found;
}

EXPORT long syscall(long number, ...) {
  long argument[6];
  va_list more;
  va_start(more, number);
  for (int i = 0; i < 6; ++i) argument[i] = va_arg(more, long);
  va_end(more);
  const long result = raw(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
  const int reads_limit = number == SYS_prlimit64 && !argument[2] && argument[3];
  if (result != -EPERM || !reads_limit) return answer(result);
  if (read_limits(argument[0], argument[1], (struct rlimit64*)argument[3]) == 0) return 0;
  return answer(result);
}
