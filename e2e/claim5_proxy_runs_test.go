package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/xds"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTwoReplicasEachWithItsProxy(t *testing.T) {
	c := claims(t, "Two replicas of istiod, each with its API proxy, both serve. One of them leads, and when it ends, the other takes over")
	w := theWorld(t)
	fin := w.tenants["fin"]
	deployBookinfo(t, w, "ns-6")
	require.NoError(t, w.cluster.RunPods())
	proxy := proxyOf(t, w, "ns-6", "details")
	second, err := w.cluster.StartVariant(fin.objects, cluster.Variant{Pod: "second"})
	require.NoError(t, err)
	defer second.Stop()
	c.check("the second serves", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return servesBookinfo(second, proxy, "ns-6") }))
	})
	c.check("the first goes on", func(t *testing.T) {
		require.NoError(t, servesBookinfo(fin.istiod, proxy, "ns-6"))
		leader, err := leaders(w, fin)
		require.NoError(t, err)
		require.Equal(t, []string{fin.istiod.Pod}, leader)
	})
	fin.istiod.Discovery.Stop()
	c.check("the second leads, when the first has ended", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			leader, err := leaders(w, fin)
			if err == nil && !slices.Equal(leader, []string{second.Pod}) {
				err = fmt.Errorf("%q lead", leader)
			}
			return err
		}))
	})
	c.check("and does what a leader does", func(t *testing.T) {
		const path = "/api/v1/namespaces/ns-6/configmaps/istio-ca-root-cert"
		answer, err := w.cluster.Admin.Do(http.MethodDelete, path, "")
		require.NoError(t, errors.Join(err, answer.Error()))
		require.NoError(t, cluster.Eventually(patience, func() error {
			_, err := w.cluster.Admin.Get(path)
			return err
		}))
	})
	require.NoError(t, fin.istiod.Discovery.Start())
	require.NoError(t, fin.istiod.Ready(time.Minute))
}

