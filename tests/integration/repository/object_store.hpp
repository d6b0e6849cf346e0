// A real server on loopback over a folder of the test's, which ends with the object: one of S3, versitygw or rclone's
// (made by e2e/objectstores/build), or that of repositories on volumes (images/rest-server/make).
#pragma once

#include <filesystem>

#include "base/child.hpp"
#include "control/pki.hpp"
#include "protocol/messages.hpp"

namespace cutline::test {

[[nodiscard]] std::string rest_server();  // the program of repositories on volumes

enum class StoreKind { Versitygw, Rclone, Volume };

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
  [[nodiscard]] std::filesystem::path secret(const char* name) const { return folder_.string() + ".keys/" + name; }
  void write_secret() const;
  StoreKind kind_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  std::string access_key_ = "cutline-test", secret_key_ = "not-a-secret-at-all";
  control::KeyAndCertificate authority_;  // of a volume's server
  std::optional<Running> running_;
};

}  // namespace cutline::test
