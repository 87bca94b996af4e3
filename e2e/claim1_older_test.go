package e2e

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
		policies := 0
		for _, object := range w.common {
			if object.GetKind() != "ValidatingAdmissionPolicy" {
				continue
			}
			policies++
			require.NoError(t, cluster.Eventually(patience, func() error {
				policy, err := older.Admin.Read(object)
				if err != nil {
					return err
				}
				checked, done, _ := unstructured.NestedMap(policy.Object, "status", "typeChecking")
				if !done {
					return errors.New("not looked at yet")
				}
				require.Empty(t, checked, policy.GetName())
				return nil
			}))
		}
		require.NotZero(t, policies)
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
