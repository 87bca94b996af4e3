package node_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
)

// The agents of the meshes' Pods are the proxies. There is no Envoy: a stand-in answers
// at its port in a Pod, with what istiod tells that Pod.
func TestIstioctlInItsPod(t *testing.T) {
	c := claims(t, "Where NetworkPolicies are enforced, the tenant's administrator creates the Pod of examples/istioctl. In it, `proxy-status`, as in docs/istioctl.md, shows the proxies of that namespace and of no other. `proxy-config` and `x describe pod` reach the port of Envoy in the tenant's own Pods, and in no other tenant's")
	turn(c, &lanes.meshes)
	w := theEnforcedWorld(t)
	fin, sales := theMeshes(t, w).fin, w.tenants["sales"]
	page, err := os.ReadFile("../../docs/istioctl.md")
	require.NoError(t, err)
	typed := regexp.MustCompile(`(?m)^kubectl (exec .*) proxy-status (.*)$`).FindSubmatch(page)
	require.NotNil(t, typed, "docs/istioctl.md has no such command")
	in := func(tenant *tenant, namespace, command string) (string, error) {
		line := strings.NewReplacer("sales", tenant.name, "istio-system1", tenant.controlPlane, "ns-1", namespace).Replace(string(typed[1]) + " COMMAND " + string(typed[2]))
		return w.node.Cluster.Kubectl(tenant.admin, strings.Fields(strings.Replace(line, "COMMAND", command, 1))...)
	}
	for _, row := range []struct {
		tenant    *tenant
		namespace string
		shown     []string
	}{
		{sales, "ns-1", []string{"unlabelled.ns-1", "who.ns-1"}},
		{fin.tenant, "ns-5", []string{"unlabelled.ns-5", "who.ns-5"}},
		{fin.tenant, "ns-6", nil}, // the client there asks istiod while it calls
	} {
		w.giveIstioctl(t, row.tenant, row.namespace)
		c.Check("proxy-status in "+row.namespace, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error {
				out, err := in(row.tenant, row.namespace, "proxy-status")
				if err != nil {
					return fmt.Errorf("%w\n%s", err, out)
				}
				require.Contains(t, out, "SUBSCRIBED TYPES")
				if shown := proxies.FindAllString(out, -1); !slices.Equal(shown, row.shown) {
					return fmt.Errorf("shows %v, but must show %v", shown, row.shown)
				}
				return nil
			}))
		})
	}
	dump, err := in(fin.tenant, "ns-5", "x internal-debug config_dump?proxyID=who.ns-5")
	require.NoError(t, err, dump)
	asEnvoy(t, fin.who.place, dump)
	istioctl := func(user, command string) (string, error) {
		return w.node.Cluster.Istioctl(user, append(strings.Fields(command), "-n", "ns-5", "-i", "istio-system4")...)
	}
	c.Check("proxy-config", func(t *testing.T) {
		out, err := istioctl("fin-admin", "proxy-config listeners who")
		require.NoError(t, err, out)
		require.Contains(t, out, "7070")
	})
	c.Check("describe", func(t *testing.T) {
		out, err := istioctl("fin-admin", "x describe pod who")
		require.Contains(t, out, "Port: grpc 7070/GRPC targets pod port 7070")
		require.Contains(t, out, "Workload mTLS mode: STRICT")
		require.Error(t, err, "it lists the ingress gateways of the whole cluster")
		require.Contains(t, out, `cannot list resource "pods" in API group "" at the cluster scope`)
	})
	for _, command := range []string{"proxy-config listeners who", "x describe pod who"} {
		c.Check(command+", of another tenant's Pod", func(t *testing.T) {
			out, err := istioctl("sales-admin", command)
			require.Error(t, err, out)
			require.Contains(t, out, `User "sales-admin" cannot get resource "pods"`)
		})
	}
	c.Check("proxy-config of istiod's Pod", func(t *testing.T) {
		pod, err := w.oneIstiod(fin.tenant)
		require.NoError(t, err)
		out, err := w.node.Cluster.Istioctl("fin-admin", "proxy-config", "listeners", pod.GetName(), "-n", "istio-system4")
		require.Error(t, err, out)
		require.Contains(t, out, `cannot create resource "pods/portforward"`)
	})
	c.Check("the Pod beside istiod", func(t *testing.T) {
		_, err := w.node.Cluster.As("sales-admin").Apply(istioctlIn(t, "istio-system1"))
		require.ErrorContains(t, err, "forbidden")
	})
}

// proxies are the members of the meshes, as istioctl calls them.
var proxies = regexp.MustCompile(`\b(who|unlabelled|caller)\.ns-\d`)

// asEnvoy answers every request at the port of Envoy's own interface with a dump, until
// the test ends.
func asEnvoy(t *testing.T, in node.Place, dump string) {
	t.Helper()
	var listener net.Listener
	require.NoError(t, in.Do(func() (err error) {
		listener, err = net.Listen("tcp", "127.0.0.1:15000")
		return err
	}))
	server := &http.Server{Handler: http.HandlerFunc(func(to http.ResponseWriter, _ *http.Request) { io.WriteString(to, dump) })}
	t.Cleanup(func() { server.Close() })
	go server.Serve(listener)
}

func istioctlIn(t *testing.T, namespace string) []*cluster.Object {
	t.Helper()
	text, err := os.ReadFile("../../examples/istioctl/istioctl.yaml")
	require.NoError(t, err)
	objects, err := cluster.Parse(text)
	require.NoError(t, err)
	for _, object := range objects {
		object.SetNamespace(namespace)
	}
	return objects
}

// giveIstioctl has a tenant's administrator make the Pod, until the test ends.
func (w *world) giveIstioctl(t *testing.T, to *tenant, namespace string) {
	t.Helper()
	objects := istioctlIn(t, namespace)
	_, err := w.node.Cluster.As(to.admin).Apply(objects)
	t.Cleanup(func() { require.NoError(t, w.node.Cluster.Admin.Delete(objects)) })
	require.NoError(t, errors.Join(err, w.node.Available(namespace, "istioctl", patience)))
}
