package gitops

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// Spare is an application namespace that a test gives to sales, and takes out again.
const Spare = "ns-spare"

const spareSecret = "/api/v1/namespaces/" + Spare + "/secrets/kept"

// WithSpare is the file of the tenant sales, with one namespace more.
func WithSpare(file string) string {
	return strings.Replace(file, "  - ns-1\n", "  - ns-1\n  - "+Spare+"\n", 1)
}

// FillSpare puts into the namespace what no tool has made.
func (w *World) FillSpare() error {
	answer, err := w.Node.Cluster.Admin.Do(http.MethodPost, "/api/v1/namespaces/"+Spare+"/secrets",
		`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"kept"},"stringData":{"a":"b"}}`)
	return errors.Join(err, answer.Error())
}

// CheckSpareStays checks what becomes of the namespace when it is taken out of the
// tenant's file: what was rendered into it goes, within a limit, and then the command of
// docs/gitops.md deletes it. It makes five checks.
func (w *World) CheckSpareStays(check func(string, func(*testing.T)), limit time.Duration) {
	admin := w.Node.Cluster.Admin
	goes := func(path string) func(*testing.T) {
		return func(t *testing.T) {
			if err := cluster.Eventually(limit, func() error { return admin.Gone(path) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	check("its NetworkPolicy is pruned", goes("/apis/networking.k8s.io/v1/namespaces/"+Spare+"/networkpolicies/allow-tenant"))
	check("its RoleBinding is pruned", goes("/apis/rbac.authorization.k8s.io/v1/namespaces/"+Spare+"/rolebindings/access-all-"+Spare))
	check("it stays, of the same tenant", func(t *testing.T) {
		namespace, err := admin.Get("/api/v1/namespaces/" + Spare)
		if err != nil {
			t.Fatal(err)
		}
		if namespace.GetDeletionTimestamp() != nil || namespace.GetLabels()["istio-tenancy.dev/tenant"] != "sales" {
			t.Fatalf("Namespace %s is deleted, or has the labels %v", Spare, namespace.GetLabels())
		}
	})
	check("so does what is in it", func(t *testing.T) {
		if _, err := admin.Get(spareSecret); err != nil {
			t.Fatal(err)
		}
	})
	check("the page's command deletes it", func(t *testing.T) {
		if out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "delete", "namespace", Spare); err != nil {
			t.Fatal(err, out)
		}
		goes("/api/v1/namespaces/" + Spare)(t)
	})
}
