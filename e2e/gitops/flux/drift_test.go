package flux_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// drifts are changes by hand, one of each kind that is rendered, as merge patches. What
// Kubernetes itself changes is left alone.
var drifts = map[string]string{
	"Namespace":                        `{"metadata":{"labels":{"istio-tenancy.dev/tenant":"somebody"}}}`,
	"ServiceAccount":                   `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`,
	"ConfigMap":                        `{"data":{"mesh":"trustDomain: somebody","values":"{}","merged-values":"{}","original-values":"{}","config":"policy: disabled"}}`,
	"Service":                          `{"spec":{"selector":{"app":"somebody"}}}`,
	"Deployment":                       `{"spec":{"template":{"spec":{"serviceAccountName":"default"}}}}`,
	"HorizontalPodAutoscaler":          `{"spec":{"maxReplicas":9}}`,
	"PodDisruptionBudget":              `{"spec":{"minAvailable":9}}`,
	"Role":                             `{"rules":[]}`,
	"RoleBinding":                      `{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"somebody"}]}`,
	"ClusterRole":                      `{"rules":[]}`,
	"ClusterRoleBinding":               `{"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"somebody"}]}`,
	"NetworkPolicy":                    `{"spec":{"ingress":[{}]}}`,
	"ResourceQuota":                    `{"spec":{"hard":{"pods":"1"}}}`,
	"LimitRange":                       `{"spec":{"limits":[]}}`,
	"MutatingWebhookConfiguration":     `{"webhooks":[]}`,
	"ValidatingWebhookConfiguration":   `{"webhooks":[]}`,
	"PeerAuthentication":               `{"spec":{"mtls":{"mode":"DISABLE"}}}`,
	"AuthorizationPolicy":              `{"spec":{"action":"ALLOW"}}`,
	"CustomResourceDefinition":         `{"spec":{"names":{"shortNames":["somebody"]}}}`,
	"ValidatingAdmissionPolicy":        `{"spec":{"failurePolicy":"Ignore"}}`,
	"ValidatingAdmissionPolicyBinding": `{"spec":{"validationActions":["Audit"]}}`,
}

func TestDrift(t *testing.T) {
	c := claims(t, "An object of each kind that is rendered, changed by hand, and one of each kind that can be made again, deleted, is as it was after a reconciliation")
	w := fromZero(t)
	for _, name := range ofTheTenants {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.settled(name) }))
	}
	chosen := map[string]*cluster.Object{}
	for _, name := range []string{"tenancy-common", "tenant-sales"} {
		objects, err := w.inventory(name)
		require.NoError(t, err)
		for _, object := range objects {
			chosen[object.GetKind()] = object // rather a tenant's
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		c.Verify(drifts[kind] != "", "%s is rendered, and this test does not change it", kind)
	}
	changed := map[string]*cluster.Object{}
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		path, err := w.admin().Path(chosen[kind])
		require.NoError(t, err)
		answer, err := w.admin().Do(http.MethodPatch, path, drifts[kind])
		if err = errors.Join(err, answer.Error()); !c.Verify(err == nil, "change %s by hand: %v", cluster.ID(chosen[kind]), err) {
			continue
		}
		after, err := w.admin().Read(chosen[kind])
		require.NoError(t, err)
		require.False(t, reflect.DeepEqual(content(chosen[kind]), content(after)), "%s is changed by the test", kind)
		changed[kind] = chosen[kind]
	}
	w.repair(t)
	for _, kind := range slices.Sorted(maps.Keys(changed)) {
		err := w.restored(changed[kind])
		c.Verify(err == nil, "changed: %v", err)
	}
	// A Namespace, a kind and the account of Flux take along what is in them.
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		if kind == "Namespace" || kind == "CustomResourceDefinition" {
			continue
		}
		require.NoError(t, w.admin().Delete([]*cluster.Object{chosen[kind]}))
	}
	w.repair(t)
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		err := w.restored(chosen[kind])
		c.Verify(err == nil, "deleted: %v", err)
	}
}

// repair has Flux reconcile, as it does every ten minutes.
func (w *world) repair(t *testing.T) {
	t.Helper()
	for _, name := range []string{"tenancy-common", "tenant-sales"} {
		require.NoError(t, w.reconciled(name))
	}
	require.NoError(t, w.Node.Available("istio-system1", "istiod-sales", patience))
}

// restored says whether an object is again what it was; istiod needs a moment for its
// part.
func (w *world) restored(before *cluster.Object) error {
	return cluster.Eventually(patience, func() error {
		after, err := w.admin().Read(before)
		if err != nil {
			return err
		}
		if a, b := content(before), content(after); !reflect.DeepEqual(a, b) {
			return fmt.Errorf("%s was %v, and is %v", cluster.ID(before), a, b)
		}
		return nil
	})
}

// content is what somebody wants of an object.
func content(object *cluster.Object) map[string]any {
	all := map[string]any{}
	for key, value := range object.Object {
		if key != "status" && key != "metadata" {
			all[key] = value
		}
	}
	all["labels"] = object.GetLabels()
	annotations := object.GetAnnotations()
	for _, key := range []string{"deployment.kubernetes.io/revision", "reconcile.fluxcd.io/requestedAt"} {
		delete(annotations, key)
	}
	all["annotations"] = fmt.Sprint(annotations)
	return all
}
