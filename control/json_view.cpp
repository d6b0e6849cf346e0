#include "control/json_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cutline::control {
namespace {

constexpr int kDepth = 16;
constexpr std::size_t kLongest = std::size_t{1} << 31U;  // positions have 32 bits

bool plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }  // as it is in a string: no escape, ASCII

}  // namespace

JsonText::JsonText(std::string_view text) : text_(text) {
  if (text.size() >= kLongest) throw std::invalid_argument("text is too long");
  nodes_.reserve(text.size() / 6 + 1);
  value(0);
  blanks();
  if (at_ != text_.size()) throw std::invalid_argument("something follows the JSON text");
}

JsonView JsonText::root() const { return {*this, 0}; }

void JsonText::value(int depth) {
  if (depth > kDepth) throw std::invalid_argument("JSON is nested too deep");
  blanks();
  const char first = at_ < text_.size() ? text_[at_] : '\0';
  if (first == '"') return string();
  if (first != '{' && first != '[') return other();
  const auto node = open(first == '{' ? Kind::Object : Kind::Array);
  ++at_;
  inside(first == '{' ? '}' : ']', first == '{', depth + 1);
  close(node);
}

void JsonText::inside(char close, bool keys, int depth) {
  if (skip(close)) return;
  do {
    if (keys) {
      blanks();
      string();
      need(':');
    }
    value(depth);
  } while (skip(','));
  need(close);
}

void JsonText::string() {
  const auto node = open(Kind::String);
  if (at_ >= text_.size() || text_[at_] != '"') throw std::invalid_argument("a string is missing");
  for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
    if (text_[at_] == '\\') ++at_;
  if (at_ >= text_.size()) throw std::invalid_argument("a string has no end");
  ++at_;
  close(node);
}

void JsonText::other() {
  const auto node = open(Kind::Other);
  while (at_ < text_.size() &&
         (plain(text_[at_]) && std::string_view{" ,:[]{}"}.find(text_[at_]) == std::string_view::npos))
    ++at_;
  if (at_ == nodes_[node].begin) throw std::invalid_argument("a value is missing");
  close(node);
}

std::size_t JsonText::open(Kind kind) {
  nodes_.push_back({static_cast<std::uint32_t>(at_), 0, 0, kind});
  return nodes_.size() - 1;
}

void JsonText::close(std::size_t node) {
  nodes_[node].end = static_cast<std::uint32_t>(at_);
  nodes_[node].next = static_cast<std::uint32_t>(nodes_.size());
}

void JsonText::blanks() {
  while (at_ < text_.size() && std::string_view{" \t\r\n"}.find(text_[at_]) != std::string_view::npos) ++at_;
}

bool JsonText::skip(char c) {
  blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonText::need(char c) {
  if (!skip(c)) throw std::invalid_argument(std::string{"'"} + c + "' is missing");
}

std::optional<JsonView> JsonView::find(std::string_view key) const {
  if (node().kind != Kind::Object) refuse("an object");
  const auto& nodes = text_->nodes_;
  for (auto at = node_ + 1; at < node().next; at = nodes[at + 1].next) {
    const auto name = text_->raw(nodes[at]);
    if (name.substr(1, name.size() - 2) == key) return JsonView{*text_, at + 1};
  }
  return std::nullopt;
}

JsonView JsonView::operator[](std::string_view key) const {
  const auto found = find(key);
  if (!found) throw std::invalid_argument("member " + std::string{key} + " is missing");
  return *found;
}

std::vector<JsonView> JsonView::items() const {
  if (node().kind != Kind::Array) refuse("an array");
  std::vector<JsonView> out;
  for (auto at = node_ + 1; at < node().next; at = text_->nodes_[at].next) out.push_back({*text_, at});
  return out;
}

// Escapes and what is not ASCII are rare: they are the library's business.
std::string JsonView::text() const {
  if (node().kind != Kind::String) refuse("a string");
  const auto inner = raw().substr(1, raw().size() - 2);
  if (std::ranges::all_of(inner, plain)) return std::string{inner};
  try {
    return nlohmann::json::parse(raw()).get<std::string>();
  } catch (const nlohmann::json::exception& e) {
    throw std::invalid_argument(e.what());
  }
}

bool JsonView::truth() const {
  if (raw() != "true" && raw() != "false") refuse("true or false");
  return raw() == "true";
}

void JsonView::refuse(const char* wanted) const {
  throw std::invalid_argument(std::string{raw().substr(0, 40)} + " is not " + wanted);
}

}  // namespace cutline::control
