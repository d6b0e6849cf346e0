# Three etcd members under writes: see lib/servers.sh. A rollback may change the leader; no write may be lost, repeated or differ between members.
# shellcheck shell=bash

scenario_main() { server_scenario etcd 4 etcd-0 etcd-1 etcd-2; }
