// JSON text as it lies there: checked once and indexed, nothing copied. For messages that are read once, member by
// member. Everything throws std::invalid_argument on what is not JSON, missing or of another type; wire.cpp makes that
// a Result. A member that nobody asks for need only be well bracketed: its numbers and escapes are not looked at.
// Private to this room.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cutline::control {

class JsonView;

class JsonText {
 public:
  explicit JsonText(std::string_view text);  // which must outlive this
  [[nodiscard]] JsonView root() const;

 private:
  friend class JsonView;
  enum class Kind : std::uint8_t { Object, Array, String, Other };  // Other: a number, true, false, null
  struct Node {
    std::uint32_t begin, end, next;
    Kind kind;
  };  // text[begin, end), and the node after all inside of this one

  void value(int depth);
  void inside(char close, bool keys, int depth);
  void string();
  void other();
  std::size_t open(Kind kind);
  void close(std::size_t node);
  void blanks();
  [[nodiscard]] bool skip(char c);
  void need(char c);
  [[nodiscard]] std::string_view raw(const Node& node) const { return text_.substr(node.begin, node.end - node.begin); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Node> nodes_;  // in the text's order; in an object each key is followed by its value
};

class JsonView {
 public:
  [[nodiscard]] JsonView operator[](std::string_view key) const;           // an object's member
  [[nodiscard]] std::optional<JsonView> find(std::string_view key) const;  // nothing: it has no such member
  [[nodiscard]] std::vector<JsonView> items() const;                       // an array's
  [[nodiscard]] bool null() const { return raw() == "null"; }

  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool truth() const;
  template <std::integral T>
  [[nodiscard]] T number() const {
    const auto digits = raw();
    T out{};
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc{} || stop != digits.data() + digits.size()) refuse("a whole number that fits");
    return out;
  }

 private:
  friend class JsonText;
  using Kind = JsonText::Kind;
  JsonView(const JsonText& text, std::size_t node) : text_(&text), node_(node) {}
  [[nodiscard]] const JsonText::Node& node() const { return text_->nodes_[node_]; }
  [[nodiscard]] std::string_view raw() const { return text_->raw(node()); }
  [[noreturn]] void refuse(const char* wanted) const;

  const JsonText* text_;
  std::size_t node_;
};

}  // namespace cutline::control
