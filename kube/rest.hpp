// What transport.cpp and stream.cpp share of cpprestsdk. Included by those two only.
#pragma once

#include <cpprest/http_client.h>

#include "kube/pending.hpp"

namespace cutline::kube {

// The end of a chain of tasks: looks at the result or at the exception, which would otherwise end the process.
template <class T>
void settle(Pending<T>& pending, const pplx::task<T>& done, std::string_view what) {
  try {
    pending.set(done.get());
  } catch (const pplx::task_canceled&) {
    pending.set(fail(Code::Timeout, "{}: cancelled", what));
  } catch (const web::http::http_exception& error) {
    const bool late = error.error_code() == std::errc::timed_out;
    pending.set(fail(late ? Code::Timeout : Code::Unavailable, "{}: {}", what, error.what()));
  } catch (const std::exception& error) {
    pending.set(fail(Code::Unavailable, "{}: {}", what, error.what()));
  }
}

// A body that nobody reads to its end may fail later: the library keeps that exception in a task of its own.
inline web::http::http_response observe(web::http::http_response response) {
  response.content_ready().then([](const pplx::task<web::http::http_response>& done) {
    try {
      (void)done.get();
    } catch (const std::exception&) {
      // Whoever reads the body is told by the stream; whoever does not read it does not care.
    }
  });
  return response;
}

[[nodiscard]] web::http::http_request make_request(const HttpRequest& request, const std::string& token);

// Takes over a response whose headers have come; reading the body goes on until `cancel` or the end.
[[nodiscard]] std::unique_ptr<ByteStream> make_stream(web::http::http_response response,
                                                      pplx::cancellation_token_source cancel, std::string what);

}  // namespace cutline::kube
