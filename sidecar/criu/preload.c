/* Loaded into CRIU (ld.so --preload). CRIU runs inside the file system of an application, on machines that may withhold
 * CAP_SYS_RESOURCE. Two of its library calls are answered differently:
 *
 * - prlimit64() of a process of another user fails without that capability: the same limits stand in /proc/PID/limits.
 * - /run/criu.kdat, its cache of what the kernel can, would be written to and believed from the application's own /run:
 *   CUTLINE_KDAT names the file to use instead (on tmpfs, as CRIU demands).
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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KDAT "/run/criu.kdat"
#define EXPORT __attribute__((visibility("default")))

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
  return (int)syscall(SYS_openat, AT_FDCWD, redirected(path, buffer), flags | O_LARGEFILE, mode);
}

EXPORT int rename(const char* from, const char* to) {
  char from_buffer[PATH_MAX];
  char to_buffer[PATH_MAX];
  return (int)syscall(SYS_renameat2, AT_FDCWD, redirected(from, from_buffer), AT_FDCWD, redirected(to, to_buffer), 0);
}

EXPORT int unlink(const char* path) {
  char buffer[PATH_MAX];
  return (int)syscall(SYS_unlinkat, AT_FDCWD, redirected(path, buffer), 0);
}

static unsigned long long limit_of(const char* text) {
  return strncmp(text, "unlimited", 9) == 0 ? ~0ULL : strtoull(text, NULL, 10);
}

/* One line a resource in the order of their numbers, after a headline: name in 26 columns, soft limit in 21, hard
 * limit. */
static int read_limits(pid_t pid, int resource, struct rlimit64* out) {
  char line[256];
  snprintf(line, sizeof line, "/proc/%d/limits", (int)pid);
  FILE* file = fopen(line, "re");
  if (!file) return -1;
  int found = -1;
  for (int row = -1; fgets(line, sizeof line, file); ++row) {
    if (row != resource || strlen(line) < 48) continue;
    out->rlim_cur = limit_of(line + 26);
    out->rlim_max = limit_of(line + 47);
    found = 0;
    break;
  }
  fclose(file);
  return found;
}

EXPORT int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64* set, struct rlimit64* get) {
  const int result = (int)syscall(SYS_prlimit64, pid, resource, set, get);
  if (result == 0 || errno != EPERM || set || !get) return result;
  if (read_limits(pid, (int)resource, get) == 0) return 0;
  errno = EPERM;
  return -1;
}
