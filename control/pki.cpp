#include "control/pki.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace cutline::control {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Deleter<X509_free>>;
using Req = std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

tl::unexpected<Error> failed(std::string_view what) {
  char reason[256] = "no reason given";
  if (const auto error = ERR_get_error(); error != 0) ERR_error_string_n(error, reason, sizeof reason);
  return fail(Code::Invalid, "{}: {}", what, reason);
}

Bio reading(const std::string& pem) { return Bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))}; }

template <class Write>
Result<std::string> writing(std::string_view what, Write write) {
  const Bio bio{BIO_new(BIO_s_mem())};
  if (!bio || write(bio.get()) != 1) return failed(what);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<std::string> pem(EVP_PKEY* key) {
  return writing("write key",
                 [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}
Result<std::string> pem(X509* cert) {
  return writing("write certificate", [&](BIO* bio) { return PEM_write_bio_X509(bio, cert); });
}

bool extend(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool ok = X509_add_ext(cert, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

// A certificate with a random serial number, valid from five minutes ago (clocks differ), not yet signed.
Cert blank(EVP_PKEY* subject_key, std::chrono::hours validity, const std::string& common_name) {
  Cert cert{X509_new()};
  std::uint64_t serial = 0;
  if (!cert || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert.get()), serial >> 1U);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -300);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), std::chrono::duration_cast<std::chrono::seconds>(validity).count());
  X509_set_pubkey(cert.get(), subject_key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  return cert;
}

std::string alternative_names(const LeafRequest& leaf) {
  std::string names = "URI:" + leaf.identity;
  for (const auto& name : leaf.dns_names) names += ",DNS:" + name;
  for (const auto& address : leaf.addresses) names += ",IP:" + address;
  return names;
}

Result<std::string> sign_key(const KeyAndCertificate& authority, EVP_PKEY* subject, const LeafRequest& leaf) {
  const Cert ca{PEM_read_bio_X509(reading(authority.certificate).get(), nullptr, nullptr, nullptr)};
  const Key ca_key{PEM_read_bio_PrivateKey(reading(authority.key).get(), nullptr, nullptr, nullptr)};
  if (!ca || !ca_key) return failed("read the authority");
  // Not the authority's own name: a leaf whose issuer is its subject would be taken for self-signed.
  const Cert cert = blank(subject, leaf.validity, "leaf of cutline");
  if (!cert) return failed("make a certificate");
  X509_set_issuer_name(cert.get(), X509_get_subject_name(ca.get()));
  const bool extended = extend(cert.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                        extend(cert.get(), ca.get(), NID_key_usage, "critical,digitalSignature") &&
                        extend(cert.get(), ca.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
                        extend(cert.get(), ca.get(), NID_subject_alt_name, alternative_names(leaf));
  if (!extended || X509_sign(cert.get(), ca_key.get(), EVP_sha256()) == 0) return failed("sign");
  return pem(cert.get());
}

}  // namespace

Result<KeyAndCertificate> make_authority(const std::string& common_name, std::chrono::hours validity) {
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("make a key");
  const Cert cert = blank(key.get(), validity, common_name);
  if (!cert) return failed("make a certificate");
  X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get()));
  const bool extended = extend(cert.get(), cert.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                        extend(cert.get(), cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                        extend(cert.get(), cert.get(), NID_subject_key_identifier, "hash");
  if (!extended || X509_sign(cert.get(), key.get(), EVP_sha256()) == 0) return failed("sign the authority");
  auto key_pem = pem(key.get());
  if (!key_pem) return tl::unexpected(key_pem.error());
  return pem(cert.get()).map([&](std::string text) { return KeyAndCertificate{*key_pem, std::move(text)}; });
}

Result<KeyAndCertificate> issue(const KeyAndCertificate& authority, const LeafRequest& leaf) {
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("make a key");
  auto key_pem = pem(key.get());
  if (!key_pem) return tl::unexpected(key_pem.error());
  return sign_key(authority, key.get(), leaf).map([&](std::string text) {
    return KeyAndCertificate{*key_pem, std::move(text)};
  });
}

Result<SigningRequest> make_request() {
  const Key key{EVP_EC_gen("P-256")};
  const Req request{X509_REQ_new()};
  if (!key || !request || X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0)
    return failed("make a signing request");
  auto key_pem = pem(key.get());
  if (!key_pem) return tl::unexpected(key_pem.error());
  return writing("write request", [&](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request.get()); })
      .map([&](std::string text) { return SigningRequest{*key_pem, std::move(text)}; });
}

Result<std::string> sign(const KeyAndCertificate& authority, const std::string& request, const LeafRequest& leaf) {
  const Req parsed{PEM_read_bio_X509_REQ(reading(request).get(), nullptr, nullptr, nullptr)};
  if (!parsed) return failed("read the signing request");
  EVP_PKEY* subject = X509_REQ_get0_pubkey(parsed.get());
  if (subject == nullptr || X509_REQ_verify(parsed.get(), subject) != 1) return failed("the request's own signature");
  return sign_key(authority, subject, leaf);
}

Result<std::chrono::seconds> remaining(const std::string& certificate) {
  const Cert cert{PEM_read_bio_X509(reading(certificate).get(), nullptr, nullptr, nullptr)};
  int days = 0;
  int seconds = 0;
  if (!cert || ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(cert.get())) != 1)
    return failed("read the certificate");
  return std::chrono::hours{24} * days + std::chrono::seconds{seconds};
}

}  // namespace cutline::control
