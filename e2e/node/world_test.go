package node_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/image"
	"github.com/istio-tenancy/istio-tenancy/e2e/node"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// tenant is one of the node's.
type tenant struct {
	name         string
	admin        string
	controlPlane string
	applications []string
	objects      []*cluster.Object // as rendered
}

func (t *tenant) namespaces() []string { return append([]string{t.controlPlane}, t.applications...) }

// istiod is the name of the tenant's Deployment, and of its Service.
func (t *tenant) istiod() string { return "istiod-" + t.name }

// xds is where proxies ask an istiod of the tenant, of a Service of this name.
func (t *tenant) xds(istiod string) string { return istiod + "." + t.controlPlane + ".svc:15012" }

// world is the node that all claims are about: the common base and three tenants,
// whose istiods run as Pods. The first test that asks for it starts it.
type world struct {
	once     sync.Once
	err      error
	enforce  sync.Once
	enforced error     // of enforce
	enforces bool      // a test has asked for theEnforcedWorld
	since    time.Time // NetworkPolicies hold
	node     *node.Node
	source   checkout.Checkout
	common   []*cluster.Object // as rendered
	tenants  map[string]*tenant
}

var shared world

// dev has the gateway of bases/istio/gateway beside what is shipped; sales has one of
// its own, which istiod injects, and lets the namespace monitoring in; fin has two
// application namespaces, and the API proxy beside its istiod. sales and fin have the
// addons.
var tenantNames = []string{"dev", "sales", "fin"}

func newTenants() map[string]*tenant {
	return map[string]*tenant{
		"dev":   {name: "dev", admin: "dev-admin", controlPlane: "istio-system", applications: []string{"ns-0"}},
		"sales": {name: "sales", admin: "sales-admin", controlPlane: "istio-system1", applications: []string{"ns-1"}},
		"fin":   {name: "fin", admin: "fin-admin", controlPlane: "istio-system4", applications: []string{"ns-5", "ns-6"}},
	}
}

const (
	// appImage is the image of the program in ./app.
	appImage = "e2e.local/app:1"
	// gatewayImage is that of the program in ./gateway.
	gatewayImage = "e2e.local/gateway:1"
	// attackerImage is the image of the program in ./attacker.
	attackerImage = "e2e.local/attacker:1"
	// grpcImage is the image of the program in ./grpc.
	grpcImage = "e2e.local/grpc:1"
	// apiProxyImage is that of this program.
	apiProxyImage = "e2e.local/istio-tenancy:1"
)

// theWorld is the node with its tenants; every istiod is available.
func theWorld(t *testing.T) *world {
	t.Helper()
	w := &shared
	w.once.Do(func() { w.err = w.start(t) })
	require.NoError(t, w.err)
	return w
}

func (w *world) start(t *testing.T) (err error) {
	begin := time.Now()
	dir, err := filepath.Abs(filepath.Join(logs, "checkout"))
	if err != nil {
		return err
	}
	path, err := filepath.Abs(tools)
	if err != nil {
		return err
	}
	if w.source, err = checkout.New("../..", dir, path); err != nil {
		return err
	}
	w.tenants = newTenants()
	if err := w.writeOverlays(); err != nil {
		return err
	}
	made, err := image.Open(binaries["image"])
	if err != nil {
		return err
	}
	var users []string
	for _, name := range tenantNames {
		users = append(users, w.tenants[name].admin)
	}
	var renders errgroup.Group // while the API server starts
	renders.Go(w.render)
	apply := func(to *cluster.Cluster) error {
		if err := renders.Wait(); err != nil {
			return err
		}
		return w.apply(to)
	}
	w.node, err = node.Start(binaries, node.Options{Logs: logs, Users: users, Meanwhile: apply, Images: []node.Image{
		{Name: "docker.io/istio/pilot:1.31.0", Also: []string{"docker.io/istio/pilot:" + nextTag}, Program: binaries["pilot-discovery"], User: "1337"},
		{Name: "docker.io/istio/proxyv2:1.31.0", Also: []string{"docker.io/istio/proxyv2:" + nextTag}, Program: binaries["pilot-agent"], User: "1337", Later: true},
		{Name: apiProxyImage, Root: made.Root, Entrypoint: made.Entrypoint, User: fmt.Sprint(made.User)},
		{Name: appImage, Program: binaries["app"], User: "1000", Later: true},
		{Name: gatewayImage, Program: binaries["gateway"], User: "1337"},
		{Name: "docker.io/prom/prometheus:v3.10.0", Program: binaries["prometheus"], User: "65534"},
		{Name: "docker.io/grafana/grafana:12.0.1", Also: []string{"docker.io/jaegertracing/jaeger:2.17.0", "quay.io/kiali/kiali:v2.27"},
			Program: binaries["dashboard"], User: "1000", Files: map[string]string{"/opt/kiali/kiali": binaries["dashboard"]}},
		{Name: attackerImage, Program: binaries["attacker"], User: "1000", Later: true},
		{Name: grpcImage, Program: binaries["grpc"], User: "1337", Later: true},
		{Name: "docker.io/istio/istioctl:1.31.0", Program: binaries["istioctl"], User: "1000", Later: true,
			Files: map[string]string{"/usr/local/bin/sleep": binaries["pause"]}},
	}})
	if err != nil {
		return err
	}
	t.Logf("the node is ready after %s", time.Since(begin).Round(time.Second))
	for _, name := range tenantNames {
		if err := w.node.Available(w.tenants[name].controlPlane, w.tenants[name].istiod(), patience); err != nil {
			return err
		}
	}
	t.Logf("%d istiods are available after %s", len(tenantNames), time.Since(begin).Round(time.Second))
	return nil
}

