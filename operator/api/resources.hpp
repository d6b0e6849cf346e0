// The API server's resources that the operator reads or writes.
#pragma once

#include "kube/resource.hpp"

namespace cutline::op {

inline const kube::Resource kPolicies{"cutline.dev", "v1alpha1", "snapshotpolicies"};
inline const kube::Resource kSnapshots{"cutline.dev", "v1alpha1", "distributedsnapshots"};
inline const kube::Resource kCheckpoints{"cutline.dev", "v1alpha1", "localcheckpoints"};
inline const kube::Resource kRollbacks{"cutline.dev", "v1alpha1", "rollbacks"};
inline const kube::Resource kRepositories{"cutline.dev", "v1alpha1", "snapshotrepositories"};
inline const kube::Resource kPods{"", "v1", "pods"};
inline const kube::Resource kServices{"", "v1", "services"};
inline const kube::Resource kSecrets{"", "v1", "secrets"};
inline const kube::Resource kClaims{"", "v1", "persistentvolumeclaims"};
inline const kube::Resource kDeployments{"apps", "v1", "deployments"};
inline const kube::Resource kWebhooks{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", false};

inline constexpr const char* kInjectLabel = "cutline.dev/inject";
inline constexpr const char* kRepositoryLabel =
    "cutline.dev/repository";  // of the pod that serves a repository on a volume
inline constexpr const char* kFinalizer = "cutline.dev/thaw-and-collect";
inline constexpr const char* kTestGate = "cutline.dev/test-gate";  // test-only: "Open" leaves every gate open
inline constexpr std::uint16_t kControlPort = 7077;

}  // namespace cutline::op
