package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// tenant is one of the shared cluster's.
type tenant struct {
	name         string
	admin        string
	controlPlane string
	applications []string
	objects      []*cluster.Object // as rendered
	stored       []*cluster.Object // as first applied
	applied      error
	istiod       *cluster.Istiod
}

func (t tenant) namespaces() []string { return append([]string{t.controlPlane}, t.applications...) }

// world is the cluster that most claims are about: the common base and four
// tenants, each with its istiod. The first test that asks for it starts it.
type world struct {
	once    sync.Once
	err     error
	cluster *cluster.Cluster
	source  checkout
	common  []*cluster.Object
	// gatewayAPI is what a cluster administrator installs beside Istio: the
	// Gateway API's kinds, and the class that Istio's gateways are of.
	gatewayAPI []*cluster.Object
	tenants    map[string]*tenant
	took       time.Duration
}

var shared world

// dev and sales are shipped; hr is sales copied, with its names replaced; ops
// is another copy, with two application namespaces.
func newTenants() map[string]*tenant {
	return map[string]*tenant{
		"dev":   {name: "dev", admin: "dev-admin", controlPlane: "istio-system", applications: []string{"ns-0"}},
		"sales": {name: "sales", admin: "sales-admin", controlPlane: "istio-system1", applications: []string{"ns-1"}},
		"hr":    {name: "hr", admin: "hr-admin", controlPlane: "istio-system2", applications: []string{"ns-2"}},
		"ops":   {name: "ops", admin: "ops-admin", controlPlane: "istio-system3", applications: []string{"ns-3", "ns-4"}},
	}
}

var tenantNames = []string{"dev", "sales", "hr", "ops"}

// theWorld is the shared cluster; a test that gets it may rely on every tenant
// being applied and every istiod being ready, unless it is about just that.
func theWorld(t *testing.T) *world {
	t.Helper()
	w := &shared
	w.once.Do(func() {
		start := time.Now()
		w.err = w.start(t)
		w.took = time.Since(start)
	})
	require.NoError(t, w.err)
	return w
}

func (w *world) start(t *testing.T) (err error) {
	w.tenants = newTenants()
	dir, err := filepath.Abs(filepath.Join(logs, "checkout"))
	if err != nil {
		return err
	}
	if w.source, err = newCheckout(dir); err != nil {
		return err
	}
	err = errors.Join(
		w.source.copyTenant("sales", "hr", "sales", "hr", "istio-system1", "istio-system2", "ns-1", "ns-2"),
		w.source.copyTenant("sales", "ops", "sales", "ops", "istio-system1", "istio-system3", "- ns-1", "- ns-3\n  - ns-4"),
	)
	if err != nil {
		return err
	}
	var users []string
	for _, name := range tenantNames {
		users = append(users, w.tenants[name].admin)
	}
	users = append(users, "lab-admin") // of a tenant that a test adds
	if w.cluster, err = cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "tenants"), Users: users}); err != nil {
		return err
	}
	if w.gatewayAPI, err = gatewayAPI(); err != nil {
		return err
	}
	if _, err := w.cluster.Admin.Apply(w.gatewayAPI); err != nil {
		return fmt.Errorf("apply the Gateway API: %w", err)
	}
	if w.common, err = w.source.render("bases/istio/common"); err != nil {
		return err
	}
	if _, err := w.cluster.Admin.Apply(w.common); err != nil {
		return fmt.Errorf("apply common: %w", err)
	}
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		if tenant.objects, err = w.source.render("overlays/" + name); err != nil {
			return err
		}
		tenant.stored, tenant.applied = w.cluster.Admin.Apply(tenant.objects)
		if tenant.applied != nil {
			t.Logf("apply %s: %v", name, tenant.applied)
		}
	}
	return w.startIstiods()
}

func gatewayAPI() ([]*cluster.Object, error) {
	files, err := filepath.Glob(filepath.Join(binaries["gateway-api"], "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []*cluster.Object
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		objects, err := cluster.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, objects...)
	}
	class, err := cluster.Parse([]byte(gatewayClass))
	return append(all, class...), err
}

const gatewayClass = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: istio
spec:
  controllerName: istio.io/gateway-controller
`

// startIstiods starts every tenant's istiod, at once.
func (w *world) startIstiods() error {
	failed := make([]error, len(tenantNames))
	var group sync.WaitGroup
	for i, name := range tenantNames {
		group.Go(func() {
			tenant := w.tenants[name]
			if tenant.istiod, failed[i] = w.cluster.StartIstiod(tenant.objects); failed[i] != nil {
				failed[i] = fmt.Errorf("istiod of %s: %w", name, failed[i])
			}
		})
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return w.cluster.RunPods()
}

func (w *world) stop() {
	if w.cluster != nil {
		w.cluster.Stop()
	}
}

// others are all tenants but one.
func (w *world) others(name string) []*tenant {
	var others []*tenant
	for _, other := range tenantNames {
		if other != name {
			others = append(others, w.tenants[other])
		}
	}
	return others
}

// outside are the namespaces that are not a tenant's: the other tenants' and
// the cluster's own.
func (w *world) outside(name string) []string {
	namespaces := []string{"default", "kube-system"}
	for _, other := range w.others(name) {
		namespaces = append(namespaces, other.namespaces()...)
	}
	return namespaces
}
