#include "sidecar/gate/ruleset.hpp"

#include <arpa/inet.h>  // before linux/, which otherwise defines the same
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/icmp6.h>

#include "sidecar/gate/rule.hpp"

namespace cutline::gate {
namespace {

using netlink::Message;
using netlink::View;

constexpr std::uint32_t loopback_index = 1;  // of lo, in every network namespace
constexpr int raw_priority = -300;
constexpr std::uint32_t switch_key = 1;
constexpr std::size_t elements_per_message = 256;

// How nft(8) prints the keys: its numbers of data types, six bits for each part of a concatenation.
constexpr std::uint32_t type_mark = 19, type_ip4 = 7, type_ip6 = 8, type_port = 13;
constexpr std::uint32_t concatenated(std::uint32_t address) {
  return (address << 18U) | (type_port << 12U) | (address << 6U) | type_port;
}

constexpr std::uint32_t pair_of(std::uint32_t address) { return (address << 6U) | address; }

constexpr std::uint32_t most_flows = 65'536;  // of each set; what comes beyond is not counted

struct Set {
  std::string_view name;
  std::uint32_t id, key_type, key_size, flags, size = 0;
};
constexpr Set closed{"closed", 1, type_mark, 4, NFT_SET_TIMEOUT};
constexpr Set held4{"held4", 2, concatenated(type_ip4), 16, 0};
constexpr Set held6{"held6", 3, concatenated(type_ip6), 40, 0};
constexpr Set sent4{"sent4", 4, pair_of(type_ip4), 8, NFT_SET_EVAL, most_flows};
constexpr Set sent6{"sent6", 5, pair_of(type_ip6), 32, NFT_SET_EVAL, most_flows};
constexpr Set received4{"received4", 6, pair_of(type_ip4), 8, NFT_SET_EVAL, most_flows};
constexpr Set received6{"received6", 7, pair_of(type_ip6), 32, NFT_SET_EVAL, most_flows};

Message message(int type, std::uint16_t flags) {
  const nfgenmsg family{NFPROTO_INET, NFNETLINK_V0, 0};
  return Message(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type), flags, family);
}

Message new_table() { return std::move(message(NFT_MSG_NEWTABLE, NLM_F_CREATE).text(NFTA_TABLE_NAME, table_name)); }

Message new_set(const Set& set) {
  auto out = message(NFT_MSG_NEWSET, NLM_F_CREATE);
  out.text(NFTA_SET_TABLE, table_name)
      .text(NFTA_SET_NAME, set.name)
      .be32(NFTA_SET_ID, set.id)
      .be32(NFTA_SET_FLAGS, set.flags);
  out.be32(NFTA_SET_KEY_TYPE, set.key_type).be32(NFTA_SET_KEY_LEN, set.key_size);
  if (set.size != 0) out.nest(NFTA_SET_DESC, [&] { out.be32(NFTA_SET_DESC_SIZE, set.size); });
  return out;
}

Message new_chain(const Chain& chain) {
  auto out = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  out.text(NFTA_CHAIN_TABLE, table_name).text(NFTA_CHAIN_NAME, chain.name);
  out.nest(NFTA_CHAIN_HOOK, [&] {
    out.be32(NFTA_HOOK_HOOKNUM, chain.hook).be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(raw_priority));
  });
  out.be32(NFTA_CHAIN_POLICY, NF_ACCEPT).text(NFTA_CHAIN_TYPE, "filter");
  return out;
}

Message flush_rules(const Chain& chain) {
  return std::move(message(NFT_MSG_DELRULE, 0).text(NFTA_RULE_TABLE, table_name).text(NFTA_RULE_CHAIN, chain.name));
}

Message flush_set(const Set& set) {
  return std::move(
      message(NFT_MSG_DELSETELEM, 0).text(NFTA_SET_ELEM_LIST_TABLE, table_name).text(NFTA_SET_ELEM_LIST_SET, set.name));
}

Message elements(int type, std::uint16_t flags, const Set& set, std::span<const std::vector<std::byte>> keys,
                 std::optional<Millis> timeout) {
  auto out = message(type, flags);
  out.text(NFTA_SET_ELEM_LIST_TABLE, table_name).text(NFTA_SET_ELEM_LIST_SET, set.name);
  out.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
    for (const auto& key : keys) {
      out.nest(NFTA_LIST_ELEM, [&] {
        out.nest(NFTA_SET_ELEM_KEY, [&] { out.raw(NFTA_DATA_VALUE, key); });
        if (timeout)
          out.be64(NFTA_SET_ELEM_TIMEOUT, static_cast<std::uint64_t>(std::max<Millis::rep>(1, timeout->count())));
      });
    }
  });
  return out;
}

