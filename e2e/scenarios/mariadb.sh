# MariaDB under transactions: see lib/servers.sh.
# shellcheck shell=bash

scenario_main() { server_scenario mariadb 2 mariadb-0; }
