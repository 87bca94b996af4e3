package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The post's section "Test results": what its two administrators see, and the
// messages that kubectl prints. (kubectl of 2018 said "cannot list pods" where
// today's says `cannot list resource "pods" in API group ""`.)
func TestTheTestResultsOfThePost(t *testing.T) {
	c := claims(t, "The test results of the blog post: own namespaces yes, the cluster no, the other tenant's no, with kubectl's messages")
	w := theWorld(t)
	dev, sales := w.tenants["dev"], w.tenants["sales"]
	for _, namespace := range []string{dev.applications[0], sales.applications[0]} {
		deployBookinfo(t, w, namespace)
	}
	require.NoError(t, w.cluster.RunPods())

	for _, row := range []struct {
		who       *tenant
		namespace string // empty: --all-namespaces
		allowed   bool
	}{
		{dev, dev.controlPlane, true},
		{dev, dev.applications[0], true},
		{dev, "", false},
		{dev, sales.controlPlane, false},
		{dev, sales.applications[0], false},
		{sales, sales.controlPlane, true},
		{sales, sales.applications[0], true},
		{sales, "", false},
		{sales, dev.controlPlane, false},
		{sales, dev.applications[0], false},
	} {
		args, scope := []string{"get", "pods", "-n", row.namespace}, fmt.Sprintf("in the namespace %q", row.namespace)
		if row.namespace == "" {
			args, scope = []string{"get", "pods", "--all-namespaces"}, "at the cluster scope"
		}
		c.check(fmt.Sprintf("%s: pods %s: %t", row.who.admin, scope, row.allowed), func(t *testing.T) {
			printed, err := w.cluster.Kubectl(row.who.admin, args...)
			t.Logf("$ kubectl %v\n%s", args, printed)
			if !row.allowed {
				require.Error(t, err)
				require.Equal(t, fmt.Sprintf("Error from server (Forbidden): pods is forbidden: "+
					"User %q cannot list resource \"pods\" in API group \"\" %s\n", row.who.admin, scope), printed)
				return
			}
			require.NoError(t, err)
			require.Regexp(t, `NAME +READY +STATUS +RESTARTS +AGE\n`, printed)
			if row.namespace == row.who.controlPlane {
				require.Regexp(t, `(?m)^istiod-`+row.who.name+`-\S+ +1/1 +Running`, printed)
			} else {
				require.Regexp(t, `(?m)^details-v1-\S+ +`, printed)
				require.Regexp(t, `(?m)^reviews-v3-\S+ +`, printed)
			}
		})
	}
}