std::vector<std::byte> switch_element() {
  const auto bytes = netlink::bytes_of(switch_key);
  return {bytes.begin(), bytes.end()};
}

// Where a family's header has its addresses, and how many registers of four bytes one fills.
struct Family {
  std::uint8_t number;
  std::uint32_t source, destination, length;
  [[nodiscard]] std::uint32_t registers() const { return length / 4; }
};
constexpr Family ipv4{NFPROTO_IPV4, 12, 16, 4};
constexpr Family ipv6{NFPROTO_IPV6, 8, 24, 16};

void held_on_loopback(Messages& out, const Chain& chain) {
  for (const auto& [family, set] : {std::pair{ipv4, held4}, std::pair{ipv6, held6}}) {
    const auto address = family.registers();
    out.push_back(Rule{chain}
                      .input_is(loopback_index)
                      .family_is(family.number)
                      .protocol_is(IPPROTO_TCP)
                      .load_network(family.source, family.length, 0)
                      .load_transport(0, 2, address)
                      .load_network(family.destination, family.length, address + 1)
                      .load_transport(2, 2, 2 * address + 1)
                      .in_set(set.name, set.id)
                      .drop());
  }
}

// What both chains share: nothing while the switch is off; neighbour discovery; the gate itself at the end.
void pass_if_off(Messages& out, const Chain& chain) {
  out.push_back(Rule{chain}.constant(switch_key).not_in_set(closed.name, closed.id).accept());
}

void pass_neighbours(Messages& out, const Chain& chain) {
  out.push_back(Rule{chain}
                    .family_is(NFPROTO_IPV6)
                    .protocol_is(IPPROTO_ICMPV6)
                    .transport_byte_between(0, ND_ROUTER_SOLICIT, ND_REDIRECT)
                    .accept());
}

void hold(Messages& out, const Chain& chain, const Plan& plan) {
  switch (plan.hold) {
    case Hold::Queue:
      out.push_back(Rule{chain}.queue(plan.queue));
      return;
    case Hold::QueueTarget:
      out.push_back(Rule{chain}.queue_target(plan.queue));
      return;
    case Hold::Drop:
      out.push_back(Rule{chain}.drop());
      return;
    case Hold::Nothing:
      return;
  }
}

// The protocol first: a TCP packet costs one comparison. Keys are (local address, remote address).
void count_sent(Messages& out) {
  for (const auto& [family, set] : {std::pair{ipv4, sent4}, std::pair{ipv6, sent6}})
    out.push_back(Rule{outgoing}
                      .protocol_is(IPPROTO_UDP)
                      .family_is(family.number)
                      .load_network(family.source, family.length, 0)
                      .load_network(family.destination, family.length, family.registers())
                      .count_in(set.name, set.id));
}

void count_received(Messages& out) {
  for (const auto& [family, set] : {std::pair{ipv4, received4}, std::pair{ipv6, received6}})
    out.push_back(Rule{arrived}
                      .protocol_is(IPPROTO_UDP)
                      .input_is_not(loopback_index)
                      .family_is(family.number)
                      .load_network(family.destination, family.length, 0)
                      .load_network(family.source, family.length, family.registers())
                      .count_in(set.name, set.id));
}

std::vector<std::byte> tuple(View from, std::uint16_t from_port, View to, std::uint16_t to_port) {
  std::vector<std::byte> out;
  const auto part = [&](View bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
    out.resize((out.size() + 3) / 4 * 4);  // each part fills whole registers
  };
  part(from);
  part(netlink::bytes_of(htons(from_port)));
  part(to);
  part(netlink::bytes_of(htons(to_port)));
  return out;
}

template <class Address>
void both_ways(std::vector<std::vector<std::byte>>& out, int family, const protocol::Counters& connection) {
  Address local{}, remote{};
  if (::inet_pton(family, connection.local.address.c_str(), &local) != 1) return;
  if (::inet_pton(family, connection.remote.address.c_str(), &remote) != 1) return;
  const auto here = netlink::bytes_of(local), there = netlink::bytes_of(remote);
  out.push_back(tuple(here, connection.local.port, there, connection.remote.port));
  out.push_back(tuple(there, connection.remote.port, here, connection.local.port));
}

