package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// oldest is the oldest Kubernetes that the API server acts as. Expressions of
// policies may not use a function that a later one has brought.
const oldest = "1.33"

func TestThePoliciesAreThoseOfAnOlderKubernetes(t *testing.T) {
	c := claims(t, "An API server with the behaviour of Kubernetes "+oldest+" accepts the common base, finds no type error in its policies, and enforces them")
	w := theWorld(t)
	older, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "older"), Users: []string{"limited-admin"}, Flags: []string{"--emulated-version=kube=" + oldest}})
	require.NoError(t, err)
	defer older.Stop()
	c.check("it is applied", func(t *testing.T) {
		_, err := older.Admin.Apply(w.common)
		require.NoError(t, err)
	})
	c.check("no expression has a mistake of type", func(t *testing.T) {
		require.NotZero(t, typed(t, older.Admin, w.common))
	})
	c.check("the policies decide", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			answer, err := older.Admin.Do(http.MethodPost, "/api/v1/namespaces/default/serviceaccounts/default/token",
				tokenRequest("sales.istio-tenancy.dev"))
			if err != nil {
				return err
			}
			return contains(answer.Message(), "istio-tenancy-tokens")
		}))
		answer, err := older.Admin.Do(http.MethodPost, "/api/v1/namespaces/default/pods?dryRun=All", podWithTokens("other", "istio-ca"))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	// What a tenant may take, and that it is suspended, stands on its Namespaces, where
	// a policy has to read it.
	_, err = older.Admin.Apply(parse(t, clusterClasses+"---\n"+limitedNamespace))
	require.NoError(t, err)
	await := func(policy, path, body string) error {
		return cluster.Eventually(patience, func() error {
			return refusedBy(policy, send(t, older.As("limited-admin"), http.MethodPost, path, body))
		})
	}
	c.check("a tenant takes what its file allows, and no more", func(t *testing.T) {
		require.NoError(t, await("registries", "/api/v1/namespaces/limited/pods?dryRun=All", limitedPod(`"containers":[{"name":"x","image":"x"}]`)))
		for _, request := range limitedRequests() {
			if strings.HasSuffix(request.name, "of a volume's content") {
				continue // which that Kubernetes does not have
			}
			answer := send(t, older.As("limited-admin"), http.MethodPost, request.path("limited")+"?dryRun=All", request.body)
			if request.policy == "" {
				require.NoError(t, answer.Error(), request.name)
				continue
			}
			require.NoError(t, refusedBy(request.policy, answer), request.name)
		}
	})
	c.check("a suspended tenant writes nothing, and its control plane what it needs", func(t *testing.T) {
		require.NoError(t, send(t, older.Admin, http.MethodPatch, "/api/v1/namespaces/limited", `{"metadata":{"labels":{"istio-tenancy.dev/suspended":"true"}}}`).Error())
		config, secret := object("v1", "ConfigMap", "a", ""), object("v1", "Secret", "a", "")
		require.NoError(t, await("suspended", "/api/v1/namespaces/limited/configmaps?dryRun=All", config))
		require.NoError(t, await("suspended", "/api/v1/namespaces/limited/pods/a/exec?command=sh&stdout=true", ""))
		require.NoError(t, send(t, older.Admin, http.MethodPost, "/api/v1/namespaces/limited/secrets?dryRun=All", secret).Error())
		for resource, body := range map[string]string{"configmaps": config, "services": object("v1", "Service", "a", `"spec":{"ports":[{"port":80}]}`)} {
			answer, err := older.Admin.Impersonate("system:serviceaccount:limited-plane:istiod", "", http.MethodPost, "/api/v1/namespaces/limited/"+resource+"?dryRun=All", body)
			require.NoError(t, err)
			if resource == "configmaps" {
				require.NoError(t, answer.Error())
			} else {
				require.NoError(t, refusedBy("suspended", answer))
			}
		}
	})
}

// limitedNamespace is of a tenant whose file says what limits has.
const limitedNamespace = `
apiVersion: v1
kind: Namespace
metadata:
  name: limited
  labels:
    istio-tenancy.dev/tenant: kiosk
    istio-tenancy.dev/allowed-registries: "true"
    istio-tenancy.dev/allowed-storageclasses: "true"
    istio-tenancy.dev/allowed-priorityclasses: "true"
    istio-tenancy.dev/allowed-ingressclasses: "true"
    istio-tenancy.dev/allowed-runtimeclasses: "true"
    istio-tenancy.dev/node-selector: "true"
  annotations:
    istio-tenancy.dev/control-plane: limited-plane
    istio-tenancy.dev/allowed-registries: registry.example/sales,registry.example:5000,docker.io/istio,docker.io/library/nginx
    istio-tenancy.dev/allowed-storageclasses: fast
    istio-tenancy.dev/allowed-priorityclasses: batch
    istio-tenancy.dev/allowed-ingressclasses: nginx
    istio-tenancy.dev/allowed-runtimeclasses: gvisor
    istio-tenancy.dev/node-selector: example.com/zone=a,pool=kiosk
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: limited}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: limited}, spec: {nodeSelector: {pool: kiosk, example.com/zone: a}, containers: [{name: a, image: registry.example/sales}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: limited, namespace: limited}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
- {kind: User, name: limited-admin, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: istiod, namespace: limited-plane}
`
