// Carries out what durable.hpp decides: the part of a DistributedSnapshot's reconciler that begins when its gates are
// open again.
#pragma once

#include "operator/context.hpp"
#include "operator/rounds/record_keeper.hpp"

namespace cutline::op::repository {

// One step: members are asked how far they are, or the manifest is written. Says when to look again; nothing: it is
// over.
[[nodiscard]] Result<Outcome> keep(Context& context, RecordKeeper& keeper, const std::optional<Json>& policy);

// Of a snapshot that is being deleted: what the repository holds of it goes, at the repository's next turn. Says why
// not yet, if it should be asked again (Busy: it waits its turn); for some minutes, then an Event tells what stayed.
// What other snapshots consist of stays for them.
[[nodiscard]] cutline::Status forget(Context& context, const Json& snapshot, const std::optional<Json>& policy);

}  // namespace cutline::op::repository
