// One nftables rule, written expression by expression; what a rule's matches do not let pass goes on to the next rule.
//   Rule{outgoing}.output_is(1).accept()
// Registers are the kernel's 32-bit ones; single values go through register 0. linux/netfilter/nf_tables.h.
#pragma once

#include <arpa/inet.h>  // before linux/, which otherwise defines the same
#include <linux/netfilter.h>

#include "sidecar/netlink/message.hpp"

namespace cutline::gate {

inline constexpr std::string_view table_name = "cutline";

struct Chain {
  std::string_view name;
  std::uint32_t hook;
};
inline constexpr Chain incoming{"incoming", NF_INET_PRE_ROUTING};
inline constexpr Chain outgoing{"outgoing", NF_INET_LOCAL_OUT};
inline constexpr Chain arrived{"arrived", NF_INET_LOCAL_IN};  // past the gate

class Rule {
 public:
  explicit Rule(const Chain& chain) : chain_(chain) {}

  Rule& input_is(std::uint32_t interface);
  Rule& input_is_not(std::uint32_t interface);
  Rule& output_is(std::uint32_t interface);
  Rule& family_is(std::uint8_t family);      // NFPROTO_IPV4, NFPROTO_IPV6
  Rule& protocol_is(std::uint8_t protocol);  // IPPROTO_TCP ...
  Rule& mark_is(std::uint32_t mark);
  Rule& socket_mark_is(std::uint32_t mark);
  Rule& transport_port_is(std::uint32_t offset, std::uint16_t port);
  Rule& transport_byte_between(std::uint32_t offset, std::uint8_t low, std::uint8_t high);
  // Keys of sets: loads, then in_set, whose key starts at register 0.
  Rule& load_network(std::uint32_t offset, std::uint32_t size, std::uint32_t register32);
  Rule& load_transport(std::uint32_t offset, std::uint32_t size, std::uint32_t register32);
  Rule& constant(std::uint32_t value);
  Rule& in_set(std::string_view name, std::uint32_t id);
  Rule& not_in_set(std::string_view name, std::uint32_t id);

  // Counts the packet at its key, as loaded from register 0, in a set that takes new keys from packets. Ends the rule.
  [[nodiscard]] netlink::Message count_in(std::string_view name, std::uint32_t id);

  [[nodiscard]] netlink::Message accept();
  [[nodiscard]] netlink::Message drop();
  [[nodiscard]] netlink::Message queue(std::uint16_t number);
  [[nodiscard]] netlink::Message queue_target(std::uint16_t number);

 private:
  // An expression is written when the message is finished.
  using Expression = std::function<void(netlink::Message&)>;
  Rule& add(std::string_view name, Expression attributes);
  Rule& meta(std::uint32_t key);
  Rule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t register32);
  Rule& compare(std::uint32_t operation, netlink::View value);
  Rule& lookup(std::string_view name, std::uint32_t id, std::uint32_t flags);
  [[nodiscard]] netlink::Message verdict(std::uint32_t code);
  [[nodiscard]] netlink::Message finish() const;

  Chain chain_;
  std::vector<std::pair<std::string_view, Expression>> expressions_;
};

}  // namespace cutline::gate
