// Package oracle compares objects with what Istio itself renders, object by
// object and field by field:
//
//	ConfigMap istio-system1/istio data.mesh.rootNamespace: want "istio-system1", got "istio-system"
//	MutatingWebhookConfiguration istio-sidecar-injector metadata.name: want "istio-sidecar-injector-istio-system1", ...
//
// It is used by tests and by the comparison that `go run ./plugin/oracle/compare` prints.
package oracle
