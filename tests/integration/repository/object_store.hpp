// A real S3 server on loopback over a folder of the test's: versitygw, or rclone's. Made by e2e/objectstores/build; ends with the object.
#pragma once

#include <filesystem>

#include "base/child.hpp"
#include "protocol/messages.hpp"

namespace cutline::test {

enum class StoreKind { Versitygw, Rclone };

class ObjectStore {
 public:
  // `folder`: where it keeps its buckets. Has one bucket, "backups".
  ObjectStore(StoreKind kind, std::filesystem::path folder);

  void start();  // at the same address each time
  void kill();   // as by kill -9
  void stand_still(bool still);
  // What it accepts from its next start on.
  void accept(std::string access_key, std::string secret_key);

  [[nodiscard]] protocol::Repository repository(const std::string& prefix = "test") const;
  [[nodiscard]] std::filesystem::path bucket() const { return folder_ / "backups"; }

 private:
  [[nodiscard]] Child command() const;
  StoreKind kind_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  std::string access_key_ = "cutline-test", secret_key_ = "not-a-secret-at-all";
  std::optional<Running> running_;
};

}  // namespace cutline::test
