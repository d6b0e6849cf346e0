#include "kube/lease.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.hpp"
#include "kube/lease_object.hpp"
#include "kube/timestamp.hpp"

namespace cutline::kube {
namespace {

const Resource leases{"coordination.k8s.io", "v1", "leases"};
constexpr Millis give_back_budget{1'000};

std::string now_text() { return rfc3339_micro(std::chrono::system_clock::now()); }
Instant clock_now() { return std::chrono::steady_clock::now(); }

// One uninterrupted time of holding the Lease.
struct Term {
  std::int64_t transitions = 0;
  Instant until;  // believed ours up to here
};

}  // namespace

struct LeaderElection::Impl {
  Client& client;
  const LeaseOptions options;
  const Callbacks callbacks;
  const Key key;

  mutable std::mutex mutex;
  mutable std::condition_variable_any moved;
  std::optional<Term> term;

  Observation other;    // the thread's own
  std::jthread thread;  // last: it uses all the others

  Impl(Client& c, LeaseOptions o, Callbacks f)
      : client(c), options(std::move(o)), callbacks(std::move(f)), key{options.ns, options.name} {
    thread = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto held = current();
      const auto began = clock_now();
      const auto got = try_lease(held, held ? Deadline::at(held->until) : Deadline::after(options.renew_deadline));
      if (got) {
        hold({*got, began + options.renew_deadline}, !held);
      } else if (held && (got.error().code == Code::Conflict || clock_now() >= held->until)) {
        lose(got.error());
      }
      rest(stop);
    }
    if (current()) resign();
  }

  // Creates, takes or renews; returns the number of our term. Conflict: another holds it.
  Result<std::int64_t> try_lease(const std::optional<Term>& held, Deadline deadline) {
    const auto lease = client.get(leases, key, deadline);
    if (!lease && lease.error().code == Code::NotFound && !held) {
      const auto made = client.create(leases, new_lease(options, now_text()), deadline);
      if (!made) return tl::unexpected(made.error());
      return transitions_of(*made);
    }
    if (!lease && lease.error().code == Code::NotFound) return fail(Code::Conflict, "the Lease was deleted");
    if (!lease) return tl::unexpected(lease.error());
    if (held) return renew(*lease, *held, deadline);
    if (holder_of(*lease) != options.identity && !other.expired(*lease, clock_now()))
      return fail(Code::Busy, "{} holds the Lease", holder_of(*lease));
    return transitions(client.merge_patch(leases, key, take_over(*lease, options, now_text()), deadline));
  }

  Result<std::int64_t> renew(const Json& lease, const Term& held, Deadline deadline) {
    if (!ours(lease, held)) return fail(Code::Conflict, "{} holds the Lease", holder_of(lease));
    auto renewed = transitions(client.merge_patch(leases, key, renewal(lease, now_text()), deadline));
    // An epoch drawn meanwhile, or another holder: the next look tells.
    if (!renewed && renewed.error().code == Code::Conflict && !deadline.passed()) return try_lease(held, deadline);
    return renewed;
  }

  [[nodiscard]] bool ours(const Json& lease, const Term& held) const {
    return holder_of(lease) == options.identity && transitions_of(lease) == held.transitions;
  }

  static Result<std::int64_t> transitions(const Result<Json>& lease) {
    if (!lease) return tl::unexpected(lease.error());
    return transitions_of(*lease);
  }

  [[nodiscard]] std::optional<Term> current() const {
    const std::scoped_lock lock{mutex};
    return term;
  }

  void hold(Term next, bool fresh) {
    {
      const std::scoped_lock lock{mutex};
      term = next;
    }
    moved.notify_all();
    if (!fresh) return;
    log::info("the lease is ours", {{"lease", to_string(key)}, {"term", next.transitions}});
    if (callbacks.on_started) callbacks.on_started();
  }

  void lose(const Error& why) {
    {
      const std::scoped_lock lock{mutex};
      term.reset();
    }
    log::warn("the lease is lost", {{"lease", to_string(key)}, {"error", why}});
    if (callbacks.on_lost) callbacks.on_lost();
  }

  // Stops leading BEFORE the Lease is free for others.
  void resign() {
    const auto held = current();
    lose({Code::Conflict, "given back"});
    const auto deadline = Deadline::after(give_back_budget);
    const auto lease = client.get(leases, key, deadline);
    if (!lease || !ours(*lease, *held)) return;
    if (const auto given = client.merge_patch(leases, key, give_back(*lease), deadline); !given)
      log::info("the lease runs out by itself", {{"error", given.error()}});
  }

  // Never past the end of our term, so that on_lost is called in time.
  void rest(const std::stop_token& stop) {
    std::unique_lock lock{mutex};
    auto until = clock_now() + options.retry_period;
    if (term) until = std::min(until, term->until);
    moved.wait_until(lock, stop, until, [] { return false; });
  }

  Result<std::uint64_t> next_epoch(Deadline deadline, std::uint64_t floor) {
    while (true) {
      const auto held = current();
      if (!held || clock_now() >= held->until) return fail(Code::Conflict, "not the leader");
      const auto lease = client.get(leases, key, deadline);
      if (!lease) return tl::unexpected(lease.error());
      if (!ours(*lease, *held)) return fail(Code::Conflict, "{} holds the Lease", holder_of(*lease));
      const auto last = epoch_of(*lease);
      if (!last) return tl::unexpected(last.error());
      const auto next = std::max(*last, floor) + 1;
      const auto drawn = client.merge_patch(leases, key, draw_epoch(*lease, next), deadline);
      if (drawn) return next;
      // A renewal of our own, or another holder: the next look tells. A time-out may have drawn it: it is then just
      // skipped.
      if (drawn.error().code != Code::Conflict) return tl::unexpected(drawn.error());
      if (deadline.passed()) return fail(Code::Timeout, "the next epoch: no undisturbed moment by the deadline");
    }
  }
};

LeaderElection::LeaderElection(Client& client, LeaseOptions options, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(client, std::move(options), std::move(callbacks))) {}
LeaderElection::~LeaderElection() = default;

bool LeaderElection::is_leader() const {
  const auto held = impl_->current();
  return held && clock_now() < held->until;
}

Status LeaderElection::wait_leader(Deadline deadline) const {
  std::unique_lock lock{impl_->mutex};
  if (impl_->moved.wait_until(lock, deadline.instant(), [this] { return impl_->term.has_value(); })) return {};
  return fail(Code::Timeout, "{} is not ours yet", to_string(impl_->key));
}

Result<std::uint64_t> LeaderElection::next_epoch(Deadline deadline, std::uint64_t floor) {
  auto epoch = impl_->next_epoch(deadline, floor);
  if (!epoch) return forward(epoch, "next epoch");
  return epoch;
}

}  // namespace cutline::kube
