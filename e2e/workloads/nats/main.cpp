// nats-writer: see writer/program.hpp
#include "e2e/workloads/nats/connection.hpp"
#include "e2e/workloads/writer/program.hpp"

int main(int argc, char** argv) {
  return cutline::writer::program(argc, argv, {"nats-writer", 4222, cutline::nats::connect});
}
