#include "cli/diagram/messages.hpp"

#include <map>
#include <set>

#include "protocol/pairing.hpp"

namespace cutline::cli {
namespace {

using protocol::Connection;

struct End {  // what was counted by each checkpoint, never less than by the one before
  std::size_t process = 0;
  std::vector<std::uint64_t> sent, received;
};

using Ends = std::map<std::pair<std::size_t, Connection>, End>;

Ends read(const std::vector<Process>& processes) {
  Ends out;
  for (std::size_t p = 0; p < processes.size(); ++p) {
    const auto& [addresses, states] = processes[p];
    for (std::size_t k = 0; k < states.size(); ++k) {
      if (!states[k]) continue;
      for (const auto& c : *states[k]) {
        if (protocol::within_pod(addresses, c.remote.address)) continue;
        auto& end = out[{p, Connection{c.local, c.remote}}];
        end.process = p;
        end.sent.resize(k + 1, end.sent.empty() ? 0 : end.sent.back());
        end.received.resize(k + 1, end.received.empty() ? 0 : end.received.back());
        end.sent[k] = std::max(end.sent[k], c.sent);
        end.received[k] = std::max(end.received[k], c.received);
      }
    }
  }
  for (auto& [key, end] : out) {
    const auto n = processes[key.first].checkpoints.size();
    end.sent.resize(n, end.sent.back());  // closed, or not known: what it was
    end.received.resize(n, end.received.back());
  }
  return out;
}

class Sum {
 public:
  std::vector<Message> all(const std::vector<Process>& processes) && {
    std::set<std::string> addresses;
    for (const auto& p : processes) addresses.insert(p.addresses.begin(), p.addresses.end());
    const auto ends = read(processes);
    std::vector<protocol::EndName> names;
    std::vector<const End*> list;
    for (const auto& [key, end] : ends) {
      names.push_back({key.first, &key.second.local, &key.second.remote});
      list.push_back(&end);
    }
    const auto other = protocol::pair_ends(names, addresses);
    for (std::size_t i = 0; i < list.size(); ++i)
      if (other[i] != protocol::kAlone) stream(*list[i], *list[other[i]]);
    std::vector<Message> out;
    for (const auto& [key, amount] : sums_) {
      const auto& [from, sent_in, to, received_in, arrived] = key;
      out.push_back({from, to, sent_in, received_in, amount, arrived});
    }
    return out;
  }

 private:
  // Cuts the stream from `p` to `q` at all that either has counted.
  void stream(const End& p, const End& q) {
    std::uint64_t done = 0;
    std::size_t i = 0, j = 0;
    const auto total = std::max(p.sent.back(), q.received.back());
    while (done < total) {
      while (i < p.sent.size() && p.sent[i] <= done) ++i;
      while (j < q.received.size() && q.received[j] <= done) ++j;
      const bool arrived = j < q.received.size();
      const auto next = std::min(i < p.sent.size() ? p.sent[i] : total, arrived ? q.received[j] : total);
      sums_[{p.process, i, q.process, j, arrived}] += next - done;
      done = next;
    }
  }

  std::map<std::tuple<std::size_t, std::size_t, std::size_t, std::size_t, bool>, std::uint64_t> sums_;
};

}  // namespace

std::vector<Message> messages(const std::vector<Process>& processes) { return Sum{}.all(processes); }

}  // namespace cutline::cli
