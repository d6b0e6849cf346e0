#include "sidecar/criu/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/fd.hpp"
#include "sidecar/cgroup/tasks.hpp"

namespace cutline::criu {
namespace {

// Fields 5 and 6 of /proc/PID/stat: process group and session.
Status add_groups(pid_t tid, std::vector<pid_t>& numbers) {
  const auto stat = cgroup::stat_of(tid);
  if (!stat) return tl::unexpected(stat.error());
  int parent = 0;
  int group = 0;
  int session = 0;
  if (std::sscanf(stat->fields.c_str(), "%*c %d %d %d", &parent, &group, &session) != 3)
    return fail(Code::Internal, "cannot read /proc/{}/stat", tid);
  numbers.insert(numbers.end(), {tid, group, session});
  return {};
}

Status read_owner(Record& record) {
  const auto status = read_file(fmt::format("/proc/{}/status", record.root));
  if (!status) return tl::unexpected(status.error());
  const auto uid = status->find("\nUid:");
  const auto gid = status->find("\nGid:");
  if (uid == std::string::npos || gid == std::string::npos)
    return fail(Code::Internal, "cannot read /proc/{}/status", record.root);
  record.uid = static_cast<uid_t>(std::stoul(status->substr(uid + 5)));
  record.gid = static_cast<gid_t>(std::stoul(status->substr(gid + 5)));
  return {};
}

}  // namespace

std::vector<Stream> streams_of(pid_t launcher) {
  std::vector<Stream> out;
  for (int fd = 0; fd <= 2; ++fd) {
    char target[64] = {};
    const auto length = ::readlink(fmt::format("/proc/{}/fd/{}", launcher, fd).c_str(), target, sizeof target - 1);
    unsigned long inode = 0;
    if (length > 0 && std::sscanf(target, "pipe:[%lu]", &inode) == 1) out.push_back({fd, inode});
  }
  return out;
}

Result<Record> observe(pid_t root, pid_t launcher, const std::vector<pid_t>& tids) {
  Record out{.root = root};
  for (const auto tid : tids) {
    if (auto added = add_groups(tid, out.numbers); !added) return tl::unexpected(added.error());
  }
  std::ranges::sort(out.numbers);
  out.numbers.erase(std::unique(out.numbers.begin(), out.numbers.end()), out.numbers.end());
  if (auto owner = read_owner(out); !owner) return tl::unexpected(owner.error());
  out.streams = streams_of(launcher);
  return out;
}

std::string to_json(const Record& record) {
  nlohmann::json streams = nlohmann::json::array();
  for (const auto& stream : record.streams) streams.push_back({{"fd", stream.fd}, {"inode", stream.inode}});
  return nlohmann::json{{"root", record.root},
                        {"uid", record.uid},
                        {"gid", record.gid},
                        {"numbers", record.numbers},
                        {"streams", streams}}
             .dump(2) +
         "\n";
}

Result<Record> from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    Record out{.root = json.at("root").get<pid_t>(),
               .uid = json.at("uid").get<uid_t>(),
               .gid = json.at("gid").get<gid_t>(),
               .numbers = json.at("numbers").get<std::vector<pid_t>>()};
    for (const auto& stream : json.at("streams")) {
      out.streams.push_back({stream.at("fd").get<int>(), stream.at("inode").get<ino_t>()});
    }
    if (out.root <= 0 || out.numbers.empty() || !std::ranges::is_sorted(out.numbers) || out.numbers.front() <= 0) {
      return fail(Code::Corrupt, "{} holds impossible process numbers", kRecordFile);
    }
    const auto wrong = [](const Stream& stream) { return stream.fd < 0 || stream.fd > 2; };
    if (std::ranges::any_of(out.streams, wrong))
      return fail(Code::Corrupt, "{} names an impossible stream", kRecordFile);
    return out;
  } catch (const nlohmann::json::exception& error) {
    return fail(Code::Corrupt, "{}: {}", kRecordFile, error.what());
  }
}

}  // namespace cutline::criu
