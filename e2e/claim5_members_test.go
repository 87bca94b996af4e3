package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Who is of the mesh joins it with what its Pod says: nothing else names the
// audience to a proxy.
func TestTheProxiesOfAMeshJoinIt(t *testing.T) {
	c := claims(t, "Sidecars, and gateways of the chart and of the Gateway API, join their tenant's mesh with the token that their Pod's own volume requests")
	w := theWorld(t)
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		for _, namespace := range tenant.applications {
			c.check("a sidecar in "+namespace, func(t *testing.T) {
				deployBookinfo(t, w, namespace)
				require.NoError(t, w.cluster.RunPods())
				joins(t, w, tenant.istiod, name, podWith(t, w, namespace, "app=details"), false)
			})
		}
	}
	c.check("a gateway of the Gateway API, which istiod deploys", func(t *testing.T) {
		objects := parse(t, fmt.Sprintf(gatewayYAML, "ns-1", "sales"))
		_, err := w.cluster.As("sales-admin").Apply(objects)
		require.NoError(t, err)
		joins(t, w, w.tenants["sales"].istiod, "sales", podWith(t, w, "ns-1", "gateway.networking.k8s.io/gateway-name=shop"), true)
	})
	objects := applyExample(t, w, "examples/bookinfo")
	istiod, err := w.cluster.StartIstiod(objects)
	require.NoError(t, err)
	defer istiod.Stop()
	c.check("a gateway by chart", func(t *testing.T) {
		joins(t, w, istiod, "bookinfo", podWith(t, w, "bookinfo", "istio=ingressgateway"), true)
	})
	c.check("an application of the same build", func(t *testing.T) {
		joins(t, w, istiod, "bookinfo", podWith(t, w, "bookinfo", "app=reviews"), false)
	})
}

// A mesh that knew no audience of its own has proxies with tokens for istio-ca,
// until they are restarted.
func TestTokensOfAnEarlierAudienceAdmitForAsLongAsTheyAreListed(t *testing.T) {
	c := claims(t, "Proxies with a token for `istio-ca` can join their mesh as long as `extraTokenAudiences` lists it; those of every other namespace can as well. When it is removed, none can")
	w := theWorld(t)
	hr := w.tenants["hr"]
	listed := canaryOf(t, w, hr, "hr-3", "\n    extraTokenAudiences:\n    - istio-ca")
	for _, row := range []struct {
		name, namespace, audience string
		istiod                    *cluster.Istiod
		joins                     bool
	}{
		{"listed, the tenant's own Pod", "ns-2", "istio-ca", listed.istiod, true},
		{"listed, another's Pod, as the warning says", "ns-0", "istio-ca", listed.istiod, true},
		{"listed, and the tenant's own audience", "ns-2", "hr.istio-tenancy.dev", listed.istiod, true},
		{"not listed, the tenant's own Pod", "ns-2", "istio-ca", hr.istiod, false},
		{"not listed, another's Pod", "ns-0", "istio-ca", hr.istiod, false},
	} {
		c.check(row.name, func(t *testing.T) {
			caller, err := proxyIn(row.istiod, "ns-2")
			require.NoError(t, err)
			token, err := w.cluster.ServiceAccountToken(row.namespace, "default", row.audience)
			require.NoError(t, err)
			caller.Metadata = xds.Bearer(token)
			_, err = caller.Sign(t.Context(), "")
			if row.joins {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, "Unauthenticated")
			}
		})
	}
}

// canaryOf adds a control plane of another revision to a tenant, and removes it
// with the test. more are lines of spec.controlPlane.
func canaryOf(t *testing.T, w *world, of *tenant, revision, more string) *tenant {
	t.Helper()
	namespace := "namespace: " + of.controlPlane
	require.NoError(t, w.source.CopyTenant(of.name, revision, namespace, namespace+"\n    revision: "+revision+more))
	canary := *of
	var err error
	canary.objects, err = w.source.Render("overlays/" + revision)
	require.NoError(t, err)
	old := map[string]bool{}
	for _, object := range of.objects {
		old[cluster.ID(object)] = true
	}
	var added []*cluster.Object
	for _, object := range canary.objects {
		if !old[cluster.ID(object)] {
			added = append(added, object)
		}
	}
	_, err = w.cluster.Admin.Apply(canary.objects)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, w.cluster.Admin.Delete(added))
		_, err := w.cluster.Admin.Apply(of.objects)
		require.NoError(t, err)
	})
	canary.istiod, err = w.cluster.StartIstiod(canary.objects)
	require.NoError(t, err)
	t.Cleanup(canary.istiod.Stop)
	return &canary
}

// podWith waits for a Pod of a namespace that has a proxy, runs it, and returns it.
func podWith(t *testing.T, w *world, namespace, selector string) (pod *cluster.Object) {
	t.Helper()
	require.NoError(t, cluster.Eventually(patience, func() error {
		pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + namespace + "/pods?labelSelector=" + selector)
		if err != nil {
			return err
		}
		if len(pods) == 0 {
			return fmt.Errorf("no Pod with %s in %s", selector, namespace)
		}
		pod = pods[0]
		return proxied(pod)
	}))
	require.NoError(t, w.cluster.RunPods())
	return pod
}

// storedPod creates a Pod, which is removed with the test.
func storedPod(t *testing.T, w *world, namespace, name string) *cluster.Object {
	t.Helper()
	path := "/api/v1/namespaces/" + namespace + "/pods"
	answer, err := w.cluster.Admin.Do(http.MethodPost, path, object("v1", "Pod", name, `"spec":{"containers":[{"name":"x","image":"x"}]}`))
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	t.Cleanup(func() { w.cluster.Admin.Do(http.MethodDelete, path+"/"+name+"?gracePeriodSeconds=0", "") })
	pod, err := w.cluster.Admin.Get(path + "/" + name)
	require.NoError(t, err)
	return pod
}

// joins does what the proxy of a Pod does when it starts: with the token of its
// volume it asks the istiod for a certificate and for its configuration; and it
// may come back with the certificate alone.
func joins(t *testing.T, w *world, istiod *cluster.Istiod, tenant string, pod *cluster.Object, gateway bool) {
	t.Helper()
	token, err := w.cluster.TokenOf(pod)
	require.NoError(t, err)
	roots, err := istiod.Roots()
	require.NoError(t, err)
	caller := xds.Caller{
		Address:  istiod.ClusterIP + ":15012",
		TLS:      &tls.Config{RootCAs: roots, ServerName: istiod.Host},
		Metadata: xds.Bearer(token),
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	certificate, err := caller.Sign(ctx, "")
	require.NoError(t, err)
	account, _, _ := unstructured.NestedString(pod.Object, "spec", "serviceAccountName")
	require.Len(t, certificate.Leaf.URIs, 1)
	require.Equal(t, "spiffe://"+tenant+".mesh/ns/"+pod.GetNamespace()+"/sa/"+account, certificate.Leaf.URIs[0].String())
	proxy := xds.Node{Gateway: gateway, Namespace: pod.GetNamespace(), Pod: pod.GetName(), IP: "10.97.99.98", Labels: pod.GetLabels()}
	response, err := caller.First(ctx, proxy, xds.Clusters)
	require.NoError(t, err)
	require.NotEmpty(t, response.Resources)
	caller.Metadata, caller.TLS.Certificates = nil, []tls.Certificate{*certificate}
	_, err = caller.First(ctx, proxy, xds.Clusters)
	require.NoError(t, err)
}
