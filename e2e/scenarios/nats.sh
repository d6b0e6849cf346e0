# NATS with a JetStream stream on disk, under publishing: see lib/servers.sh. The stream's numbers stay dense.
# shellcheck shell=bash

scenario_main() { server_scenario nats 2 nats-0; }
