// postgres-writer: see writer/program.hpp
#include "e2e/workloads/postgres/connection.hpp"
#include "e2e/workloads/writer/program.hpp"

int main(int argc, char** argv) {
  return cutline::writer::program(argc, argv, {"postgres-writer", 5432, cutline::postgres::connect});
}
