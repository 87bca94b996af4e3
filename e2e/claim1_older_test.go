package e2e

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// oldest is the oldest Kubernetes that the API server acts as. Expressions of
// policies may not use a function that a later one has brought.
const oldest = "1.33"

func TestThePoliciesAreThoseOfAnOlderKubernetes(t *testing.T) {
	c := claims(t, "An API server that acts as Kubernetes "+oldest+" takes the common base, finds no mistake of type in its policies, and lets them decide")
	w := theWorld(t)
	older, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "older"), Flags: []string{"--emulated-version=kube=" + oldest}})
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
}
