#include "operator/rollback/bring.hpp"

#include "base/overloaded.hpp"
#include "operator/api/text.hpp"
#include "operator/pods/membership.hpp"
#include "operator/repository/reach.hpp"
#include "operator/snapshot/composition.hpp"

namespace cutline::op::rollback {
namespace {

namespace r = cutline::repository;

constexpr Millis kAsk{10'000};

// What is on record must be what was signed.
cutline::Status vouched(const Entry& entry, const r::Manifest& manifest) {
  const auto is_it = [&](const r::Member& m) {
    return m.uid == entry.target.of && m.digest == entry.target.digest && m.stored == entry.stored;
  };
  const auto names = entry.target.names.empty() ? std::string{} : snapshot::json_of(entry.target.names).dump();
  const bool same = std::ranges::any_of(manifest.members, is_it) ||
                    std::ranges::any_of(manifest.left_out,
                                        [&](const r::LeftOut& one) { return is_it(one.last) && one.names == names; });
  return same ? cutline::Status{}
              : fail(Code::Corrupt, "the signed manifest knows no such checkpoint of {} ({})", entry.gone,
                     entry.target.digest);
}

// Nothing: it is there.
Result<std::optional<std::string>> far(const Result<protocol::Reply>& answer) {
  using Far = Result<std::optional<std::string>>;
  if (!answer) return answer.error().message;
  return std::visit(overloaded{[](const protocol::Fetched&) -> Far { return std::nullopt; },
                               [](const protocol::Fetching& m) -> Far {
                                 return m.trouble ? m.trouble->message : show(m.done) + " are there";
                               },
                               [](const protocol::Refused& m) -> Far {
                                 if (m.why.code == Code::Corrupt) return tl::unexpected(m.why);
                                 return m.why.message;
                               },
                               [](const auto&) -> Far { return fail(Code::Internal, "an unexpected answer"); }},
                    *answer);
}

}  // namespace

Result<Brought> bring(Context& context, const Line& line, const kube::Json& snapshot) {
  const auto access =
      repository::reach(context, kube::key_of(snapshot).ns, kube::string_at(snapshot, "/status/repository"));
  if (!access) return tl::unexpected(access.error());
  const auto manifest = repository::verified(context, snapshot, *access);
  if (!manifest) return tl::unexpected(manifest.error());
  std::vector<std::pair<control::Peer, protocol::Command>> questions;
  for (const auto& entry : line.entries) {
    if (entry.gone.empty()) continue;
    if (auto known = vouched(entry, *manifest); !known) return tl::unexpected(known.error());
    questions.emplace_back(peer_of(entry.pod),
                           protocol::Fetch{entry.target.checkpoint, entry.target.digest, entry.stored, *access});
  }
  const auto answers = ask_each(context.fleet, std::move(questions), Deadline::after(kAsk));
  std::size_t there = 0;
  std::string rest;
  for (const auto& entry : line.entries) {
    if (entry.gone.empty()) continue;
    const auto how = far(answers.at(entry.pod.uid));
    if (!how) return forward(how, "pod " + entry.pod.name);
    there += *how ? 0U : 1U;
    if (*how) rest += fmt::format("; pod {}: {}", entry.pod.name, **how);
  }
  return Brought{there == answers.size(),
                 fmt::format("{} of {} checkpoints have come from the repository{}", there, answers.size(), rest)};
}

}  // namespace cutline::op::rollback
