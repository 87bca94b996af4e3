package gitops

import (
	"errors"
	"fmt"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ControlPlanes are the namespaces of the shipped tenants' control planes.
var ControlPlanes = map[string]string{"dev": "istio-system", "sales": "istio-system1"}

// Verify counts a check, as that of a claim does.
type Verify func(ok bool, format string, args ...any) bool

// Certified says whether a tenant's istiod has written all that it writes beside what
// was applied: its CA in its webhooks.
func (w *World) Certified(tenant string) error {
	for _, kind := range []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"} {
		all, err := w.Node.Cluster.Admin.Items("/apis/admissionregistration.k8s.io/v1/" + kind + "?labelSelector=istio-tenancy.dev/tenant=" + tenant)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fmt.Errorf("%s has no %s", tenant, kind)
		}
		for _, object := range all {
			hooks, _, _ := unstructured.NestedSlice(object.Object, "webhooks")
			for _, hook := range hooks {
				if ca, _, _ := unstructured.NestedString(hook.(map[string]any), "clientConfig", "caBundle"); ca == "" {
					return fmt.Errorf("%s has no CA yet", cluster.ID(object))
				}
			}
		}
	}
	return nil
}

// kept says whether an object is the one that it was, and nobody deletes it.
func (w *World) kept(before *cluster.Object) error {
	after, err := w.Node.Cluster.Admin.Read(before)
	if err == nil && (after.GetUID() != before.GetUID() || after.GetDeletionTimestamp() != nil) {
		err = fmt.Errorf("%s was deleted", cluster.ID(before))
	}
	return err
}

// CheckKept checks that each object is the one that it was.
func (w *World) CheckKept(verify Verify, before []*cluster.Object) {
	for _, object := range before {
		err := w.kept(object)
		verify(err == nil, "%v", err)
	}
}

// CheckGone checks that each object goes, within a limit.
func (w *World) CheckGone(verify Verify, limit time.Duration, before []*cluster.Object) {
	for _, object := range before {
		err := cluster.Eventually(limit, func() error { return w.gone(object) })
		verify(err == nil, "%v", err)
	}
}

func (w *World) gone(object *cluster.Object) error {
	path, err := w.Node.Cluster.Admin.Path(object)
	if errors.Is(err, cluster.ErrNoKind) {
		return nil
	} else if err != nil {
		return err
	}
	return w.Node.Cluster.Admin.Gone(path)
}

// DeleteTenant runs the commands by which docs/gitops.md deletes what a tool has left of
// a tenant.
func (w *World) DeleteTenant(tenant string) error {
	for _, kinds := range []string{"namespaces", "clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations," +
		"validatingadmissionpolicies,validatingadmissionpolicybindings"} {
		out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, "delete", kinds, "-l", "istio-tenancy.dev/tenant="+tenant)
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}
