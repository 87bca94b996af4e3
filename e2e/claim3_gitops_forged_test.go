package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// checkForgedStatus has a source say that another tenant's artifact is its own, and others
// what their controllers follow.
func (c *claim) checkForgedStatus(tenant *cluster.Client, kustomization string) {
	for _, o := range []struct {
		gitopsObject
		status string
	}{
		{fluxSource("GitRepository", "forged", `"suspend":true,`+git+`,`+unread, ""),
			`{"artifact":{"path":"x","revision":"x","lastUpdateTime":"2026-01-01T00:00:00Z","digest":"sha256:` + strings.Repeat("0", 64) +
				`","url":"http://source-controller.flux-system.svc.cluster.local./gitrepository/ns-0/applications/x.tar.gz"}}`},
		{helmRelease("forged", account+ownChart, ""), `{"helmChart":"ns-0/ns-0-shop"}`},
		{gitopsObject{"forged", "imagerepositories", "image.toolkit.fluxcd.io/v1", "ImageRepository", `"interval":"1m","image":"registry.example/x","suspend":true`, ""},
			`{"canonicalImageName":"registry.example/of-another-tenant"}`},
	} {
		c.check("refused: "+o.kind+": a status that names another tenant's", func(t *testing.T) {
			stored := o.path() + "/attack"
			require.NoError(t, send(t, tenant, "POST", o.path(), o.body()).Error())
			answer := send(t, tenant, "PATCH", stored+"/status", `{"status":`+o.status+`}`)
			require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), o.kind+" ns-1/attack: status: Only the controller of Flux may write the status")
			require.NoError(t, send(t, tenant, "DELETE", stored, "").Error())
		})
	}
	c.check("refused: Kustomization: a status of the tenant's", func(t *testing.T) {
		answer := send(t, tenant, "PATCH", kustomization+"/status", `{"status":{"observedGeneration":2}}`)
		require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
	})
}

// checkForgedTracking has an object say that it is another Application's of Argo CD.
func (c *claim) checkForgedTracking(alone *cluster.Cluster, tenant *cluster.Client) {
	const configMaps = "/api/v1/namespaces/ns-1/configmaps"
	tracked := func(id string) string { return `"annotations":{"argocd.argoproj.io/tracking-id":"` + id + `"}` }
	try := func(t *testing.T, as *cluster.Client, id string) cluster.Answer {
		return send(t, as, "POST", configMaps+"?dryRun=All", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"attack",`+tracked(id)+`}}`)
	}
	refused := func(t *testing.T, answer cluster.Answer, object, application string) {
		require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
		require.Contains(t, answer.Message(), object+": metadata.annotations[argocd.argoproj.io/tracking-id]: The Application "+application+" belongs to the platform")
	}
	for _, application := range []string{"platform", "tenancy-common", "tenant-dev", "project-dev", "tenant-sales"} {
		c.check("refused: ConfigMap: of the Application "+application, func(t *testing.T) {
			id := application + ":/ConfigMap:ns-1/attack"
			refused(t, try(t, tenant, id), "ConfigMap ns-1/attack", application)
			require.NoError(t, try(t, alone.Admin, id).Error())
		})
	}
	for name, id := range map[string]string{
		"what counts for another object":    "tenant-sales:apps/Deployment:ns-1/attack",
		"what counts for another ConfigMap": "tenant-sales:/ConfigMap:ns-1/other",
		"what is no such annotation":        "tenant-sales",
	} {
		c.check("refused: ConfigMap: of "+name, func(t *testing.T) { refused(t, try(t, tenant, id), "ConfigMap ns-1/attack", "tenant-sales") })
	}
	c.check("refused: Role: whose name has a colon, as the annotation has", func(t *testing.T) {
		refused(t, send(t, tenant, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/ns-1/roles?dryRun=All",
			`{"metadata":{"name":"x:dev",`+tracked("tenant-dev:rbac.authorization.k8s.io/Role:ns-1/x:dev")+`},"rules":[]}`), "Role ns-1/x:dev", "tenant-dev")
	})
	c.check("refused: Ingress: by its status", func(t *testing.T) {
		const ingresses = "/apis/networking.k8s.io/v1/namespaces/ns-1/ingresses"
		require.NoError(t, send(t, tenant, "POST", ingresses, `{"metadata":{"name":"tracked"},"spec":{"defaultBackend":{"service":{"name":"x","port":{"number":80}}}}}`).Error())
		refused(t, send(t, tenant, "PATCH", ingresses+"/tracked/status", `{"metadata":{`+tracked("tenant-dev:networking.k8s.io/Ingress:ns-1/tracked")+`}}`), "Ingress ns-1/tracked", "tenant-dev")
	})
	c.check("refused: ConfigMap: once its owner is taken out", func(t *testing.T) {
		owned := send(t, tenant, "POST", configMaps, `{"metadata":{"name":"owned",`+tracked("tenant-dev:/ConfigMap:ns-1/owned")+
			`,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"x"}]}}`)
		require.NoError(t, owned.Error())
		refused(t, send(t, tenant, "PATCH", configMaps+"/owned", `{"metadata":{"ownerReferences":null}}`), "ConfigMap ns-1/owned", "tenant-dev")
	})
	for name, id := range map[string]string{
		"an Application of its own": "web:/ConfigMap:ns-1/attack",
		"one in its own namespace":  "ns-1_tenant-web:/ConfigMap:ns-1/attack",
	} {
		c.check("accepted: ConfigMap: of "+name, func(t *testing.T) { require.NoError(t, try(t, tenant, id).Error()) })
	}
}