// render renders what is shipped, and the tenants.
func (w *world) render() (err error) {
	if w.common, err = w.source.Render("bases/istio/common"); err != nil {
		return err
	}
	for _, name := range tenantNames {
		if w.tenants[name].objects, err = w.source.Render("overlays/" + name); err != nil {
			return err
		}
	}
	return nil
}

// apply applies what was rendered.
func (w *world) apply(to *cluster.Cluster) error {
	if _, err := to.Admin.Apply(w.common); err != nil {
		return fmt.Errorf("apply common: %w", err)
	}
	gatewayAPI, err := cluster.GatewayAPI(binaries)
	if err != nil {
		return err
	}
	if _, err := to.Admin.Apply(gatewayAPI); err != nil {
		return fmt.Errorf("apply the Gateway API: %w", err)
	}
	for _, name := range tenantNames {
		if _, err := to.Admin.Apply(w.tenants[name].objects); err != nil {
			return fmt.Errorf("apply %s: %w", name, err)
		}
	}
	return w.giveSigningKeys(to)
}

// theEnforcedWorld is theWorld, whose NetworkPolicies hold.
func theEnforcedWorld(t *testing.T) *world {
	t.Helper()
	w := theWorld(t)
	w.enforce.Do(func() { w.enforces, w.enforced = true, w.startEnforcing() })
	require.NoError(t, w.enforced)
	return w
}

// startEnforcing returns when a connection that was possible is no more: that of
// sales' istiod to dev's.
func (w *world) startEnforcing() error {
	from, err := w.istiod("sales")
	if err != nil {
		return err
	}
	to, err := w.istiod("dev")
	if err != nil {
		return err
	}
	xds := to.Address + ":15012"
	if !from.Reaches(xds, time.Second) {
		return fmt.Errorf("%s does not reach %s before NetworkPolicies are enforced", from.Address, xds)
	}
	if err := w.node.Enforce(); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error {
		if from.Reaches(xds, time.Second) {
			return fmt.Errorf("%s reaches %s: NetworkPolicies are not enforced", from.Address, xds)
		}
		w.since = time.Now()
		return nil
	})
}

// istiods are the Pods of a tenant's istiod.
func (w *world) istiods(of *tenant) ([]*cluster.Object, error) {
	return w.node.Cluster.Admin.Items("/api/v1/namespaces/" + of.controlPlane + "/pods?labelSelector=app=istiod")
}

// oneIstiod is the Pod of a tenant's istiod, of which there is one.
func (w *world) oneIstiod(of *tenant) (*cluster.Object, error) {
	pods, err := w.istiods(of)
	if err == nil && len(pods) != 1 {
		err = fmt.Errorf("%s has %d Pods, but must have 1", of.istiod(), len(pods))
	}
	if err != nil {
		return nil, err
	}
	return pods[0], nil
}

// istiod is the network of a tenant's istiod.
func (w *world) istiod(name string) (node.Place, error) {
	pod, err := w.oneIstiod(w.tenants[name])
	if err != nil {
		return node.Place{}, err
	}
	return w.node.Pod(pod.GetNamespace(), pod.GetName())
}

func (w *world) stop() {
	if w.node != nil {
		w.node.Stop()
	}
}
