// Frames over one TLS connection: one read at a time, writes queued in order. Private to this room.
// Lives on its io_context's single thread; kept alive by its own pending operations; ends once, with a reason.
#pragma once

#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>

#include "control/tls.hpp"

namespace cutline::control {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  using OnFrame = std::function<void(std::string)>;
  using OnEnd = std::function<void(const std::string& reason)>;

  Channel(TlsStream stream, std::size_t limit) : stream_(std::move(stream)), limit_(limit) {}

  TlsStream& stream() { return stream_; }

  void start(OnFrame on_frame, OnEnd on_end) {
    on_frame_ = std::move(on_frame);
    on_end_ = std::move(on_end);
    read_header();
  }

  void send(std::string body) {
    const auto n = static_cast<std::uint32_t>(body.size());
    std::string frame{static_cast<char>(n >> 24U), static_cast<char>(n >> 16U), static_cast<char>(n >> 8U), static_cast<char>(n)};
    out_.push_back(std::move(frame += body));
    if (out_.size() == 1) write_next();
  }

  void end(const std::string& reason) {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
    if (const auto on_end = std::exchange(on_end_, nullptr)) on_end(reason);
    on_frame_ = nullptr;
  }

 private:
  void read_header() {
    asio::async_read(stream_, asio::buffer(header_), [self = shared_from_this()](auto error, std::size_t) {
      if (error) return self->end(error.message());
      std::size_t size = 0;
      for (const unsigned char byte : self->header_) size = size << 8U | byte;
      if (size > self->limit_) return self->end(fmt::format("frame of {} bytes, limit {}", size, self->limit_));
      self->read_body(size);
    });
  }

  void read_body(std::size_t size) {
    body_.resize(size);
    asio::async_read(stream_, asio::buffer(body_), [self = shared_from_this()](auto error, std::size_t) {
      if (error) return self->end(error.message());
      if (self->on_frame_) self->on_frame_(std::move(self->body_));
      self->body_ = {};
      if (self->on_frame_) self->read_header();
    });
  }

  void write_next() {
    asio::async_write(stream_, asio::buffer(out_.front()), [self = shared_from_this()](auto error, std::size_t) {
      if (error) return self->end(error.message());
      self->out_.pop_front();
      if (!self->out_.empty()) self->write_next();
    });
  }

  TlsStream stream_;
  std::size_t limit_;
  std::array<unsigned char, 4> header_{};
  std::string body_;
  std::deque<std::string> out_;
  OnFrame on_frame_;
  OnEnd on_end_;
};

}  // namespace cutline::control
