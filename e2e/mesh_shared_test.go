package e2e

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// sharedMesh is examples/shared in the shared cluster, beside the tenants that have a
// control plane of their own: two tenants with the Bookinfo in each of their namespaces,
// and the control plane that they share. The first test that asks for it starts it.
type sharedMesh struct {
	once    sync.Once
	err     error
	tenants map[string]*tenant
	host    *tenant
	took    time.Duration
}

var mesh sharedMesh

func theMesh(t *testing.T) (*world, *sharedMesh) {
	t.Helper()
	w, m := theWorld(t), &mesh
	m.once.Do(func() {
		start := time.Now()
		m.err = m.start(t, w)
		m.took = time.Since(start)
	})
	require.NoError(t, m.err)
	return w, m
}

func (m *sharedMesh) start(t *testing.T, w *world) error {
	m.host = &tenant{name: "shared", controlPlane: "istio-shared", applications: []string{"istio-ingress"}}
	m.tenants = map[string]*tenant{
		"parcel":   {name: "parcel", admin: "parcel-admin", applications: []string{"parcel-web", "parcel-db"}},
		"invoices": {name: "invoices", admin: "invoices-admin", applications: []string{"invoices"}},
	}
	for overlay, of := range map[string]*tenant{"mesh": m.host, "parcel": m.tenants["parcel"], "invoices": m.tenants["invoices"]} {
		objects, err := w.source.Render("examples/shared/" + overlay)
		if err != nil {
			return err
		}
		of.objects = objects
	}
	// The first apply waits for nobody: istiod validates what comes after.
	for _, of := range []*tenant{m.host, m.tenants["parcel"], m.tenants["invoices"]} {
		if of.stored, of.applied = w.cluster.Admin.Apply(of.objects); of.applied != nil {
			t.Logf("apply %s: %v", of.name, of.applied)
		}
		if of != m.host {
			continue
		}
		var err error
		if m.host.istiod, err = w.cluster.StartIstiod(m.host.objects); err != nil {
			return fmt.Errorf("istiod of %s: %w", of.name, err)
		}
	}
	for _, tenant := range m.tenants {
		tenant.istiod = m.host.istiod
		for _, namespace := range tenant.applications {
			deployBookinfo(t, w, namespace)
		}
	}
	if err := w.cluster.RunPods(); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error {
		for _, tenant := range m.tenants {
			for _, namespace := range tenant.applications {
				snapshot, _, err := m.seen(t, w, namespace, false)
				if err != nil {
					return err
				}
				for service, pods := range map[string]int{"details": 1, "productpage": 1, "ratings": 1, "reviews": 3} {
					if name := "outbound|9080||" + service + "." + namespace + ".svc.cluster.local"; len(snapshot.Addresses(name)) != pods {
						return fmt.Errorf("%s has not %d endpoints", name, pods)
					}
				}
			}
		}
		return nil
	})
}

// namespaces are all of the mesh; none, if it has not been started.
func (m *sharedMesh) namespaces() []string {
	if m.host == nil {
		return nil
	}
	return append(m.others(""), m.host.namespaces()...)
}

// others are the namespaces of all tenants of the mesh but one.
func (m *sharedMesh) others(name string) (namespaces []string) {
	for _, tenant := range m.tenants {
		if tenant.name != name {
			namespaces = append(namespaces, tenant.applications...)
		}
	}
	return namespaces
}

// seen is what the mesh's istiod tells a proxy of a namespace, as text: the sidecar of a
// Pod of the Bookinfo, or what says that it is a gateway there.
func (m *sharedMesh) seen(t *testing.T, w *world, namespace string, gateway bool) (xds.Snapshot, string, error) {
	t.Helper()
	proxy := proxyOf(t, w, namespace, "details")
	if proxy.Gateway = gateway; gateway {
		proxy.Pod = "gateway"
	}
	snapshot, err := askIstiod(m.host.istiod, proxy, "9080", "80", "http.80")
	if err != nil {
		return nil, "", err
	}
	text, err := snapshot.Text()
	return snapshot, text, err
}

// reviewsOf is a cluster with three endpoints that each namespace of the mesh has.
func reviewsOf(namespace string) string {
	return "outbound|9080||reviews." + namespace + ".svc.cluster.local"
}

// sees is an error unless a proxy has a cluster with its endpoints.
func sees(snapshot xds.Snapshot, name string) error {
	if snapshot.Cluster(name) == nil {
		return fmt.Errorf("no cluster %s among %q", name, snapshot.Names(xds.Clusters))
	}
	if n := len(snapshot.Addresses(name)); n != 3 {
		return fmt.Errorf("%s has %d endpoints, not three", name, n)
	}
	return nil
}

// withoutPolicy takes an admission policy away while f runs.
func withoutPolicy(t *testing.T, w *world, name string, f func()) {
	t.Helper()
	var binding []*cluster.Object
	for _, object := range w.common {
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" && object.GetName() == name {
			binding = append(binding, object)
		}
	}
	require.Len(t, binding, 1)
	require.NoError(t, w.cluster.Admin.Delete(binding))
	defer func() {
		_, err := w.cluster.Admin.Apply(binding)
		require.NoError(t, err)
	}()
	f()
}

// put applies objects as somebody until that is accepted: a policy that has just been
// taken away holds for a moment more.
func put(client *cluster.Client, objects []*cluster.Object) error {
	return cluster.Eventually(patience, func() error {
		_, err := client.Apply(objects)
		return err
	})
}

// atGateway is what the shared gateway's proxy is told.
func (m *sharedMesh) atGateway(t *testing.T, w *world) (xds.Snapshot, error) {
	t.Helper()
	pods, err := w.cluster.Admin.Items("/api/v1/namespaces/istio-ingress/pods?labelSelector=istio=ingressgateway")
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, errors.New("the shared gateway has no Pod")
	}
	ip, _, _ := unstructured.NestedString(pods[0].Object, "status", "podIP")
	caller, err := proxyAs(m.host.istiod, "istio-ingress", "istio-ingressgateway")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return caller.Ask(ctx, xds.Node{Gateway: true, Namespace: "istio-ingress", Pod: pods[0].GetName(), IP: ip, Labels: pods[0].GetLabels()}, "http.80")
}
