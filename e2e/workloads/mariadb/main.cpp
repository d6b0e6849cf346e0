// mariadb-writer: see writer/program.hpp
#include "e2e/workloads/mariadb/connection.hpp"
#include "e2e/workloads/writer/program.hpp"

int main(int argc, char** argv) {
  return cutline::writer::program(argc, argv, {"mariadb-writer", 3306, cutline::mariadb::connect});
}
