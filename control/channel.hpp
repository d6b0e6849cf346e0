// Frames over one TLS connection: read as they come, written at once where the socket takes them. Private to this room.
// Lives on its io_context's single thread; kept alive by its own pending operations; ends once, with a reason.
#pragma once

#include <array>

#include "control/tls.hpp"

namespace cutline::control {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // They live as long as the channel: what they hold must not hold it for ever.
  using OnReady = std::function<void()>;  // the other side is who it should be
  using OnFrame = std::function<void(std::string_view)>;
  using OnEnd = std::function<void(const std::string& reason)>;
  struct Callbacks {
    OnReady on_ready;
    OnFrame on_frame;
    OnEnd on_end;
  };

  // A frame over `limit` ends the channel before it is read.
  Channel(Tcp::socket socket, std::unique_ptr<Tls> tls, std::size_t limit)
      : socket_(std::move(socket)), tls_(std::move(tls)), limit_(limit) {}

  Tcp::socket& socket() { return socket_; }

  // The socket is connected: handshake, then frames.
  void start(Callbacks callbacks) {
    callbacks_ = std::move(callbacks);
    tune(socket_);
    boost::system::error_code error;
    if (socket_.non_blocking(true, error); error) return end(error.message());
    shake_hands();
    receive();
  }

  // Nothing before on_ready.
  void send(std::string_view body) {
    const auto n = static_cast<std::uint32_t>(body.size());
    std::string frame{static_cast<char>(n >> 24U), static_cast<char>(n >> 16U), static_cast<char>(n >> 8U),
                      static_cast<char>(n)};
    if (ended_) return;
    if (auto written = tls_->write(frame += body); !written) return end(written.error().message);
    flush();
  }

  void end(const std::string& reason) {
    boost::system::error_code ignored;
    (void)socket_.close(ignored);
    if (!std::exchange(ended_, true) && callbacks_.on_end) callbacks_.on_end(reason);
  }

 private:
  void receive() {
    if (ended_) return;
    socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](auto error) {
      if (error) return self->end(error.message());
      self->arrived();
      self->receive();
    });
  }

  void arrived() {
    static thread_local std::array<char, 32U << 10U> bytes;  // one for all channels: most of them are silent
    boost::system::error_code error;
    const auto n = socket_.read_some(asio::buffer(bytes), error);
    if (error == asio::error::would_block) return;
    if (error) return end(error.message());
    tls_->arrived({bytes.data(), n});
    if (!ready_) shake_hands();
    if (!ready_) return;
    if (auto read = tls_->read(plain_); !read) return end(read.error().message);
    flush();  // TLS may have something to say of its own
    take_frames();
  }

  void shake_hands() {
    const auto complete = tls_->handshake();
    flush();
    if (!complete) return end(complete.error().message);
    if (!*complete || ended_) return;
    ready_ = true;
    callbacks_.on_ready();
  }

  void take_frames() {
    constexpr std::size_t kHeader = 4;
    std::size_t at = 0;
    while (!ended_ && plain_.size() - at >= kHeader) {
      std::size_t size = 0;
      for (std::size_t i = 0; i < kHeader; ++i) size = size << 8U | static_cast<unsigned char>(plain_[at + i]);
      if (size > limit_) return end(fmt::format("frame of {} bytes, limit {}", size, limit_));
      if (plain_.size() - at - kHeader < size) break;
      callbacks_.on_frame(std::string_view{plain_}.substr(at + kHeader, size));
      at += kHeader + size;
    }
    plain_.erase(0, at);
  }

  // At most one operation waits for room in the socket; what is written meanwhile follows.
  void flush() {
    while (!ended_ && !waits_for_room_ && !tls_->to_send().empty()) {
      boost::system::error_code error;
      const auto bytes = tls_->to_send();
      const auto n = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
      if (error == asio::error::would_block) return wait_for_room();
      if (error) return end(error.message());
      tls_->sent(n);
    }
  }

  void wait_for_room() {
    waits_for_room_ = true;
    socket_.async_wait(Tcp::socket::wait_write, [self = shared_from_this()](auto error) {
      self->waits_for_room_ = false;
      if (error) return self->end(error.message());
      self->flush();
    });
  }

  Tcp::socket socket_;
  std::unique_ptr<Tls> tls_;
  std::size_t limit_;
  std::string plain_;
  bool ready_ = false;
  bool ended_ = false;
  bool waits_for_room_ = false;
  Callbacks callbacks_;
};

}  // namespace cutline::control
