#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "sidecar/preflight/fdinfo.hpp"
#include "sidecar/preflight/preflight.hpp"
#include "sidecar/preflight/rules.hpp"

namespace cutline::preflight {
namespace {

using protocol::Finding;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

Process process(int pid, std::vector<Descriptor> descriptors = {}) {
  Process p;
  p.pid = pid;
  p.thread_count = 1;
  p.state = 'S';
  p.name = "server";
  Thread t;
  t.tid = pid;
  t.cpus = "0-1";
  t.cwd = "/";
  p.threads = {t};
  p.descriptors = std::move(descriptors);
  return p;
}

Facts facts(std::vector<Process> processes) {
  Facts f;
  f.container = "app";
  f.root = processes.front().pid;
  f.ghost_limit = 1000;
  f.mounts = {25};
  f.processes = std::move(processes);
  return f;
}

Descriptor descriptor(std::string link, std::uint32_t type, std::string info = "flags:\t02\nmnt_id:\t25\n") {
  Descriptor d;
  d.number = 7;
  d.link = std::move(link);
  d.type = type;
  d.info = std::move(info);
  return d;
}

Descriptor socket(std::uint64_t inode, std::string protocol) {
  auto d = descriptor("socket:[" + std::to_string(inode) + "]", S_IFSOCK);
  d.inode = inode;
  d.protocol = std::move(protocol);
  return d;
}

std::vector<Finding> found(Descriptor d) { return classify(facts({process(10, {std::move(d)})})); }

TEST(Classify, NamesProcessDescriptorAndRemedy) {
  const auto findings = found(descriptor("anon_inode:[io_uring]", 0));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_TRUE(findings[0].fatal);
  EXPECT_EQ(findings[0].container, "app");
  EXPECT_EQ(findings[0].process, "10 (server)");
  EXPECT_EQ(findings[0].object, "fd 7, anon_inode:[io_uring]");
  EXPECT_THAT(sentence(findings[0]),
              testing::StartsWith("app, 10 (server), fd 7, anon_inode:[io_uring]: io_uring cannot be saved; "));
}

TEST(Classify, TellsOfAnonymousDescriptorsThatNobodyKnowsYet) {
  EXPECT_THAT(found(descriptor("anon_inode:[from_the_future]", 0)), ElementsAre(Field(&Finding::fatal, true)));
  EXPECT_THAT(found(descriptor("anon_inode:[eventpoll]", 0)), IsEmpty());
}

TEST(Classify, TellsOfSocketProtocolsThatAreNotKnownToBeSaved) {
  for (const auto* protocol : {"ALG", "SCTP", "MPTCPv6", "AF_VSOCK", "SMC", "TIPC"}) {
    EXPECT_THAT(found(socket(5, protocol)), ElementsAre(Field(&Finding::object, HasSubstr(protocol)))) << protocol;
  }
  for (const auto* protocol : {"TCP", "UDPv6", "UNIX", "NETLINK", "PACKET", "RAW", ""})
    EXPECT_THAT(found(socket(5, protocol)), IsEmpty());
}

TEST(Classify, MeasuresDeletedFilesAgainstTheGhostLimit) {
  auto d = descriptor("/data/x (deleted)", S_IFREG);
  d.size = 1000;
  EXPECT_THAT(found(d), IsEmpty());
  d.size = 1001;
  EXPECT_THAT(found(d), ElementsAre(Field(&Finding::remedy, HasSubstr("ghost limit"))));
  d.size = 1;
  d.links = 1;
  EXPECT_THAT(found(d), ElementsAre(Field(&Finding::remedy, HasSubstr("keep the name"))));
}

TEST(Classify, DoesNotTakeKernelMemoryForDeletedOrLeakedFiles) {
  for (const auto* link :
       {"/memfd:jit (deleted)", "/SYSV00000000 (deleted)", "/dev/zero (deleted)", "/anon_hugepage (deleted)"}) {
    auto d = descriptor(link, S_IFREG, "flags:\t02\nmnt_id:\t3\n");
    d.size = 1 << 30;
    EXPECT_THAT(found(d), IsEmpty()) << link;
  }
}

TEST(Classify, AllowsPidfdsOfTheTreeAndOfTheDead) {
  const auto pidfd = [](const char* pid) {
    return descriptor("anon_inode:[pidfd]", 0, fmt::format("flags:\t02\nPid:\t{}\n", pid));
  };
  EXPECT_THAT(found(pidfd("10")), IsEmpty());
  EXPECT_THAT(found(pidfd("-1")), IsEmpty());
  EXPECT_THAT(found(pidfd("99")), ElementsAre(Field(&Finding::remedy, HasSubstr("outside of the saved tree"))));
}

TEST(Classify, FindsTheOtherEndOfAUnixConnectionAnywhereInTheTree) {
  auto both = facts({process(10, {socket(5, "UNIX-STREAM")}), process(11, {socket(6, "UNIX-STREAM")})});
  both.unix_sockets = {{5, {true, 6}}, {6, {true, 5}}};
  EXPECT_THAT(classify(both), IsEmpty());
  both.processes[1].descriptors.clear();
  EXPECT_THAT(classify(both),
              ElementsAre(AllOf(Field(&Finding::fatal, true), Field(&Finding::process, "10 (server)"))));
  both.unix_sockets[5].stream = false;  // datagrams to outside are saved
  EXPECT_THAT(classify(both), IsEmpty());
}

TEST(Classify, TellsOfTimersOnlyWhenTheTickIsUnread) {
  const auto timer = [](const char* left, const char* every) {
    return descriptor("anon_inode:[timerfd]", 0,
                      fmt::format("clockid: 1\nticks: 0\nit_value: {}\nit_interval: {}\n", left, every));
  };
  EXPECT_THAT(found(timer("(0, 0)", "(1, 0)")), ElementsAre(Field(&Finding::fatal, false)));
  EXPECT_THAT(found(timer("(0, 5)", "(1, 0)")), IsEmpty());
  EXPECT_THAT(found(timer("(0, 0)", "(0, 0)")), IsEmpty());
}

TEST(Classify, TellsOfSealedMemoryButNotOfTheKernelsOwnPages) {
  auto f = facts({process(10)});
  f.processes[0].mappings = {{"1000-2000", "[vdso]", "rd ex sl ", 0}};
  EXPECT_THAT(classify(f), IsEmpty());
  f.processes[0].mappings = {{"1000-2000", "", "rd sl ", 0}};
  EXPECT_THAT(classify(f), ElementsAre(Field(&Finding::fatal, false)));
}

TEST(Classify, PutsWhatIsFatalFirst) {
  auto d = descriptor("anon_inode:[eventfd]", 0, "eventfd-semaphore: 1\n");
  EXPECT_THAT(classify(facts({process(10, {d, descriptor("anon_inode:[io_uring]", 0)})})),
              ElementsAre(Field(&Finding::fatal, true), Field(&Finding::fatal, false)));
}

TEST(Classify, TellsALongRowOfTheSameOnlyInPart) {
  const std::vector<Descriptor> many(1000, descriptor("anon_inode:[io_uring]", 0));
  const auto findings = classify(facts({process(10, many)}));
  ASSERT_EQ(findings.size(), 8U);
  EXPECT_THAT(findings.back().object, HasSubstr("and 992 more like this"));
}

TEST(Classify, IsSilentOnAnEmptyTree) { EXPECT_THAT(classify(Facts{}), IsEmpty()); }

TEST(Fdinfo, FindsWholeNamesOnly) {
  EXPECT_EQ(field("Pid:\t12\nNSpid:\t7\n", "Pid"), "12");
  EXPECT_EQ(field("NSpid:\t7", "Pid"), "");
  EXPECT_EQ(field("Pid:", "Pid"), "");
  EXPECT_EQ(flags_of("pos:\t0\nflags:\t0100002\n"), static_cast<std::uint64_t>(O_RDWR | 0100000));
  EXPECT_EQ(number("garbage"), 0U);
}

TEST(Rules, EachHasARemedyInOneSentence) {
  const auto check = [](std::string_view remedy) {
    EXPECT_GT(remedy.size(), 30U) << remedy;
    EXPECT_EQ(remedy.find(". "), std::string_view::npos) << remedy;
    EXPECT_FALSE(remedy.ends_with('.')) << remedy;
  };
  for (const auto& rule : descriptor_rules()) check(rule.remedy);
  for (const auto& rule : mapping_rules()) check(rule.remedy);
  for (const auto& rule : process_rules()) check(rule.remedy);
  for (const auto& rule : container_rules()) check(rule.remedy);
}

}  // namespace
}  // namespace cutline::preflight
