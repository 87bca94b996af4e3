package v1alpha1

import (
	"slices"
	"strings"
)

// clusterNames are names of ClusterRoles and ClusterRoleBindings that Kubernetes
// makes, and that are in most clusters. A tenant whose control plane's namespace
// is the end of one could have an object of that name.
// Sources: the bootstrap policy of Kubernetes 1.36; the manifests of the projects.
var clusterNames = strings.Fields(`cluster-admin admin edit view
system:aggregate-to-admin system:aggregate-to-edit system:aggregate-to-view system:auth-delegator system:basic-user system:discovery
system:heapster system:kube-aggregator system:kube-controller-manager system:kube-dns system:kube-scheduler system:kubelet-api-admin
system:monitoring system:node system:node-bootstrapper system:node-problem-detector system:node-proxier
system:persistent-volume-provisioner system:public-info-viewer system:service-account-issuer-discovery system:volume-scheduler
cert-manager-webhook cert-manager-cainjector argocd-application-controller argocd-server kustomize-controller helm-controller
cilium-operator calico-node metrics-server ingress-nginx-admission kyverno-background-controller prometheus-operator
external-secrets-cert-controller keda-operator-metrics-apiserver gatekeeper-manager-role karpenter-core`)

// commonWords are those in which such names end. A namespace of these alone, and
// of numbers, has no word of a tenant's.
var commonWords = strings.Fields(`account admin admins admission agent aggregator apiserver approver api attacher auth autoscaler aws azure background
basic binding bootstrapper cainjector certificates cert cleanup client cloud cluster clusterrole cni config controller controllers core crd csi daemon
delegator deployer deployment detector discovery dns driver edit editor exporter gateway gcp info ingress injector internal issuer kube kubelet
leader election manager master metrics monitoring namespace node nodes operator patch persistent plugin pod pods policy problem provider
provisioner proxier proxy public rbac reader reporter reports resizer resource role rolebinding roles router scheduler secret secrets
server service snapshot snapshotter state storage sync system token tokenreview updater to user validating view viewer volume watcher webhook webhooks
worker writer`)

// isOfOthers says whether a namespace has no word of its own.
func isOfOthers(namespace string) bool {
	for word := range strings.SplitSeq(namespace, "-") {
		if word = strings.Trim(word, "0123456789"); word != "" && !slices.Contains(commonWords, word) {
			return false
		}
	}
	return true
}

// endingIn is a name that ends in a namespace, as an example.
func endingIn(namespace string) string {
	for _, name := range clusterNames {
		if strings.HasSuffix(name, "-"+namespace) {
			return name
		}
	}
	return "operator-" + namespace
}
