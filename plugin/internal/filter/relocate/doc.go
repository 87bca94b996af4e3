// Package relocate moves a control plane from one namespace to another, in
// every place where the namespace is named. Filter{From: "istio-system", To:
// "istio-dev"} turns
//
//	kind: ClusterRoleBinding
//	metadata:
//	  name: istiod-clusterrole-istio-system
//	roleRef:
//	  kind: ClusterRole
//	  name: istiod-clusterrole-istio-system
//	subjects:
//	- kind: ServiceAccount
//	  name: istiod
//	  namespace: istio-system
//	---
//	kind: ConfigMap
//	metadata:
//	  name: istio
//	  namespace: istio-system
//	data:
//	  mesh: |-
//	    defaultConfig:
//	      discoveryAddress: istiod.istio-system.svc:15012
//	    rootNamespace: istio-system
//
// into the same with istio-dev. It replaces whole names only (see package
// token), and keeps the order of keys, comments and style.
package relocate
