package main

// definitions are Go modules that hold CustomResourceDefinitions, each at a
// version and with the folders, or files, where they are. A module without a
// version is taken at the one of this repository's go.mod.
//
// Folders are named, because tests and charts beside them hold others' kinds.
var definitions = []struct{ module, version, folders string }{
	{"istio.io/istio", "", "manifests/charts/base/files/crd-all.gen.yaml"},
	{"sigs.k8s.io/gateway-api", "v1.7.0", "config/crd"},
	{"sigs.k8s.io/network-policy-api", "v0.1.1", "config/crd"},

	{"github.com/argoproj/argo-cd/v3", "v3.2.11", "manifests/crds"},
	{"github.com/argoproj/argo-rollouts", "v1.10.2", "manifests/crds"},
	{"github.com/aws/karpenter-provider-aws", "v1.15.1", "pkg/apis/crds"},
	{"github.com/bitnami-labs/sealed-secrets", "v0.40.0", "helm/sealed-secrets/crds"},
	{"github.com/cert-manager/cert-manager", "v1.21.2", "deploy/crds"},
	{"github.com/cert-manager/trust-manager", "v0.25.0", "deploy/crds"},
	{"github.com/cilium/cilium", "v1.20.2", "pkg/k8s/apis/cilium.io/client/crds"},
	{"github.com/external-secrets/external-secrets", "v1.3.2", "config/crds/bases"},
	{"github.com/fluxcd/kustomize-controller", "v1.10.1", "config/crd/bases"},
	{"github.com/fluxcd/source-controller", "v1.10.1", "config/crd/bases"},
	{"github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases"},
	{"github.com/kubernetes-csi/external-snapshotter/client/v8", "v8.7.0", "config/crd"},
	{"github.com/kyverno/kyverno", "v1.19.1", "config/crds"},
	{"github.com/open-policy-agent/gatekeeper/v3", "v3.23.1", "charts/gatekeeper/crds"},
	{"github.com/prometheus-operator/prometheus-operator", "v0.85.0", "example/prometheus-operator-crd-full"},
	{"github.com/vmware-tanzu/velero", "v1.18.3", "config/crd"},
	{"go.universe.tf/metallb", "v0.16.2", "config/crd/bases"},
	{"k8s.io/autoscaler/vertical-pod-autoscaler", "v1.8.1", "deploy"},
	{"knative.dev/serving", "v0.51.0", "config/core/300-resources"},
	{"sigs.k8s.io/cluster-api", "v1.14.2", "core/config/crd/bases bootstrap/kubeadm/config/crd/bases controlplane/kubeadm/config/crd/bases"},
	{"sigs.k8s.io/external-dns", "v0.23.0", "config/crd/standard"},
	{"sigs.k8s.io/karpenter", "v1.15.0", "pkg/apis/crds"},
	{"sigs.k8s.io/kueue", "v0.17.0", "config/components/crd/bases"},
}
