#include "kube/transport.hpp"
// After the transport's types.
#include "kube/rest.hpp"

namespace cutline::kube {
namespace {

constexpr std::size_t chunk = 1U << 20U;

// The library's buffer grows as the connection delivers; a read of one byte waits, and the rest is taken as it lies
// there.
class RestStream : public ByteStream {
 public:
  RestStream(web::http::http_response response, pplx::cancellation_token_source cancel, std::string what)
      : response_(std::move(response)),
        body_(response_.body().streambuf()),
        cancel_(std::move(cancel)),
        what_(std::move(what)) {}
  ~RestStream() override { cancel_.cancel(); }
  RestStream(const RestStream&) = delete;
  RestStream& operator=(const RestStream&) = delete;

  Result<std::string> read(const std::stop_token& stop, Deadline deadline) override {
    if (!first_) ask();
    auto got = first_->wait(stop, deadline);
    if (!got) return fail(Code::Timeout, "{}: nothing by the deadline", what_);  // the same question stays open
    first_.reset();
    if (!*got) return tl::unexpected(got->error());
    if ((*got)->empty()) return std::string{};
    return **got + rest();
  }

 private:
  void ask() {
    first_ = std::make_shared<Pending<std::string>>();
    const auto byte = std::make_shared<char>();
    body_.getn(reinterpret_cast<std::uint8_t*>(byte.get()), 1)
        .then([byte, body = body_](std::size_t count) { return std::string(count, *byte); })
        .then([pending = first_, what = what_](const pplx::task<std::string>& done) { settle(*pending, done, what); });
  }

  // Never waits: asks only for what lies there already, which the library answers on the spot. (Its synchronous reads
  // throw when the connection has broken since, though there is data.)
  std::string rest() {
    std::string out(std::min(body_.in_avail(), chunk), '\0');
    try {
      if (!out.empty()) out.resize(body_.getn(reinterpret_cast<std::uint8_t*>(out.data()), out.size()).get());
      return out;
    } catch (const std::exception&) {
      return {};  // the next read says why
    }
  }

  web::http::http_response response_;
  concurrency::streams::streambuf<std::uint8_t> body_;
  pplx::cancellation_token_source cancel_;
  std::string what_;
  std::shared_ptr<Pending<std::string>> first_;
};

}  // namespace

std::unique_ptr<ByteStream> make_stream(web::http::http_response response, pplx::cancellation_token_source cancel,
                                        std::string what) {
  return std::make_unique<RestStream>(std::move(response), std::move(cancel), std::move(what));
}

}  // namespace cutline::kube
