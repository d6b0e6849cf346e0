#include "operator/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>

namespace cutline::op {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

double seconds(Micros duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace

struct Metrics::Impl {
  std::mutex repositories;  // whose figures go with them: what add() gives must not go before it is set
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& rounds = prometheus::BuildCounter()
                                                        .Name("cutline_rounds_total")
                                                        .Help("Rounds that ended, by kind and outcome")
                                                        .Register(registry);
  prometheus::Family<prometheus::Counter>& schedules =
      prometheus::BuildCounter()
          .Name("cutline_scheduled_total")
          .Help("Times at which a schedule was due, by what became of them")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& reconciles = prometheus::BuildCounter()
                                                            .Name("cutline_reconciles_total")
                                                            .Help("Reconciliations, by kind and result")
                                                            .Register(registry);
  prometheus::Family<prometheus::Counter>& injections = prometheus::BuildCounter()
                                                            .Name("cutline_injections_total")
                                                            .Help("Pods that the webhook was asked about, by result")
                                                            .Register(registry);
  prometheus::Counter& retired = prometheus::BuildCounter()
                                     .Name("cutline_retired_snapshots_total")
                                     .Help("Snapshots deleted by retention")
                                     .Register(registry)
                                     .Add({});
  prometheus::Counter& freed_bytes = prometheus::BuildCounter()
                                         .Name("cutline_retired_bytes_total")
                                         .Help("Bytes of the snapshots deleted by retention")
                                         .Register(registry)
                                         .Add({});
  prometheus::Family<prometheus::Counter>& uploads =
      prometheus::BuildCounter()
          .Name("cutline_uploaded_bytes_total")
          .Help("Bytes of checkpoints that came into repositories; new: those not there before")
          .Register(registry);
  prometheus::Counter& uploaded_all = uploads.Add({{"which", "all"}});
  prometheus::Counter& uploaded_new = uploads.Add({{"which", "new"}});
  prometheus::Family<prometheus::Counter>& durable = prometheus::BuildCounter()
                                                         .Name("cutline_durable_total")
                                                         .Help("Snapshots that were to be durable, by outcome")
                                                         .Register(registry);
  prometheus::Family<prometheus::Gauge>& repository_bytes = prometheus::BuildGauge()
                                                                .Name("cutline_repository_bytes")
                                                                .Help("What the snapshots in a repository take up")
                                                                .Register(registry);
  prometheus::Family<prometheus::Gauge>& repository_checkpoints = prometheus::BuildGauge()
                                                                      .Name("cutline_repository_checkpoints")
                                                                      .Help("How many checkpoints a repository holds")
                                                                      .Register(registry);
  prometheus::Family<prometheus::Gauge>& repository_intact =
      prometheus::BuildGauge()
          .Name("cutline_repository_intact")
          .Help("Whether its last check found a repository whole")
          .Register(registry);
  prometheus::Histogram& held_seconds = prometheus::BuildHistogram()
                                            .Name("cutline_held_seconds")
                                            .Help("How long a pod's traffic was held by a snapshot")
                                            .Register(registry)
                                            .Add({}, kSeconds);
  prometheus::Histogram& frozen_seconds = prometheus::BuildHistogram()
                                              .Name("cutline_frozen_seconds")
                                              .Help("How long a pod's processes stood still for a snapshot")
                                              .Register(registry)
                                              .Add({}, kSeconds);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::round_ended(const std::string& kind, const std::string& outcome) {
  impl_->rounds.Add({{"kind", kind}, {"outcome", outcome}}).Increment();
}
void Metrics::held(Micros duration) { impl_->held_seconds.Observe(seconds(duration)); }
void Metrics::frozen(Micros duration) { impl_->frozen_seconds.Observe(seconds(duration)); }
void Metrics::scheduled(const std::string& outcome, int times) {
  impl_->schedules.Add({{"outcome", outcome}}).Increment(times);
}
void Metrics::reconciled(const std::string& kind, bool ok) {
  impl_->reconciles.Add({{"kind", kind}, {"result", ok ? "ok" : "error"}}).Increment();
}
void Metrics::injected(bool ok) { impl_->injections.Add({{"result", ok ? "ok" : "refused"}}).Increment(); }
void Metrics::uploaded(Bytes bytes, Bytes added) {
  impl_->uploaded_all.Increment(static_cast<double>(value(bytes)));
  impl_->uploaded_new.Increment(static_cast<double>(value(added)));
}
void Metrics::kept(const std::string& outcome) { impl_->durable.Add({{"outcome", outcome}}).Increment(); }

void Metrics::repository(const std::string& name, Bytes bytes, std::size_t checkpoints) {
  const std::scoped_lock lock{impl_->repositories};
  impl_->repository_bytes.Add({{"repository", name}}).Set(static_cast<double>(value(bytes)));
  impl_->repository_checkpoints.Add({{"repository", name}}).Set(static_cast<double>(checkpoints));
}
void Metrics::checked(const std::string& name, bool intact) {
  const std::scoped_lock lock{impl_->repositories};
  impl_->repository_intact.Add({{"repository", name}}).Set(intact ? 1 : 0);
}
void Metrics::repository_gone(const std::string& name) {
  const std::scoped_lock lock{impl_->repositories};
  for (auto* family : {&impl_->repository_bytes, &impl_->repository_checkpoints, &impl_->repository_intact})
    family->Remove(&family->Add({{"repository", name}}));
}

void Metrics::retired(std::uint64_t bytes) {
  impl_->retired.Increment();
  impl_->freed_bytes.Increment(static_cast<double>(bytes));
}

std::string Metrics::text() const { return prometheus::TextSerializer{}.Serialize(impl_->registry.Collect()); }

}  // namespace cutline::op
