#include "sidecar/gate/datagrams.hpp"

#include <arpa/inet.h>  // before linux/, which otherwise defines the same
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>

#include "sidecar/gate/ruleset.hpp"
#include "sidecar/netlink/socket.hpp"

namespace cutline::gate {
namespace {

using netlink::Attributes;
using netlink::View;

using Addresses = std::pair<std::string, std::string>;  // local, remote

std::string text(View address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  ::inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), out.data(), out.size());
  return out.data();
}

std::optional<std::pair<Addresses, std::uint64_t>> element(View bytes) {
  const Attributes all{bytes};
  const auto key = all.nested(NFTA_SET_ELEM_KEY).find(NFTA_DATA_VALUE);
  const auto packets = all.nested(NFTA_SET_ELEM_EXPR).nested(NFTA_EXPR_DATA).find(NFTA_COUNTER_PACKETS);
  if (!key || !packets || (key->size() != 8 && key->size() != 32)) return std::nullopt;
  const auto half = key->size() / 2;
  return std::pair{Addresses{text(key->first(half)), text(key->last(half))},
                   be64toh(netlink::read_prefix<std::uint64_t>(*packets))};
}

}  // namespace

Result<protocol::FlowTable> datagrams() {
  auto nft = netlink::Socket::open(NETLINK_NETFILTER);
  if (!nft) return tl::unexpected(nft.error());
  std::map<Addresses, std::pair<std::uint64_t, std::uint64_t>> counted;  // sent, received
  const auto questions = read_datagrams();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto read = nft->query(questions[i], "count datagrams", [&](const netlink::Answer& answer) {
      const Attributes list{answer.payload.subspan(std::min(answer.payload.size(), sizeof(nfgenmsg)))};
      Attributes{list.find(NFTA_SET_ELEM_LIST_ELEMENTS).value_or(View{})}.each(NFTA_LIST_ELEM, [&](View one) {
        const auto found = element(one);
        if (!found) return;
        auto& [sent, received] = counted[found->first];
        (i < 2 ? sent : received) += found->second;
      });
    });
    if (!read && read.error().code != Code::NotFound) return tl::unexpected(read.error());
  }
  protocol::FlowTable out;
  for (const auto& [addresses, both] : counted)
    out.push_back({addresses.first, addresses.second, both.first, both.second});
  return out;
}

}  // namespace cutline::gate
