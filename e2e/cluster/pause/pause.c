// The first process of every pod: holds its namespaces, reaps what is left to it, ends when asked.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal_number) { _exit(128 + signal_number); }

static void reap(int signal_number) {
  (void)signal_number;
  while (waitpid(-1, 0, WNOHANG) > 0) {
  }
}

int main(void) {
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, 0);
  sigaction(SIGINT, &(struct sigaction){.sa_handler = end}, 0);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = reap, .sa_flags = SA_NOCLDSTOP | SA_RESTART}, 0);
  for (;;) pause();
}
