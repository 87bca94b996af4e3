package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
)

func TestAProxyOfASharedMeshIsToldNothingOfAnother(t *testing.T) {
	c := claims(t, "A proxy of a shared mesh gets no certificate, no configuration, no Secret, no debug page and no API of another tenant, whatever it claims to be. Tokens for the mesh are available only in its tenants' namespaces")
	w, m := theMesh(t)
	istiod, others := m.host.istiod, m.others("invoices")
	w.make(t, strings.ReplaceAll(credentialOfAGateway(t), "ns-1", "parcel-web"))
	for _, namespace := range []string{"parcel-web", "invoices"} {
		caller, err := proxyIn(istiod, namespace)
		require.NoError(t, err)
		node := somebody(namespace)
		node.Pod, node.Listed = "member", true
		stop, err := caller.Stay(t.Context(), node)
		require.NoError(t, err)
		defer stop()
	}
	caller, err := proxyIn(istiod, "invoices")
	require.NoError(t, err)
	victim := "spiffe://shared.mesh/ns/parcel-web/sa/default"
	first := func(node xds.Node, kind string, names ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		response, err := caller.First(ctx, node, kind, names...)
		if err != nil {
			return "", err
		}
		var text strings.Builder
		for _, resource := range response.Resources {
			text.Write(resource.Value)
		}
		return text.String(), nil
	}
	c.check("no certificate of another namespace", func(t *testing.T) {
		_, err := caller.Sign(t.Context(), victim)
		require.ErrorContains(t, err, "Unauthenticated")
	})
	c.check("as a proxy of another namespace it is told nothing", func(t *testing.T) {
		for _, gateway := range []bool{false, true} {
			node := somebody("parcel-web")
			node.Gateway = gateway
			_, err := first(node, xds.Clusters)
			require.ErrorContains(t, err, "PermissionDenied")
		}
	})
	c.check("on every port: what it gets is its own namespace's", func(t *testing.T) {
		given, err := join(istiod, "parcel-web", credentials{metadata: caller.Metadata, impersonated: victim})
		require.NoError(t, err)
		require.Empty(t, given)
	})
	for _, name := range []string{"kubernetes://credential", "kubernetes://parcel-web/credential", "kubernetes-gateway://parcel-web/credential"} {
		c.check("the Secret "+name, func(t *testing.T) {
			node := somebody("invoices")
			node.Gateway = true
			text, err := secretsOf(istiod, "default", node, name)
			require.NoError(t, err)
			require.NotContains(t, text, "PRIVATE KEY")
		})
	}
	c.check("for comparison: of its own namespace", func(t *testing.T) {
		node := somebody("parcel-web")
		node.Gateway = true
		text, err := secretsOf(istiod, "default", node, "kubernetes://credential")
		require.NoError(t, err)
		require.Contains(t, text, "PRIVATE KEY")
	})
	c.check("the proxies, over xDS", func(t *testing.T) {
		text, err := first(somebody("invoices"), xds.Statuses)
		require.NoError(t, err)
		require.Contains(t, text, "member.invoices")
		require.NotContains(t, text, "member.parcel-web")
	})
	for _, page := range []string{"config_dump?proxyID=member.parcel-web", "registryz", "configz", "endpointz", "syncz", "edsz?proxyID=member.parcel-web", "mesh", "adsz"} {
		c.check("a page over xDS: "+page, func(t *testing.T) {
			text, err := first(somebody("invoices"), xds.Debug, page)
			if err == nil {
				err = names(others, text)
				require.NotContains(t, text, "member.parcel-web")
				require.NoError(t, err)
			}
		})
	}
	for _, kind := range []string{"networking.istio.io/v1/VirtualService", "networking.istio.io/v1/ServiceEntry", "security.istio.io/v1/AuthorizationPolicy", "core/v1alpha1/MeshConfig"} {
		c.check("istiod's API: "+kind, func(t *testing.T) {
			node := somebody("invoices")
			node.Generator = "api"
			_, err := first(node, kind)
			require.ErrorContains(t, err, "PermissionDenied")
		})
	}
	for _, as := range []string{"sidecar", "router", "waypoint", "ztunnel"} {
		c.check("as a "+as+": names, addresses, workloads and clusters", func(t *testing.T) {
			node := somebody("invoices")
			node.Kind = as
			for _, kind := range []string{xds.Names, xds.Clusters, xds.Listeners, "type.googleapis.com/istio.workload.Address", "type.googleapis.com/istio.workload.Workload", "type.googleapis.com/istio.security.Authorization"} {
				if text, err := first(node, kind); err == nil {
					require.NoError(t, names(others, text), kind)
				}
			}
		})
	}
	for _, row := range []struct {
		namespace, audience string
		had                 bool
	}{
		{"invoices", "shared.istio-tenancy.dev", true},
		{"istio-ingress", "shared.istio-tenancy.dev", true},
		{"invoices", "invoices.istio-tenancy.dev", false},
		{"invoices", "parcel.istio-tenancy.dev", false},
		{"invoices", "sales.istio-tenancy.dev", false},
		{"ns-1", "shared.istio-tenancy.dev", false},
		{"default", "shared.istio-tenancy.dev", false},
	} {
		c.check(fmt.Sprintf("a token for %s in %s: %t", row.audience, row.namespace, row.had), func(t *testing.T) {
			_, err := w.cluster.ServiceAccountToken(row.namespace, "default", row.audience)
			if row.had {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "istio-tenancy-tokens")
		})
	}
}
