package reach

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnsweredWithASecret has each verb of a right on Secrets, one of which has the token of
// a ServiceAccount with more rights. The API server answers an update with what was sent.
func TestAnsweredWithASecret(t *testing.T) {
	const text = `
{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {istio-tenancy.dev/tenant: a}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: app, namespace: a}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: boss, namespace: a}}
---
{apiVersion: v1, kind: Secret, type: kubernetes.io/service-account-token, metadata: {name: token, namespace: a, annotations: {kubernetes.io/service-account.name: boss}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: a}, rules: [{verbs: [%s], apiGroups: [""], resources: [secrets]%s}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: a}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: app, namespace: a}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all}, rules: [{verbs: [get], apiGroups: [""], resources: [configmaps]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: all}, roleRef: {kind: ClusterRole, name: all}, subjects: [{kind: ServiceAccount, name: boss, namespace: a}]}
`
	const (
		any    = ""
		named  = ", resourceNames: [token]"
		noName = `, resourceNames: [""]`
	)
	for _, c := range []struct {
		verbs, names string
		found        int
	}{
		{"get", any, 1},
		{"list", any, 1},
		{"watch", any, 1},
		{"patch", any, 1},
		{"delete", any, 1},
		{"deletecollection", any, 1},
		{"update, create", any, 0},
		{"get", named, 1},
		{"list", named, 1}, // by a fieldSelector
		{"patch", named, 1},
		{"delete", named, 1},
		{"deletecollection", named, 0}, // its requests name no object
		{"deletecollection", noName, 1},
	} {
		var found int
		for _, p := range find(t, parse(t, "a.yaml", fmt.Sprintf(text, c.verbs, c.names))) {
			if p.Hops[0].Kind == TokenSecret {
				found++
				if c.verbs == "deletecollection" {
					require.Empty(t, p.Hops[0].Requests[0].Name)
				}
			}
		}
		require.Equal(t, c.found, found, "%s%s", c.verbs, c.names)
	}
}
