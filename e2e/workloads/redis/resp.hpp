// Redis's protocol (RESP2): commands out, replies in. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cutline::redis {

void append_command(std::string& out, std::initializer_list<std::string_view> words);
void append_command(std::string& out, const std::vector<std::string>& words);

// A reply: '+' text, '-' error, ':' number (its digits in text), '$' text or null, '*' elements.
struct Reply {
  char type = '+';
  std::string text;
  bool null = false;
  std::vector<Reply> elements;
};

// Takes one whole reply off the front; nothing while it is not whole. A '?' reply: this is not RESP.
[[nodiscard]] std::optional<Reply> take_reply(std::string_view& bytes);

// The value of `field:value` in what INFO answers.
[[nodiscard]] std::optional<std::string> info_field(std::string_view info, std::string_view field);

}  // namespace cutline::redis
