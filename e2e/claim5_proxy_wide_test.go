package e2e

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

const (
	wideNamespaces = 50
	wideServices   = 2000
)

// The API server is found where Pods of most clusters find it, at the first
// address of the Services, and has its priority and fairness.
func TestFiftyNamespacesAndAnAPIServerThatStartsAnew(t *testing.T) {
	c := claims(t, "A tenant of 50 namespaces and 2,000 Services: with the API proxy, and with another address of the API server, istiod becomes ready, holds every Service, and loses nothing when the API server restarts")
	source, err := newCheckout(t.TempDir())
	require.NoError(t, err)
	wide := &tenant{name: "wide", admin: "wide-admin", controlPlane: "istio-wide"}
	var listed strings.Builder
	for n := range wideNamespaces {
		wide.applications = append(wide.applications, fmt.Sprintf("wide-%02d", n))
		fmt.Fprintf(&listed, "- %s\n  ", wide.applications[n])
	}
	require.NoError(t, source.CopyTenant("sales", "wide", "sales", "wide", "istio-system1", wide.controlPlane, "- ns-1", strings.TrimSpace(listed.String())+byProxy))
	require.NoError(t, source.Add("wide", withProxy))
	wide.objects, err = source.Render("overlays/wide")
	require.NoError(t, err)
	common, err := renderCommon()
	require.NoError(t, err)

	alone, err := cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "wide"), Flags: []string{"--enable-priority-and-fairness=true"}})
	require.NoError(t, err)
	t.Cleanup(alone.Stop)
	for _, objects := range [][]*cluster.Object{common, wide.objects} {
		_, err = alone.Admin.Apply(objects)
		require.NoError(t, err)
	}
	require.NoError(t, createServices(alone, wide))
	address, err := alone.ServiceAddress()
	require.NoError(t, err)
	wide.istiod, err = alone.StartVariant(wide.objects, cluster.Variant{Server: address})
	c.check("ready, at "+address, func(t *testing.T) { require.NoError(t, err) })
	w := &world{cluster: alone}
	direct := w.direct(t, wide)
	registry := func(istiod *cluster.Istiod) (string, error) {
		content, err := debugPage(istiod, "registryz")
		return textOfJSON(content), err
	}
	equal := func() error {
		got, err := registry(wide.istiod)
		if err != nil {
			return err
		}
		want, err := registry(direct)
		if err == nil && got != want {
			err = errors.New(apart(got, want))
		}
		return err
	}
	c.check("every Service is held", func(t *testing.T) {
		text, err := registry(wide.istiod)
		require.NoError(t, err)
		for n := range wideServices {
			if service := serviceOf(wide, n); !strings.Contains(text, service) {
				t.Errorf("%s is not held", service)
			}
		}
		require.NoError(t, cluster.Eventually(patience, equal))
	})
	c.note("%s and %d Services, ready: %.1f s with the API proxy, %.1f s directly.", size(wide), wideServices, wide.istiod.Took.Seconds(), direct.Took.Seconds())
	c.note("%s and %d Services, memory: %s.", size(wide), wideServices, memory(t, wide.istiod, direct))
	c.check("nothing was refused, and no kind that has a namespace was asked for in the whole cluster", func(t *testing.T) {
		asked, refused := clusterScope(t, alone, wide.istiod.User())
		require.Empty(t, asked)
		require.Empty(t, refused)
	})
	c.check("the API server starts anew", func(t *testing.T) {
		require.NoError(t, alone.APIServer().Restart())
		start := time.Now()
		gone, made := serviceObject(t, wide, 7), parse(t, `{apiVersion: v1, kind: Service, metadata: {name: late, namespace: wide-33}, spec: {ports: [{name: http, port: 80}]}}`)
		require.NoError(t, alone.Admin.Delete(gone))
		_, err := alone.Admin.Apply(made)
		require.NoError(t, err)
		arrived := func(istiod *cluster.Istiod) time.Duration {
			require.NoError(t, cluster.Eventually(patience, func() error {
				text, err := registry(istiod)
				if err == nil && strings.Contains(text, serviceOf(wide, 7)) {
					err = errors.New("what is gone is held")
				}
				return errors.Join(err, contains(text, "late.wide-33.svc"))
			}))
			return time.Since(start)
		}
		with := arrived(wide.istiod)
		without := arrived(direct)
		require.NoError(t, cluster.Eventually(patience, equal))
		c.note("After the API server was ready again, changes arrived within %.1f s with the API proxy, %.1f s directly.", with.Seconds(), without.Seconds())
	})
	// An API server that has just begun refuses what it has not read the rights of,
	// whoever asks.
	c.check("no kind that has a namespace was asked for in the whole cluster afterwards", func(t *testing.T) {
		asked, _ := clusterScope(t, alone, wide.istiod.User())
		require.Empty(t, asked)
	})
}

func serviceOf(wide *tenant, n int) string {
	return fmt.Sprintf("s-%d.%s.svc", n, wide.applications[n%len(wide.applications)])
}

func serviceObject(t *testing.T, wide *tenant, n int) []*cluster.Object {
	t.Helper()
	name, namespace, _ := strings.Cut(strings.TrimSuffix(serviceOf(wide, n), ".svc"), ".")
	return parse(t, fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: %s}}`, name, namespace))
}

// createServices makes the Services, several at a time.
func createServices(c *cluster.Cluster, wide *tenant) error {
	const workers = 8
	failed := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for n := worker; n < wideServices && failed[worker] == nil; n += workers {
				name, namespace, _ := strings.Cut(strings.TrimSuffix(serviceOf(wide, n), ".svc"), ".")
				answer, err := c.Admin.Do("POST", "/api/v1/namespaces/"+namespace+"/services", object("v1", "Service", name, `"spec":{"ports":[{"port":80}]}`))
				failed[worker] = errors.Join(err, answer.Error())
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}
