# PostgreSQL with a streaming standby, under transactions: see lib/servers.sh.
# shellcheck shell=bash

scenario_main() { server_scenario postgres 3 postgres-primary-0 postgres-standby-0; }
