package sidecar_test

import (
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/sidecar"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// The base states the image of the API proxy, so that a tenant with two
// application namespaces reads through it without asking for it by name.
func Example() {
	step := tenancytest.Step{
		Tenant: tenancytest.Sales("ns-1", "ns-2"), Version: "1.31.0",
		New: func(t tenancy.Tenant) kio.Filter { return sidecar.Filter{Tenant: t} },
	}
	objecttest.Print(step, `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod-sales
  namespace: istio-system1
  annotations: {istio-tenancy.dev/api-proxy-image: "registry.example/istio-tenancy:1.0"}
spec:
  template:
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
        env:
        - {name: KUBECONFIG, value: /var/run/secrets/remote/config}
        volumeMounts:
        - {name: istio-kubeconfig, mountPath: /var/run/secrets/remote, readOnly: true}
      volumes:
      - name: istio-kubeconfig
        secret: {secretName: istio-kubeconfig, optional: true}
`)
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   name: istiod-sales
	//   namespace: istio-system1
	//   annotations: {istio-tenancy.dev/api-proxy-image: "registry.example/istio-tenancy:1.0"}
	// spec:
	//   template:
	//     spec:
	//       containers:
	//       - name: discovery
	//         image: docker.io/istio/pilot:1.31.0
	//         args: [discovery]
	//         env:
	//         - {name: KUBECONFIG, value: /var/run/secrets/remote/config}
	//         volumeMounts:
	//         - {name: istio-kubeconfig, mountPath: /var/run/secrets/remote, readOnly: true}
	//       volumes:
	//       - emptyDir:
	//           medium: Memory
	//         name: istio-kubeconfig
	//       - configMap:
	//           items:
	//           - key: ca.crt
	//             path: ca.crt
	//           name: kube-root-ca.crt
	//         name: api-proxy-ca
	//       enableServiceLinks: false
	//       initContainers:
	//       - args:
	//         - api-proxy
	//         - --namespace=istio-system1
	//         - --namespace=ns-1
	//         - --namespace=ns-2
	//         - --only=mutatingwebhookconfigurations.admissionregistration.k8s.io=
	//         - --only=validatingwebhookconfigurations.admissionregistration.k8s.io=
	//         image: registry.example/istio-tenancy:1.0
	//         livenessProbe:
	//           exec:
	//             command:
	//             - istio-tenancy
	//             - api-proxy
	//             - ready
	//           failureThreshold: 6
	//           periodSeconds: 20
	//           timeoutSeconds: 5
	//         name: api-proxy
	//         ports:
	//         - containerPort: 15094
	//           name: http-api-proxy
	//           protocol: TCP
	//         readinessProbe:
	//           exec:
	//             command:
	//             - istio-tenancy
	//             - api-proxy
	//             - ready
	//           periodSeconds: 10
	//           timeoutSeconds: 5
	//         resources:
	//           requests:
	//             cpu: 10m
	//             memory: 64Mi
	//         restartPolicy: Always
	//         securityContext:
	//           allowPrivilegeEscalation: false
	//           capabilities:
	//             drop:
	//             - ALL
	//           readOnlyRootFilesystem: true
	//           runAsGroup: 65532
	//           runAsNonRoot: true
	//           runAsUser: 65532
	//           seccompProfile:
	//             type: RuntimeDefault
	//         startupProbe:
	//           exec:
	//             command:
	//             - istio-tenancy
	//             - api-proxy
	//             - ready
	//           failureThreshold: 120
	//           periodSeconds: 1
	//           timeoutSeconds: 5
	//         volumeMounts:
	//         - mountPath: /var/run/secrets/remote
	//           name: istio-kubeconfig
	//         - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
	//           name: api-proxy-ca
	//           readOnly: true
}
