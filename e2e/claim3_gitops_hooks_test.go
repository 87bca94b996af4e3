package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// checkHooks gives Applications the finalizers by which Argo CD makes objects with its
// own rights when they are deleted, as Argo CD itself does: as somebody who may do all.
func (c *claim) checkHooks(alone *cluster.Cluster) {
	const hook = "post-delete-finalizer.argocd.argoproj.io"
	finalizers := func(names ...string) string {
		text := ""
		for _, name := range names {
			text += `,"` + name + `"`
		}
		return `"finalizers":[` + text[1:] + `]`
	}
	make := func(t *testing.T, namespace, project, finalizers, query string) cluster.Answer {
		body := `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"hooks",` + finalizers + `},"spec":{` + application("", project, "").spec + `}}`
		return send(t, alone.Admin, "POST", "/apis/argoproj.io/v1alpha1/namespaces/"+namespace+"/applications"+query, body)
	}
	refused := func(t *testing.T, answer cluster.Answer, namespace, finalizer string) {
		require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), "Application "+namespace+"/hooks: metadata.finalizers: The finalizer "+finalizer+" is not allowed. With it, Argo CD creates objects with its own rights")
	}
	for _, namespace := range []string{"ns-1", "default"} {
		for _, finalizer := range []string{hook, hook + "/cleanup", "pre-delete-finalizer.argocd.argoproj.io"} {
			c.check("refused: Application in "+namespace+": "+finalizer, func(t *testing.T) {
				refused(t, make(t, namespace, "tenant-sales", finalizers("resources-finalizer.argocd.argoproj.io", finalizer), "?dryRun=All"), namespace, finalizer)
			})
		}
	}
	const stored = "/apis/argoproj.io/v1alpha1/namespaces/default/applications/hooks"
	c.check("refused: Application: a hook that comes later, and another project's", func(t *testing.T) {
		require.NoError(t, make(t, "default", "tenant-sales", finalizers("resources-finalizer.argocd.argoproj.io"), "").Error())
		refused(t, send(t, alone.Admin, "PATCH", stored, `{"metadata":{`+finalizers(hook)+`}}`), "default", hook)
		require.NoError(t, send(t, alone.Admin, "PATCH", stored, `{"spec":{"project":"tenancy"},"metadata":{`+finalizers(hook)+`}}`).Error())
		refused(t, send(t, alone.Admin, "PATCH", stored, `{"spec":{"project":"tenant-sales"}}`), "default", hook)
		require.NoError(t, send(t, alone.Admin, "PATCH", stored, `{"metadata":{"finalizers":null}}`).Error())
		require.NoError(t, send(t, alone.Admin, "DELETE", stored, "").Error())
	})
}
