package e2e

import (
	"context"
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
	c := claims(t, "With the API proxy, istiod holds and sends to its proxies and gateways exactly the same objects as an istiod with cluster-wide reads whose discoverySelectors choose the same namespaces")
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
