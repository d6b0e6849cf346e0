#include "tests/integration/kube/certificates.hpp"

#include "base/fd.hpp"
#include "tests/integration/kube/process.hpp"

namespace cutline::test {
namespace {

class Openssl {
 public:
  Openssl(std::string folder, Deadline deadline) : folder_(std::move(folder)), deadline_(deadline) {}

  [[nodiscard]] std::string path(const std::string& name) const { return fmt::format("{}/{}", folder_, name); }

  Status operator()(std::vector<std::string> args) const {
    const std::string program = "/usr/bin/openssl";
    args.insert(args.begin(), program);
    const auto ran = run(args, path("openssl.log"), deadline_);
    if (!ran) return forward(ran, "apt-get install openssl");
    return {};
  }

  [[nodiscard]] Status authority() const {
    return (*this)({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=cutline-test-ca", "-keyout", path("ca.key"), "-out", path("ca.pem")});
  }

  // A key and a certificate from the authority; `extensions` is the text of an openssl extension file.
  [[nodiscard]] Status leaf(const std::string& name, const std::string& subject, const std::string& extensions) const {
    if (auto written = replace_file(path(name + ".ext"), extensions); !written) return written;
    if (auto made = (*this)({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                             subject, "-keyout", path(name + ".key"), "-out", path(name + ".csr")});
        !made)
      return made;
    return (*this)({"x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                    "-CAcreateserial", "-days", "2", "-extfile", path(name + ".ext"), "-out", path(name + ".pem")});
  }

 private:
  std::string folder_;
  Deadline deadline_;
};

constexpr const char* client_extensions = "extendedKeyUsage=clientAuth\n";

}  // namespace

Result<Certificates> make_certificates(const std::string& folder, Deadline deadline) {
  const Openssl openssl{folder, deadline};
  const std::vector<std::function<Status()>> steps{
      [&] { return openssl.authority(); },
      [&] {
        return openssl.leaf("server", "/CN=kube-apiserver",
                            "extendedKeyUsage=serverAuth\n"
                            "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\n");
      },
      [&] { return openssl.leaf("admin", "/O=system:masters/CN=admin", client_extensions); },
      [&] {
        return openssl(
            {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", openssl.path("sa.key")});
      },
      [&] { return openssl({"pkey", "-in", openssl.path("sa.key"), "-pubout", "-out", openssl.path("sa.pub")}); },
  };
  for (const auto& step : steps)
    if (auto done = step(); !done) return tl::unexpected(done.error());
  return Certificates{openssl.path("ca.pem"),    openssl.path("server.pem"), openssl.path("server.key"),
                      openssl.path("admin.pem"), openssl.path("admin.key"),  openssl.path("sa.key"),
                      openssl.path("sa.pub")};
}

Result<std::pair<std::string, std::string>> make_client(const std::string& folder, const std::string& user,
                                                        Deadline deadline) {
  const Openssl openssl{folder, deadline};
  if (auto made = openssl.leaf(user, fmt::format("/CN={}", user), client_extensions); !made)
    return tl::unexpected(made.error());
  return std::pair{openssl.path(user + ".pem"), openssl.path(user + ".key")};
}

}  // namespace cutline::test
