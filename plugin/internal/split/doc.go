// Package split makes a base of an Istio manifest, as upstream or a chart
// renders it: a kustomization of what is deployed once per cluster, and one of what
// is deployed once per tenant.
//
//	kind: CustomResourceDefinition      common/customresourcedefinition.yaml
//	---
//	kind: Deployment                    control-plane/deployment.yaml
//	metadata:
//	  name: istiod
//	  namespace: istio-system           namespace: ISTIO_TENANT_NAMESPACE
//
// Workloads of API versions that Kubernetes 1.16 and later do not serve become
// those of apps/v1, with the selector that they had by default:
//
//	apiVersion: extensions/v1beta1      apiVersion: apps/v1
//	kind: Deployment                    kind: Deployment
//	spec:                               spec:
//	                                      selector: {matchLabels: {istio: pilot}}
//	  template:                           template:
//	    metadata:                           metadata:
//	      labels: {istio: pilot}              labels: {istio: pilot}
//
// Every object is in exactly one of them. The control plane's objects are moved to
// v1alpha1.BaseNamespace, so that they deploy through an IstioTenant only, and its
// cluster-scoped objects have that namespace in their names: no API server accepts such
// a webhook configuration, and no other Istio has a ClusterRole of that name. The
// common one also gets the rules that keep tenants apart, in common/tenancy, and
// definitions that a version's programs wait for and its own files lack.
package split
