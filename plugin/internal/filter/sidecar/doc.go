// Package sidecar adds the API proxy to a control plane whose discovery is proxy:
// a native sidecar that runs this program. Through it, the control plane reads its
// tenant's namespaces one by one, with its own token.
//
// In, istiod with the volume that Istio's charts have for a kubeconfig; out:
//
//	kind: Deployment
//	  initContainers:
//	  - name: api-proxy                     # before istiod, and as long as it
//	    args: [api-proxy, --namespace=istio-system1, --namespace=ns-1, ...]
//	    restartPolicy: Always
//	  volumes:
//	  - {name: istio-kubeconfig, emptyDir: {medium: Memory}}
//
// The proxy writes the kubeconfig there that istiod reads. It has no
// ServiceAccount token: where Kubernetes would mount one, it has only the API
// server's certificate.
package sidecar
