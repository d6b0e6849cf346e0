// What is read of a container, as values: the rules decide on these alone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cutline::preflight {

struct Descriptor {
  int number = 0;
  std::string link;          // of /proc/PID/fd
  std::string info;          // of /proc/PID/fdinfo
  std::string protocol;      // of a socket: system.sockprotoname
  std::uint32_t type = 0;    // S_IFMT bits
  std::uint64_t device = 0;  // of a device: which
  std::uint64_t links = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::uint64_t file_system = 0;  // magic number
  std::uint64_t unread = 0;       // inotify: bytes of events
  std::map<std::string, std::string>
      options;  // of a socket: those that CRIU does not bring back and that are not as by default
};

struct Mapping {
  std::string range;
  std::string path;
  std::string flags;  // VmFlags, each followed by a space
  std::uint64_t protection_key = 0;
};

using Namespaces = std::map<std::string, std::string>;  // "net" -> "net:[4026531840]"

struct Thread {
  int tid = 0;
  char state = '?';
  std::string waits_in;  // kernel function
  std::string cwd;
  std::string cpus;
  Namespaces namespaces;
  int scheduler = 0;
  bool own_descriptors = false;  // does not share its process's descriptor table
};

struct Process {
  int pid = 0;
  int parent = 0;
  int tracer = 0;
  int thread_count = 0;
  char state = '?';
  std::string name;
  std::string executable;
  int io_priority = 0;
  std::vector<Thread> threads;  // the first is the process itself
  std::vector<Descriptor> descriptors;
  std::vector<Mapping> mappings;
};

struct InetSocket {
  bool listening = false;
  std::uint64_t queued = 0;  // listening: connections not accepted. Else bytes not read
};

struct UnixSocket {
  bool stream = false;  // or seqpacket
  std::uint64_t peer = 0;
};

struct Facts {
  std::string container;
  int root = 0;
  std::uint64_t ghost_limit = 0;
  std::set<std::uint64_t> mounts;           // IDs
  std::vector<Process> processes;           // the tree
  std::vector<Process> outside;             // in the container, not in the tree; only pid and name
  std::map<std::uint64_t, InetSocket> tcp;  // by inode
  std::map<std::uint64_t, InetSocket> udp;
  std::map<std::uint64_t, UnixSocket> unix_sockets;
  std::vector<std::string> multicast;  // groups joined in the network namespace: "239.1.2.3 on eth0"

  [[nodiscard]] const Process* find(int pid) const {
    for (const auto& p : processes) {
      if (p.pid == pid) return &p;
    }
    return nullptr;
  }
};

}  // namespace cutline::preflight
