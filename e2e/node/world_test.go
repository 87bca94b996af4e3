package node_test

import (
	"errors"
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

// world is the node that all claims are about: the common base and three tenants,
// whose istiods run as Pods. The first test that asks for it starts it.
type world struct {
	once    sync.Once
	err     error
	node    *node.Node
	source  checkout.Checkout
	tenants map[string]*tenant
}

var shared world

// dev and sales are as shipped, but that application namespaces of dev are let in
// by allowFrom where a test asks; fin has two application namespaces, and the API proxy beside its istiod.
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
	// grpcImage is the image of the program in ./grpc.
	grpcImage = "e2e.local/grpc:1"
	// apiProxyImage is the one that the Dockerfile makes.
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
	if err := errors.Join(
		w.source.CopyTenant("sales", "fin", "sales", "fin", "istio-system1", "istio-system4", "- ns-1", "- ns-5\n  - ns-6\n  discovery: proxy"),
		w.source.Add("fin", withProxy),
	); err != nil {
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
	w.node, err = node.Start(binaries, node.Options{Logs: logs, Users: users, Images: []node.Image{
		{Name: "docker.io/istio/pilot:1.31.0", Program: binaries["pilot-discovery"], User: "1337"},
		{Name: "docker.io/istio/proxyv2:1.31.0", Program: binaries["pilot-agent"], User: "1337"},
		{Name: apiProxyImage, Root: made.Root, Entrypoint: made.Entrypoint, User: fmt.Sprint(made.User)},
		{Name: appImage, Program: binaries["app"], User: "1000"},
		{Name: grpcImage, Program: binaries["grpc"], User: "1337"},
		{Name: "docker.io/istio/pilot:" + nextTag, Program: binaries["pilot-discovery"], User: "1337"},
	}})
	if err != nil {
		return err
	}
	t.Logf("the node is ready after %s", time.Since(begin).Round(time.Second))
	admin := w.node.Cluster.Admin
	common, err := w.source.Render("bases/istio/common")
	if err != nil {
		return err
	}
	if _, err := admin.Apply(common); err != nil {
		return fmt.Errorf("apply common: %w", err)
	}
	for _, name := range tenantNames {
		tenant := w.tenants[name]
		if tenant.objects, err = w.source.Render("overlays/" + name); err != nil {
			return err
		}
		if _, err := admin.Apply(tenant.objects); err != nil {
			return fmt.Errorf("apply %s: %w", name, err)
		}
	}
	for _, name := range tenantNames {
		if err := w.node.Available(w.tenants[name].controlPlane, w.tenants[name].istiod(), 2*time.Minute); err != nil {
			return err
		}
	}
	t.Logf("%d istiods are available after %s", len(tenantNames), time.Since(begin).Round(time.Second))
	return nil
}

func (w *world) stop() {
	if w.node != nil {
		w.node.Stop()
	}
}

// withProxy states the API proxy's image in an overlay.
const withProxy = `
patches:
- target: {kind: Deployment}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: istiod
      annotations: {istio-tenancy.dev/api-proxy-image: "` + apiProxyImage + `"}
`
