#include "sidecar/gate/packet_queue.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

namespace cutline::gate {
namespace {

constexpr std::uint32_t capacity = 65'536;  // packets; newer kernels take no more
constexpr std::uint32_t every_packet =
    0x7fffffff;  // the highest number that a verdict can name; numbers start at 1 with each bind

}  // namespace

Result<PacketQueue> PacketQueue::bind(std::uint16_t number) {
  auto socket = netlink::Socket::open(NETLINK_NETFILTER);
  if (!socket) return tl::unexpected(socket.error());
  if (auto ignored = socket->ignore_data(); !ignored) return tl::unexpected(ignored.error());
  PacketQueue queue{std::move(*socket), number};
  if (auto bound = queue.command(NFQNL_CFG_CMD_BIND); !bound) {
    // The capability was needed before, so EPERM here says that the queue has a listener.
    if (bound.error().code == Code::Unsupported)
      return fail(Code::Conflict, "another process listens on packet queue {}", number);
    return tl::unexpected(bound.error());
  }
  return queue;
}

netlink::Message PacketQueue::message(int type) const {
  const nfgenmsg header{AF_UNSPEC, NFNETLINK_V0, htons(number_)};
  return netlink::Message(static_cast<std::uint16_t>((NFNL_SUBSYS_QUEUE << 8) | type), 0, header);
}

Status PacketQueue::command(std::uint8_t command) {
  nfqnl_msg_config_cmd value{};
  value.command = command;
  auto out = message(NFQNL_MSG_CONFIG);
  out.raw(NFQA_CFG_CMD, netlink::bytes_of(value));
  return socket_.request(std::move(out), fmt::format("bind packet queue {}", number_));
}

Status PacketQueue::fail_open(bool on) {
  auto out = message(NFQNL_MSG_CONFIG);
  out.be32(NFQA_CFG_MASK, NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO);
  out.be32(NFQA_CFG_FLAGS, (on ? NFQA_CFG_F_FAIL_OPEN : 0U) | NFQA_CFG_F_GSO);
  return socket_.request(std::move(out), "set the packet queue's flags");
}

Status PacketQueue::limit(std::uint32_t packets) {
  auto out = message(NFQNL_MSG_CONFIG);
  out.be32(NFQA_CFG_QUEUE_MAXLEN, packets);
  return socket_.request(std::move(out), "set the packet queue's length");
}

Status PacketQueue::verdict(std::uint32_t verdict) {
  const nfqnl_msg_verdict_hdr value{htonl(verdict), htonl(every_packet)};
  auto out = message(NFQNL_MSG_VERDICT_BATCH);
  out.raw(NFQA_VERDICT_HDR, netlink::bytes_of(value));
  auto given = socket_.request(std::move(out), "give the packet queue's verdict");
  if (!given && given.error().code == Code::NotFound) return {};  // nothing waits
  return given;
}

Status PacketQueue::hold() {
  if (holding_) return {};
  // Bound anew, packets are numbered from 1 again. Nothing waits here, as the gate is open.
  if (auto unbound = command(NFQNL_CFG_CMD_UNBIND); !unbound) return unbound;
  if (auto bound = command(NFQNL_CFG_CMD_BIND); !bound) return bound;
  nfqnl_msg_config_params value{};
  value.copy_mode = NFQNL_COPY_META;  // with "none" the kernel would not queue at all
  auto out = message(NFQNL_MSG_CONFIG);
  out.raw(NFQA_CFG_PARAMS, netlink::bytes_of(value));
  if (auto set = socket_.request(std::move(out), "set the packet queue's mode"); !set) return set;
  if (auto set = fail_open(false); !set) return set;
  if (auto set = limit(capacity); !set) return set;
  holding_ = true;
  return {};
}

Status PacketQueue::release() {
  if (!holding_) return {};
  if (auto set = fail_open(true); !set) return set;
  if (auto given = verdict(NF_ACCEPT); !given) return given;
  if (auto set = limit(0); !set) return set;  // from here packets pass: the queue is full, and full means open
  if (auto given = verdict(NF_ACCEPT); !given) return given;
  holding_ = false;
  return {};
}

Status PacketQueue::discard() { return verdict(NF_DROP); }

}  // namespace cutline::gate