void add_elements(Messages& out, const Set& set, std::span<const std::vector<std::byte>> keys) {
  for (; !keys.empty(); keys = keys.subspan(std::min(keys.size(), elements_per_message)))
    out.push_back(
        elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, keys.first(std::min(keys.size(), elements_per_message)), {}));
}

}  // namespace

Messages install(const Plan& plan) {
  Messages out;
  out.push_back(new_table());
  std::vector<Set> sets{closed, held4, held6};
  std::vector<Chain> chains{incoming, outgoing};
  if (plan.count_datagrams) {
    sets.insert(sets.end(), {sent4, sent6, received4, received6});
    chains.push_back(arrived);
  }
  for (const auto& set : sets) out.push_back(new_set(set));
  for (const auto& chain : chains) {
    out.push_back(new_chain(chain));
    out.push_back(flush_rules(chain));
  }
  held_on_loopback(out, incoming);
  out.push_back(Rule{incoming}.input_is(loopback_index).accept());
  pass_if_off(out, incoming);
  out.push_back(Rule{incoming}.protocol_is(IPPROTO_TCP).transport_port_is(2, plan.control_port).accept());
  pass_neighbours(out, incoming);
  if (plan.match_sockets) out.push_back(Rule{incoming}.socket_mark_is(own_mark).accept());
  hold(out, incoming, plan);

  out.push_back(Rule{outgoing}.output_is(loopback_index).accept());
  if (plan.count_datagrams) count_sent(out);  // before the gate: what an application has sent, though it is held
  pass_if_off(out, outgoing);
  out.push_back(Rule{outgoing}.protocol_is(IPPROTO_TCP).transport_port_is(0, plan.control_port).accept());
  pass_neighbours(out, outgoing);
  out.push_back(Rule{outgoing}.mark_is(own_mark).accept());
  hold(out, outgoing, plan);
  if (plan.count_datagrams) count_received(out);
  return out;
}

Messages uninstall() {
  Messages out;
  out.push_back(std::move(message(NFT_MSG_DELTABLE, 0).text(NFTA_TABLE_NAME, table_name)));
  return out;
}

Messages switch_on(std::optional<Millis> timeout) {
  Messages out;
  out.push_back(flush_set(closed));
  const std::vector<std::vector<std::byte>> keys{switch_element()};
  out.push_back(elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, closed, keys, timeout));
  return out;
}

Messages switch_off() {
  Messages out;
  out.push_back(flush_set(closed));
  return out;
}

std::vector<netlink::Message> read_datagrams() {
  std::vector<netlink::Message> out;
  for (const auto& set : {sent4, sent6, received4, received6}) {
    out.push_back(message(NFT_MSG_GETSETELEM, NLM_F_DUMP));
    out.back().text(NFTA_SET_ELEM_LIST_TABLE, table_name).text(NFTA_SET_ELEM_LIST_SET, set.name);
  }
  return out;
}

netlink::Message read_switch() {
  const std::vector<std::vector<std::byte>> keys{switch_element()};
  return elements(NFT_MSG_GETSETELEM, 0, closed, keys, {});
}

std::optional<Millis> expiration(View answer) {
  const netlink::Attributes list{answer.subspan(std::min(answer.size(), sizeof(nfgenmsg)))};
  const auto value = list.nested(NFTA_SET_ELEM_LIST_ELEMENTS).nested(NFTA_LIST_ELEM).find(NFTA_SET_ELEM_EXPIRATION);
  if (!value) return std::nullopt;
  return Millis{static_cast<Millis::rep>(be64toh(netlink::read_prefix<std::uint64_t>(*value)))};
}

Messages hold_loopback(std::span<const protocol::Counters> connections) {
  std::vector<std::vector<std::byte>> keys4, keys6;
  for (const auto& connection : connections) {
    both_ways<in_addr>(keys4, AF_INET, connection);
    both_ways<in6_addr>(keys6, AF_INET6, connection);
  }
  auto out = release_loopback();
  add_elements(out, held4, keys4);
  add_elements(out, held6, keys6);
  return out;
}

Messages release_loopback() {
  Messages out;
  out.push_back(flush_set(held4));
  out.push_back(flush_set(held6));
  return out;
}

}  // namespace cutline::gate
