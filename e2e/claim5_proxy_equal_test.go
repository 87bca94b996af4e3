package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/prototext"
)

// The direct istiod has the same mesh configuration, whose discoverySelectors
// choose the namespaces that the proxy asks for, and reads the whole cluster.
// Nothing is left out of the comparison, and nothing is made equal before it.
func TestBesideTheProxyIstiodKnowsAndSaysTheSame(t *testing.T) {
	c := claims(t, "Beside the API proxy istiod holds and tells its proxies and gateways, object for object, what an istiod with cluster-wide reads does whose discoverySelectors choose the same namespaces")
	w := theWorld(t)
	fin := w.tenants["fin"]
	nodes := w.everything(t, fin)
	direct := w.direct(t, fin)
	for _, page := range pages {
		c.check("/debug/"+page, func(t *testing.T) {
			var got, want any
			require.NoError(t, cluster.Eventually(patience, func() (err error) {
				if got, err = debugPage(fin.istiod, page); err != nil {
					return err
				}
				if want, err = debugPage(direct, page); err != nil {
					return err
				}
				return same(got, want)
			}))
			require.Contains(t, jsonOf(t, want), "ns-6", "something is there to be compared")
		})
	}
	compared := 0
	for _, node := range nodes {
		c.check("what is told to "+node.Pod, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				got, err := told(fin.istiod, node)
				if err != nil {
					return err
				}
				want, err := told(direct, node)
				if err != nil {
					return err
				}
				compared += len(want)
				return sameResources(got, want)
			}))
		})
	}
	c.check("of ns-0 neither holds anything", func(t *testing.T) {
		for _, page := range pages {
			content, err := debugPage(fin.istiod, page)
			require.NoError(t, err)
			require.NoError(t, mentions(w, "fin", jsonOf(t, content)))
		}
	})
	c.note("Compared %d resources of xDS, of %d proxies.", compared, len(nodes))
}

// After what would lose an event, istiod knows what the API server holds: made,
// changed and deleted while nobody was told.
func TestAKilledProxyLosesNothing(t *testing.T) {
	c := claims(t, "An API proxy that is killed, with changes while it is away, and an istiod that starts anew beside it, lose nothing")
	w := theWorld(t)
	fin := w.tenants["fin"]
	w.everything(t, fin)
	direct := w.direct(t, fin)
	service := func(name string, port int) []*cluster.Object {
		return parse(t, fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: ns-6}, spec: {ports: [{name: http, port: %d}]}}`, name, port))
	}
	apply := func(objects []*cluster.Object) {
		_, err := w.cluster.Admin.Apply(objects)
		require.NoError(t, err)
	}
	equal := func() error {
		for _, page := range pages {
			got, err := debugPage(fin.istiod, page)
			if err != nil {
				return err
			}
			want, err := debugPage(direct, page)
			if err != nil {
				return err
			}
			if err := same(got, want); err != nil {
				return fmt.Errorf("%s: %w", page, err)
			}
		}
		return nil
	}
	has := func(part string) error {
		registry, err := debugPage(fin.istiod, "registryz")
		return errors.Join(err, contains(textOfJSON(registry), part))
	}
	t.Cleanup(func() {
		for _, name := range []string{"kept", "gone", "new", "later"} {
			w.cluster.Admin.Delete(service(name, 80))
		}
	})
	apply(service("kept", 80))
	apply(service("gone", 80))
	require.NoError(t, cluster.Eventually(patience, func() error {
		return errors.Join(has("kept.ns-6.svc"), has("gone.ns-6.svc"))
	}))
	for round := range 2 {
		c.check(fmt.Sprintf("killed, time %d", round+1), func(t *testing.T) {
			fin.istiod.Proxy.Kill()
			apply(service("kept", 81+round))
			require.NoError(t, w.cluster.Admin.Delete(service("gone", 80)))
			apply(service("new", 91+round))
			require.NoError(t, fin.istiod.Proxy.Start())
			start := time.Now()
			require.NoError(t, fin.istiod.Proxy.Started(time.Minute))
			require.NoError(t, cluster.Eventually(patience, func() error { return has(fmt.Sprintf(`"port":%d`, 91+round)) }))
			took := time.Since(start)
			require.NoError(t, cluster.Eventually(patience, equal))
			require.Error(t, has("gone.ns-6.svc"))
			apply(service("gone", 80))
			require.NoError(t, w.cluster.Admin.Delete(service("new", 80)))
			require.NoError(t, cluster.Eventually(patience, equal))
			if round == 0 { // an istiod whose watches break again soon waits longer every time
				c.note("After the API proxy was killed, changes arrived %.1f s after its start.", took.Seconds())
			}
		})
	}
	c.check("istiod alone, started anew", func(t *testing.T) {
		fin.istiod.Discovery.Kill()
		apply(service("later", 80))
		require.NoError(t, fin.istiod.Discovery.Start())
		require.NoError(t, fin.istiod.Ready(time.Minute))
		require.NoError(t, cluster.Eventually(patience, func() error { return errors.Join(has("later.ns-6.svc"), equal()) }))
	})
	// Whose token istiod has to ask the API server about has to wait.
	c.check("while the proxy is away, istiod serves those who have a certificate", func(t *testing.T) {
		caller, err := proxyIn(fin.istiod, "ns-6")
		require.NoError(t, err)
		certificate, err := caller.Sign(t.Context(), "")
		require.NoError(t, err)
		caller.Metadata, caller.TLS.Certificates = nil, []tls.Certificate{*certificate}
		fin.istiod.Proxy.Kill()
		_, err = caller.First(t.Context(), proxyOf(t, w, "ns-6", "details"), xds.Clusters)
		require.NoError(t, errors.Join(err, fin.istiod.Proxy.Start(), fin.istiod.Proxy.Started(time.Minute)))
	})
}

// pages are istiod's, of what it has read and made of it.
var pages = []string{"registryz", "configz", "endpointShardz", "authorizationz"}

// direct starts an istiod that reads the whole cluster by itself, beside a
// tenant's, and stops it with the test. It writes nothing.
func (w *world) direct(t *testing.T, tenant *tenant, env ...string) *cluster.Istiod {
	t.Helper()
	rights := parse(t, strings.ReplaceAll(readsAll, "NAMESPACE", tenant.controlPlane))
	_, err := w.cluster.Admin.Apply(rights)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(rights)) })
	direct, err := w.cluster.StartVariant(tenant.objects, cluster.Variant{Pod: "reads-all", Account: "reads-all", Bare: true, Env: env})
	require.NoError(t, err)
	t.Cleanup(direct.Stop)
	return direct
}

const readsAll = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: reads-all, namespace: NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads-all}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: [get, list, watch]}
- {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}
- {apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reads-all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-all}
subjects: [{kind: ServiceAccount, name: reads-all, namespace: NAMESPACE}]
`

// debugPage is a page of istiod's, with every list in an order of its own: they
// come from maps.
func debugPage(istiod *cluster.Istiod, page string) (any, error) {
	text, err := istiod.Debug("/debug/" + page)
	if err != nil {
		return nil, err
	}
	var content any
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", page, err)
	}
	return ordered(content), nil
}

