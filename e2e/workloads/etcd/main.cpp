// etcd-writer: see writer/program.hpp
#include "e2e/workloads/etcd/connection.hpp"
#include "e2e/workloads/writer/program.hpp"

int main(int argc, char** argv) {
  return cutline::writer::program(argc, argv, {"etcd-writer", 2379, cutline::etcd::connect});
}
