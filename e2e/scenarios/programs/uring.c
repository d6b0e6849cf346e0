// Holds an io_uring, which CRIU cannot save, and waits.
#include <linux/io_uring.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  struct io_uring_params parameters = {0};
  const long ring = syscall(SYS_io_uring_setup, 8, &parameters);
  if (ring < 0) {
    perror("io_uring_setup");
    return 1;
  }
  printf("io_uring at %ld\n", ring);
  fflush(stdout);
  for (;;) pause();
}
