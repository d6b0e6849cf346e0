#include "sidecar/gate/rule.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>

namespace cutline::gate {

using netlink::Message;
using netlink::View;

Rule& Rule::add(std::string_view name, Expression attributes) {
  expressions_.emplace_back(name, std::move(attributes));
  return *this;
}

Rule& Rule::meta(std::uint32_t key) {
  return add("meta", [=](Message& out) { out.be32(NFTA_META_KEY, key).be32(NFTA_META_DREG, NFT_REG32_00); });
}

Rule& Rule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size, std::uint32_t register32) {
  return add("payload", [=](Message& out) {
    out.be32(NFTA_PAYLOAD_DREG, NFT_REG32_00 + register32).be32(NFTA_PAYLOAD_BASE, base);
    out.be32(NFTA_PAYLOAD_OFFSET, offset).be32(NFTA_PAYLOAD_LEN, size);
  });
}

Rule& Rule::compare(std::uint32_t operation, View value) {
  return add("cmp", [=, bytes = std::vector<std::byte>(value.begin(), value.end())](Message& out) {
    out.be32(NFTA_CMP_SREG, NFT_REG32_00).be32(NFTA_CMP_OP, operation);
    out.nest(NFTA_CMP_DATA, [&] { out.raw(NFTA_DATA_VALUE, bytes); });
  });
}

Rule& Rule::lookup(std::string_view name, std::uint32_t id, std::uint32_t flags) {
  return add("lookup", [=](Message& out) {
    out.text(NFTA_LOOKUP_SET, name).be32(NFTA_LOOKUP_SET_ID, id);
    out.be32(NFTA_LOOKUP_SREG, NFT_REG32_00).be32(NFTA_LOOKUP_FLAGS, flags);
  });
}

Rule& Rule::input_is(std::uint32_t interface) {
  return meta(NFT_META_IIF).compare(NFT_CMP_EQ, netlink::bytes_of(interface));
}
Rule& Rule::input_is_not(std::uint32_t interface) {
  return meta(NFT_META_IIF).compare(NFT_CMP_NEQ, netlink::bytes_of(interface));
}
Rule& Rule::output_is(std::uint32_t interface) {
  return meta(NFT_META_OIF).compare(NFT_CMP_EQ, netlink::bytes_of(interface));
}
Rule& Rule::family_is(std::uint8_t family) {
  return meta(NFT_META_NFPROTO).compare(NFT_CMP_EQ, netlink::bytes_of(family));
}
Rule& Rule::protocol_is(std::uint8_t protocol) {
  return meta(NFT_META_L4PROTO).compare(NFT_CMP_EQ, netlink::bytes_of(protocol));
}
Rule& Rule::mark_is(std::uint32_t mark) { return meta(NFT_META_MARK).compare(NFT_CMP_EQ, netlink::bytes_of(mark)); }

Rule& Rule::socket_mark_is(std::uint32_t mark) {
  add("socket", [](Message& out) { out.be32(NFTA_SOCKET_KEY, NFT_SOCKET_MARK).be32(NFTA_SOCKET_DREG, NFT_REG32_00); });
  return compare(NFT_CMP_EQ, netlink::bytes_of(mark));
}

Rule& Rule::transport_port_is(std::uint32_t offset, std::uint16_t port) {
  return load_transport(offset, 2, 0).compare(NFT_CMP_EQ, netlink::bytes_of(htons(port)));
}

Rule& Rule::transport_byte_between(std::uint32_t offset, std::uint8_t low, std::uint8_t high) {
  return load_transport(offset, 1, 0)
      .compare(NFT_CMP_GTE, netlink::bytes_of(low))
      .compare(NFT_CMP_LTE, netlink::bytes_of(high));
}

Rule& Rule::load_network(std::uint32_t offset, std::uint32_t size, std::uint32_t register32) {
  return payload(NFT_PAYLOAD_NETWORK_HEADER, offset, size, register32);
}

Rule& Rule::load_transport(std::uint32_t offset, std::uint32_t size, std::uint32_t register32) {
  return payload(NFT_PAYLOAD_TRANSPORT_HEADER, offset, size, register32);
}

Rule& Rule::constant(std::uint32_t value) {
  return add("immediate", [=](Message& out) {
    out.be32(NFTA_IMMEDIATE_DREG, NFT_REG32_00);
    out.nest(NFTA_IMMEDIATE_DATA, [&] { out.raw(NFTA_DATA_VALUE, netlink::bytes_of(value)); });
  });
}

Rule& Rule::in_set(std::string_view name, std::uint32_t id) { return lookup(name, id, 0); }
Rule& Rule::not_in_set(std::string_view name, std::uint32_t id) { return lookup(name, id, NFT_LOOKUP_F_INV); }

Message Rule::count_in(std::string_view name, std::uint32_t id) {
  add("dynset", [=](Message& out) {
    out.text(NFTA_DYNSET_SET_NAME, name).be32(NFTA_DYNSET_SET_ID, id).be32(NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
    out.be32(NFTA_DYNSET_SREG_KEY, NFT_REG32_00);
    out.nest(NFTA_DYNSET_EXPR, [&] {
      out.text(NFTA_EXPR_NAME, "counter");
      out.nest(NFTA_EXPR_DATA, [&] { out.be64(NFTA_COUNTER_BYTES, 0).be64(NFTA_COUNTER_PACKETS, 0); });
    });
  });
  return finish();
}

Message Rule::accept() { return verdict(NF_ACCEPT); }
Message Rule::drop() { return verdict(NF_DROP); }

Message Rule::queue(std::uint16_t number) {
  add("queue",
      [=](Message& out) { out.be16(NFTA_QUEUE_NUM, number).be16(NFTA_QUEUE_TOTAL, 1).be16(NFTA_QUEUE_FLAGS, 0); });
  return finish();
}

Message Rule::queue_target(std::uint16_t number) {
  // struct xt_NFQ_info_v3 {queue, how many, flags}, padded as xtables wants it.
  const std::array<std::uint16_t, 4> info{number, 1, 0, 0};
  add("target", [=](Message& out) {
    out.text(NFTA_TARGET_NAME, "NFQUEUE").be32(NFTA_TARGET_REV, 3).raw(NFTA_TARGET_INFO, netlink::bytes_of(info));
  });
  return finish();
}

Message Rule::verdict(std::uint32_t code) {
  add("immediate", [=](Message& out) {
    out.be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    out.nest(NFTA_IMMEDIATE_DATA, [&] { out.nest(NFTA_DATA_VERDICT, [&] { out.be32(NFTA_VERDICT_CODE, code); }); });
  });
  return finish();
}

Message Rule::finish() const {
  const nfgenmsg family{NFPROTO_INET, NFNETLINK_V0, 0};
  Message out(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND,
              family);
  out.text(NFTA_RULE_TABLE, table_name).text(NFTA_RULE_CHAIN, chain_.name);
  out.nest(NFTA_RULE_EXPRESSIONS, [&] {
    for (const auto& [name, attributes] : expressions_) {
      out.nest(NFTA_LIST_ELEM, [&] {
        out.text(NFTA_EXPR_NAME, name);
        out.nest(NFTA_EXPR_DATA, [&] { attributes(out); });
      });
    }
  });
  return out;
}

}  // namespace cutline::gate
