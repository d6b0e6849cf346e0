// The sequence numbers of restored connections.
//
// They never go back on the wire: whatever watches a connection on its way (a node's connection tracking, a firewall)
// knows the window that its numbers must lie in, and drops what lies before it; and a segment of the abandoned timeline
// that comes late is then an old one, never new data. So a restored connection has the numbers of the checkpoint, moved
// on to where the abandoned one had come.
//
// How far: the receiving end goes on from the number up to which it has received. Then what it confirms first has
// passed the wire for certain; of the sending end's own count that cannot be said, since what it has sent into a closed
// gate passed nothing, and a confirmation of what was never seen is dropped as well. (Linux: nf_conntrack_proto_tcp.c,
// tcp_in_window().)
//
// Pure. Numbers are those of TCP, modulo 2^32.
#pragma once

#include <map>
#include <set>

#include "protocol/readdressing.hpp"

namespace cutline::protocol {

// Both ends of a connection count alike, but their checkpoints may be of before and after an earlier rollback, which
// moved the numbers: so what they agree on is how far numbers lie after counts. `told`: of each pod, each connection
// that it restores. Returned: the same, each sending end as its receiving end had told; one whose other end is none of
// these stays as it was.
//
// `anew`: pods that stand in for others. No node knows a translation of a Service's address for a connection of theirs,
// so an end that was reached by one names the pod itself from now on, by its present address: `remote`.
//
// `names`: checkpoints of different times may call the same pod differently; how what each pod has told is called in
// the one language in which ends are paired, and which `readdressing` translates from.
[[nodiscard]] std::map<PodUid, std::vector<Shift>> both_ways(std::map<PodUid, std::vector<Shift>> told,
                                                             const std::set<PodUid>& anew = {},
                                                             const Readdressing& readdressing = {},
                                                             const std::map<PodUid, Readdressing>& names = {});

}  // namespace cutline::protocol
