package e2e

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
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

// world is the cluster that most claims are about: the common base and five
// tenants, each with its istiod. The first test that asks for it starts it.
type world struct {
	once    sync.Once
	err     error
	cluster *cluster.Cluster
	source  checkout.Checkout
	common  []*cluster.Object
	// gatewayAPI is what a cluster administrator installs beside Istio: the
	// Gateway API's kinds, and the class that Istio's gateways are of.
	gatewayAPI []*cluster.Object
	tenants    map[string]*tenant
	took       time.Duration

	firstToken     string // of fin's istiod
	firstTokenEnds time.Time
}

var shared world

// dev and sales are shipped; hr is sales copied, with its names replaced; ops
// and fin are copies with several application namespaces: of ops, istiod reads
// the cluster and is told by discoverySelectors what is its own, and fin's has
// the API proxy beside it.
func newTenants() map[string]*tenant {
	return map[string]*tenant{
		"dev":   {name: "dev", admin: "dev-admin", controlPlane: "istio-system", applications: []string{"ns-0"}},
		"sales": {name: "sales", admin: "sales-admin", controlPlane: "istio-system1", applications: []string{"ns-1"}},
		"hr":    {name: "hr", admin: "hr-admin", controlPlane: "istio-system2", applications: []string{"ns-2"}},
		"ops":   {name: "ops", admin: "ops-admin", controlPlane: "istio-system3", applications: []string{"ns-3", "ns-4"}},
		"fin":   {name: "fin", admin: "fin-admin", controlPlane: "istio-system4", applications: []string{"ns-5", "ns-6", "ns-7"}},
	}
}

var tenantNames = []string{"dev", "sales", "hr", "ops", "fin"}

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
		w.source.CopyTenant("sales", "hr", "sales", "hr", "istio-system1", "istio-system2", "ns-1", "ns-2"),
		w.source.CopyTenant("sales", "ops", "sales", "ops", "istio-system1", "istio-system3", "- ns-1", "- ns-3\n  - ns-4"),
		w.source.CopyTenant("sales", "fin", "sales", "fin", "istio-system1", "istio-system4", "- ns-1", "- ns-5\n  - ns-6\n  - ns-7"+byProxy),
		w.source.Add("fin", withProxy),
	)
	for _, name := range classed {
		err = errors.Join(err, w.source.List(name, "../../bases/istio/gateway-class"))
	}
	if err != nil {
		return err
	}
	var users []string
	for _, name := range tenantNames {
		users = append(users, w.tenants[name].admin)
	}
	users = append(users, "lab-admin", "desk-admin", "roll-admin", "kiosk-admin", "loft-admin", "parcel-admin", "invoices-admin") // of tenants that a test adds
	if w.cluster, err = cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "tenants"), Users: users}); err != nil {
		return err
	}
	if w.gatewayAPI, err = cluster.GatewayAPI(binaries); err != nil {
		return err
	}
	if _, err := w.cluster.Admin.Apply(w.gatewayAPI); err != nil {
		return fmt.Errorf("apply the Gateway API: %w", err)
	}
	if w.common, err = renderCommon(); err != nil {
		return err
	}
	if _, err := w.cluster.Admin.Apply(w.common); err != nil {
		return fmt.Errorf("apply common: %w", err)
	}
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		if tenant.objects, err = w.source.Render("overlays/" + name); err != nil {
			return err
		}
		tenant.stored, tenant.applied = w.cluster.Admin.Apply(tenant.objects)
		if tenant.applied != nil {
			t.Logf("apply %s: %v", name, tenant.applied)
		}
	}
	return w.startIstiods()
}

// byProxy, after the application namespaces of a tenant.yaml, and withProxy, at
// the end of its kustomization.yaml, are what the API proxy asks of an overlay.
const (
	byProxy   = "\n  discovery: proxy"
	withProxy = `
patches:
- target: {kind: Deployment, name: istiod}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: istiod
      annotations:
        istio-tenancy.dev/api-proxy-image: registry.example/istio-tenancy:v1
`
)

// startIstiods starts every tenant's istiod, at once.
func (w *world) startIstiods() error {
	failed := make([]error, len(tenantNames))
	var group sync.WaitGroup
	for i, name := range tenantNames {
		group.Go(func() {
			tenant := w.tenants[name]
			if failed[i] = w.startIstiod(tenant); failed[i] != nil {
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

// firstToken is for how long the first token of fin's istiod is good. Tokens of
// ServiceAccounts last at least ten minutes: this one stands for one of an hour
// that a kubelet has changed in time.
const firstToken = 100 * time.Second

// startIstiod starts one tenant's. The Pod of fin gets another token at once;
// see TestATokenThatRotates.
func (w *world) startIstiod(tenant *tenant) (err error) {
	if tenant.name != "fin" {
		tenant.istiod, err = w.cluster.StartIstiod(tenant.objects)
		return err
	}
	w.firstTokenEnds = time.Now().Add(firstToken)
	w.firstToken, err = w.cluster.Forge(cluster.Claims{
		Namespace: tenant.controlPlane, Name: "istiod-fin", Audience: cluster.Issuer, Expires: w.firstTokenEnds}, nil)
	if err != nil {
		return err
	}
	if tenant.istiod, err = w.cluster.StartVariant(tenant.objects, cluster.Variant{Token: w.firstToken}); err != nil {
		return err
	}
	second, err := w.cluster.ServiceAccountToken(tenant.controlPlane, tenant.istiod.ServiceAccount)
	if err != nil {
		return err
	}
	return tenant.istiod.SetToken(second)
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

// send is what the API server answers to a request.
func send(t *testing.T, client *cluster.Client, method, path, body string) cluster.Answer {
	t.Helper()
	answer, err := client.Do(method, path, body)
	require.NoError(t, err)
	return answer
}
