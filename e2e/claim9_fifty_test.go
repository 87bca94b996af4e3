package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

const (
	manyTenants = 50
	neighbours  = 7 // how many others each tenant is tried on
)

// fifty is a cluster with many tenants, without istiods. The first test that asks for it
// starts it.
type fifty struct {
	once             sync.Once
	err              error
	cluster          *cluster.Cluster
	common           []*cluster.Object
	tenants          []*tenant
	size             int // of what was rendered, in bytes
	rendered, stored time.Duration
}

var many fifty

func theFifty(t *testing.T) *fifty {
	t.Helper()
	f := &many
	f.once.Do(func() { f.err = f.start(t) })
	require.NoError(t, f.err)
	return f
}

func (f *fifty) start(t *testing.T) error {
	dir, err := filepath.Abs(filepath.Join(logs, "fifty", "checkout"))
	if err != nil {
		return err
	}
	source, err := newCheckout(dir)
	if err != nil {
		return err
	}
	f.tenants = make([]*tenant, manyTenants)
	for i := range f.tenants {
		name := fmt.Sprintf("t%02d", i)
		f.tenants[i] = &tenant{name: name, admin: name + "-admin", controlPlane: "istio-" + name, applications: []string{"app-" + name}}
		if err := source.CopyTenant("sales", name, "sales", name, "istio-system1", "istio-"+name, "ns-1", "app-"+name); err != nil {
			return err
		}
	}
	start := time.Now()
	f.size = renderAll(t, source, f.tenants)
	f.rendered = time.Since(start)

	if f.cluster, err = cluster.Start(binaries, cluster.Options{Logs: filepath.Join(logs, "fifty")}); err != nil {
		return err
	}
	if f.common, err = renderCommon(); err != nil {
		return err
	}
	if _, err := f.cluster.Admin.Apply(f.common); err != nil {
		return err
	}
	start = time.Now()
	err = sideBySide(len(f.tenants), func(i int) error {
		f.tenants[i].stored, f.tenants[i].applied = f.cluster.Admin.Apply(f.tenants[i].objects)
		return nil
	})
	f.stored = time.Since(start)
	return err
}

func (f *fifty) stop() {
	if f.cluster != nil {
		f.cluster.Stop()
	}
}

func TestFiftyTenantsOfOneAPIServerAreIsolatedPairwise(t *testing.T) {
	c := claims(t, "Fifty tenants on one API server apply cleanly, and each pair is isolated")
	f := theFifty(t)
	fifty, many := f.cluster, f.tenants
	c.note("Rendered %d tenants in %.1f s: %d objects, %.1f MB.", manyTenants, f.rendered.Seconds(), count(many), float64(f.size)/1e6)
	for _, tenant := range many {
		c.verify(tenant.applied == nil, "apply %s: %v", tenant.name, tenant.applied)
	}
	c.note("Applied them in %.1f s.", f.stored.Seconds())
	unique(c, many)

	start := time.Now()
	require.NoError(t, cluster.Eventually(patience, func() error {
		allowed, err := may(fifty, many[0].admin, "create", "networking.istio.io", "virtualservices", many[0].applications[0])
		if err == nil && !allowed {
			err = fmt.Errorf("the ClusterRole admin is not aggregated yet")
		}
		return err
	}))
	type question struct {
		user, verb, group, resource, namespace string
		allowed                                bool
	}
	var questions []question
	for i, tenant := range many {
		istiod := "system:serviceaccount:" + tenant.controlPlane + ":istiod-" + tenant.name
		questions = append(questions,
			question{tenant.admin, "create", "apps", "deployments", tenant.applications[0], true},
			question{tenant.admin, "list", "", "pods", tenant.controlPlane, true},
			question{istiod, "watch", "", "services", tenant.applications[0], true},
			question{istiod, "update", "coordination.k8s.io", "leases", tenant.controlPlane, true})
		for n := range neighbours {
			other := many[(i+1+n*n)%manyTenants] // 1, 2, 5, 10, 17, 26, 37 further
			for _, namespace := range other.namespaces() {
				for _, user := range []string{tenant.admin, istiod} {
					for _, on := range [][3]string{
						{"list", "", "secrets"}, {"get", "", "configmaps"}, {"list", "", "pods"}, {"create", "apps", "deployments"},
						{"update", "networking.istio.io", "virtualservices"}, {"patch", "", "namespaces"},
						{"create", "", "serviceaccounts/token"},
					} {
						questions = append(questions, question{user, on[0], on[1], on[2], namespace, false})
					}
				}
			}
		}
	}
	require.NoError(t, sideBySide(len(questions), func(i int) error {
		q := questions[i]
		allowed, err := may(fifty, q.user, q.verb, q.group, q.resource, q.namespace)
		if err == nil {
			c.verify(allowed == q.allowed, "%+v: the API server says %t", q, allowed)
		}
		return err
	}))
	c.note("Asked %d SubjectAccessReviews in %.1f s.", len(questions), time.Since(start).Seconds())
}

// sideBySide does n things, many at a time.
func sideBySide(n int, do func(int) error) error {
	failed := make([]error, n)
	next := make(chan int)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := range next {
				failed[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
	return errors.Join(failed...)
}

// renderAll renders the tenants as docs/render.md says for many of them, and returns
// the size in bytes.
func renderAll(t *testing.T, source checkout.Checkout, many []*tenant) (size int) {
	t.Helper()
	args := []string{"render", "--quiet", "--output", "rendered"}
	for _, tenant := range many {
		args = append(args, "overlays/"+tenant.name)
	}
	cmd := exec.Command(filepath.Join(source.Tools, "istio-tenancy"), args...)
	cmd.Dir = source.Dir
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, string(printed))
	for _, tenant := range many {
		text, err := os.ReadFile(filepath.Join(source.Dir, "rendered", tenant.name, "manifests.yaml"))
		require.NoError(t, err)
		tenant.objects, err = cluster.Parse(text)
		require.NoError(t, err)
		size += len(text)
	}
	return size
}

func count(many []*tenant) (n int) {
	for _, tenant := range many {
		n += len(tenant.objects)
	}
	return n
}

// unique checks that no two tenants share an object.
func unique(c *claim, many []*tenant) {
	owner := map[string]string{}
	for _, tenant := range many {
		for _, object := range tenant.objects {
			id := object.GetAPIVersion() + " " + cluster.ID(object)
			c.verify(owner[id] == "", "%s is of %s and of %s", id, owner[id], tenant.name)
			owner[id] = tenant.name
		}
	}
}

// may asks the API server whether a user may do something.
func may(c *cluster.Cluster, user, verb, group, resource, namespace string) (bool, error) {
	review := map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{"user": user, "groups": []string{"system:authenticated"},
			"resourceAttributes": attributes(verb, group, resource, namespace)},
	}
	body, err := json.Marshal(review)
	if err != nil {
		return false, err
	}
	answer, err := c.Admin.Do("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", string(body))
	if err != nil {
		return false, err
	}
	if err := answer.Error(); err != nil {
		return false, err
	}
	var result struct{ Status struct{ Allowed bool } }
	err = json.Unmarshal(answer.Body, &result)
	return result.Status.Allowed, err
}

func attributes(verb, group, resource, namespace string) map[string]any {
	a := map[string]any{"verb": verb, "group": group, "resource": resource, "namespace": namespace}
	if name, sub, ok := strings.Cut(resource, "/"); ok {
		a["resource"], a["subresource"] = name, sub
	}
	if resource == "namespaces" {
		a["name"] = namespace
	}
	return a
}
