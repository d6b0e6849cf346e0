#include "cli/steps.hpp"

#include <charconv>

namespace cutline::cli {
namespace {

// Cuts `text` at its last `separator`; nothing if it has none.
std::optional<std::pair<std::string_view, std::string_view>> cut_last(std::string_view text,
                                                                      std::string_view separator) {
  const auto at = text.rfind(separator);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair{text.substr(0, at), text.substr(at + separator.size())};
}

void read_cause(Step& step) {
  static constexpr std::string_view kVerbs[] = {" has not sent or got at ", " has not sent at ", " has not got at ",
                                                " did after ", " at "};
  const std::string_view text = step.because;
  for (const auto verb : kVerbs) {
    const auto parts = cut_last(text, verb);
    if (!parts) continue;
    const auto state = parse_state(parts->second);
    const auto peer = cut_last(parts->first, " ");
    if (!state || !peer) continue;
    step.peer_at = *state;
    step.peer = peer->second;
    break;
  }
  for (const std::string_view prefix : {"it has received ", "it has handed over "})
    if (text.starts_with(prefix)) std::from_chars(text.data() + prefix.size(), text.data() + text.size(), step.amount);
}

// "P goes back from S to T: because"
Step read(const Way& way, std::string_view sentence) {
  Step out{.pod = way.pod, .from = way.from, .to = way.to, .peer = {}, .peer_at = {}, .because = std::string{sentence}};
  const auto head = way.pod + " goes back from ";
  const auto colon = sentence.find(": ");
  if (!sentence.starts_with(head) || colon == std::string_view::npos) return out;
  const auto moves = cut_last(sentence.substr(head.size(), colon - head.size()), " to ");
  if (!moves) return out;
  const auto from = parse_state(moves->first), to = parse_state(moves->second);
  if (!from || !to) return out;
  out.from = *from;
  out.to = *to;
  out.because = sentence.substr(colon + 2);
  read_cause(out);
  return out;
}

std::vector<std::string_view> sentences(std::string_view text, const std::string& pod) {
  std::vector<std::string_view> out;
  const auto border = "; " + pod + " goes back from ";
  for (auto at = text.find(border); at != std::string_view::npos; at = text.find(border)) {
    out.push_back(text.substr(0, at));
    text.remove_prefix(at + 2);
  }
  out.push_back(text);
  return out;
}

}  // namespace

std::vector<Step> cascade(const std::vector<Way>& plan) {
  std::vector<Step> out;
  for (const auto& way : plan)
    for (const auto sentence : sentences(way.because, way.pod)) out.push_back(read(way, sentence));
  // A step comes after the one that brought its peer to where it stood, and after its own pod's step before.
  for (std::size_t pass = 0; pass < out.size(); ++pass)
    for (auto& step : out) {
      if (step.peer.empty()) continue;
      auto round = std::max(step.round, 1U);
      for (const auto& cause : out)
        if ((cause.pod == step.peer && cause.to == step.peer_at) ||
            (cause.pod == step.pod && cause.to == step.from && &cause != &step))
          round = std::max(round, std::min(cause.round + 1, static_cast<unsigned>(out.size())));
      step.round = round;
    }
  std::ranges::stable_sort(out, {}, &Step::round);
  return out;
}

}  // namespace cutline::cli