// leaders are the Pods that hold a leader lock of a tenant's istiod.
func leaders(w *world, tenant *tenant) ([]string, error) {
	leases, err := w.cluster.Admin.Items("/apis/coordination.k8s.io/v1/namespaces/" + tenant.controlPlane + "/leases")
	if err != nil {
		return nil, err
	}
	configs, err := w.cluster.Admin.Items("/api/v1/namespaces/" + tenant.controlPlane + "/configmaps")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, lease := range leases {
		holder, _, _ := unstructured.NestedString(lease.Object, "spec", "holderIdentity")
		found = append(found, holder)
	}
	for _, config := range configs {
		if lock, ok := config.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]; ok {
			_, after, _ := strings.Cut(lock, `"holderIdentity":"`)
			holder, _, _ := strings.Cut(after, `"`)
			found = append(found, holder)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// servesBookinfo is nil if an istiod tells a proxy of the Bookinfo of a namespace.
func servesBookinfo(istiod *cluster.Istiod, proxy xds.Node, namespace string) error {
	snapshot, err := askIstiod(istiod, proxy, "9080")
	if err == nil && snapshot.Cluster("outbound|9080||reviews."+namespace+".svc.cluster.local") == nil {
		err = fmt.Errorf("no cluster of reviews among %q", snapshot.Names(xds.Clusters))
	}
	return err
}

// The first token of fin's istiod was changed for another as soon as it was
// ready; see startIstiod.
func TestATokenThatRotates(t *testing.T) {
	c := claims(t, "The API proxy and istiod continue with the token that the kubelet has written to replace an expired one")
	w := theWorld(t)
	fin := w.tenants["fin"]
	time.Sleep(time.Until(w.firstTokenEnds.Add(75 * time.Second))) // a minute that the API server allows, and what it remembers
	c.check("the first token is over", func(t *testing.T) {
		answer, err := w.cluster.WithToken(w.firstToken).Do("GET", "/api/v1/namespaces/ns-6/services", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, answer.Code)
	})
	service := parse(t, `{apiVersion: v1, kind: Service, metadata: {name: rotated, namespace: ns-6}, spec: {ports: [{name: http, port: 80}]}}`)
	defer w.cluster.Admin.Delete(service)
	c.check("watches that are opened anew show what is new", func(t *testing.T) {
		fin.istiod.Proxy.Kill()
		_, err := w.cluster.Admin.Apply(service)
		require.NoError(t, err)
		require.NoError(t, fin.istiod.Proxy.Start())
		require.NoError(t, cluster.Eventually(patience, func() error {
			registry, err := fin.istiod.Debug("/debug/registryz")
			return errors.Join(err, contains(string(registry), "rotated.ns-6.svc"))
		}))
	})
	c.check("istiod was answered 401 nowhere", func(t *testing.T) {
		all, err := w.cluster.Requests("")
		require.NoError(t, err)
		for _, r := range all {
			if r.Code == http.StatusUnauthorized && r.Agent != cluster.Agent {
				t.Errorf("%s %s %s/%s%s by %s", r.Verb, r.Resource, r.Namespace, r.Name, r.NonResource, r.Agent)
			}
		}
	})
}

// quick lets istiod push at once: what the API proxy adds would be little beside
// the time for which istiod waits.
const quick = "PILOT_DEBOUNCE_AFTER=1ms"

func TestTheTimeAndTheMemoryThatTheProxyCosts(t *testing.T) {
	c := claims(t, "A Service reaches a proxy through the API proxy, and from an istiod that reads the whole cluster, in every round")
	w := theWorld(t)
	fin := w.tenants["fin"]
	deployBookinfo(t, w, "ns-6")
	require.NoError(t, w.cluster.RunPods())
	proxied, err := w.cluster.StartVariant(fin.objects, cluster.Variant{Pod: "quick", Env: []string{quick}})
	require.NoError(t, err)
	defer proxied.Stop()
	direct := w.direct(t, fin, quick)
	c.note("%s, ready: %.1f s with the API proxy, %.1f s directly.", size(fin), proxied.Took.Seconds(), direct.Took.Seconds())
	node := proxyOf(t, w, "ns-6", "details")
	const samples = 60
	through, straight := follow(t, proxied, node), follow(t, direct, node)
	var with, without []time.Duration
	for n := range samples {
		name := fmt.Sprintf("late-%d", n)
		service := parse(t, fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: ns-6}, spec: {ports: [{name: http, port: 80}]}}`, name))
		start := time.Now()
		_, err := w.cluster.Admin.Apply(service)
		require.NoError(t, err)
		defer w.cluster.Admin.Delete(service)
		a, b := through.wait(name, patience), straight.wait(name, patience)
		if c.verify(!a.IsZero() && !b.IsZero(), "%s arrives: %v, %v", name, !a.IsZero(), !b.IsZero()) {
			with, without = append(with, a.Sub(start)), append(without, b.Sub(start))
		}
	}
	a, b := median(with), median(without)
	c.note("From a Service's creation to CDS, median of %d: %.1f ms with the API proxy, %.1f ms directly: %.2f times.",
		samples, ms(a), ms(b), ms(a)/ms(b))
	c.note("%s, memory: %s.", size(fin), memory(t, proxied, direct))
}

func size(tenant *tenant) string { return fmt.Sprintf("%d namespaces", len(tenant.namespaces())) }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func memory(t *testing.T, proxied, direct *cluster.Istiod) string {
	t.Helper()
	var text []string
	for _, row := range []struct {
		name string
		of   *cluster.Container
	}{{"API proxy", proxied.Proxy}, {"istiod beside it", proxied.Discovery}, {"istiod that reads the cluster", direct.Discovery}} {
		all, own, err := row.of.Memory()
		require.NoError(t, err)
		text = append(text, fmt.Sprintf("%s %.0f MiB (%.0f without its file)", row.name, all, own))
	}
	return strings.Join(text, ", ")
}

// follower notes when a Service is told first.
type follower struct{ told chan map[string]time.Time }

// follow connects as a proxy for as long as the test runs.
func follow(t *testing.T, istiod *cluster.Istiod, node xds.Node) follower {
	t.Helper()
	caller, err := proxyIn(istiod, node.Namespace)
	require.NoError(t, err)
	f := follower{told: make(chan map[string]time.Time, 1)}
	f.told <- map[string]time.Time{}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	first := make(chan error, 1)
	go func() {
		first <- caller.Follow(ctx, node, xds.Clusters, func(response *discovery.DiscoveryResponse) bool {
			now := time.Now()
			told := <-f.told
			for _, resource := range response.Resources {
				_, after, _ := strings.Cut(string(resource.Value), "outbound|80||")
				name, _, _ := strings.Cut(after, ".")
				if _, known := told[name]; !known {
					told[name] = now
				}
			}
			f.told <- told
			select {
			case first <- nil:
			default:
			}
			return false
		})
	}()
	require.NoError(t, <-first)
	return f
}

// wait returns when a Service was told, or the zero time.
func (f follower) wait(name string, limit time.Duration) time.Time {
	for deadline := time.Now().Add(limit); ; time.Sleep(2 * time.Millisecond) {
		told := <-f.told
		at := told[name]
		f.told <- told
		if !at.IsZero() || time.Now().After(deadline) {
			return at
		}
	}
}