func ordered(content any) any {
	switch content := content.(type) {
	case map[string]any:
		for key, value := range content {
			content[key] = ordered(value)
		}
	case []any:
		for n, value := range content {
			content[n] = ordered(value)
		}
		slices.SortFunc(content, func(a, b any) int { return strings.Compare(textOfJSON(a), textOfJSON(b)) })
	}
	return content
}

func textOfJSON(content any) string {
	text, err := json.Marshal(content)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// same is an error that says where two contents differ first.
func same(got, want any) error {
	gotList, ok := got.([]any)
	wantList, also := want.([]any)
	if !ok || !also {
		if a, b := textOfJSON(got), textOfJSON(want); a != b {
			return fmt.Errorf("%s", apart(a, b))
		}
		return nil
	}
	for n := range max(len(gotList), len(wantList)) {
		var a, b string
		if n < len(gotList) {
			a = textOfJSON(gotList[n])
		}
		if n < len(wantList) {
			b = textOfJSON(wantList[n])
		}
		if a != b {
			return fmt.Errorf("of %d and %d, number %d: %s", len(gotList), len(wantList), n+1, apart(a, b))
		}
	}
	return nil
}

// apart shows two texts from where they differ.
func apart(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	from := max(0, n-200)
	return fmt.Sprintf("with the proxy\n%s\nand directly\n%s", a[from:min(len(a), n+200)], b[from:min(len(b), n+200)])
}

// told is all that an istiod tells a proxy, by type and name.
func told(istiod *cluster.Istiod, node xds.Node) (map[string]string, error) {
	snapshot, err := askIstiod(istiod, node, "9080", "80", "7000", "http.80", "https.443.https.e2e."+node.Namespace)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for kind, resources := range snapshot {
		for name, resource := range resources {
			all[kind+" "+name] = prototext.Format(resource)
		}
	}
	caller, err := proxyIn(istiod, node.Namespace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for kind, names := range map[string][]string{xds.Names: nil, xds.Extensions: {"extensions.istio.io/trafficextension/" + node.Namespace + ".e2e"}} {
		if node.Gateway {
			continue // which has no use for them
		}
		response, err := caller.First(ctx, node, kind, names...)
		if err != nil {
			return nil, err
		}
		for n, resource := range response.Resources {
			all[fmt.Sprintf("%s %d", kind, n)] = string(resource.Value)
		}
	}
	return all, nil
}

func sameResources(got, want map[string]string) error {
	if len(want) == 0 {
		return errors.New("nothing is told")
	}
	var differ []error
	for name := range want {
		if got[name] != want[name] {
			differ = append(differ, fmt.Errorf("%s: %s", name, apart(got[name], want[name])))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			differ = append(differ, fmt.Errorf("%s is told with the proxy alone", name))
		}
	}
	return errors.Join(differ...)
}
