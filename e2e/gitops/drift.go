package gitops

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// drifts are changes by hand, one of each kind that is rendered, as merge patches. What
// Kubernetes itself changes is left alone. Each changes a field that is rendered: one
// that is added would be nobody's in Git, and stay. A ConfigMap's are its own, so each
// is changed.
var drifts = map[string]string{
	"Namespace":                        `{"metadata":{"labels":{"istio.io/rev":"somebody"}}}`,
	"ServiceAccount":                   `{"metadata":{"labels":{"istio-tenancy.dev/tenant":null}}}`,
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

// Drift changes an object by hand, as fits its kind. The tool may be quick to repair
// it, so that the answer to the change is what tells whether there was one.
func (w *World) Drift(object *cluster.Object) error {
	admin := w.Node.Cluster.Admin
	change := drifts[object.GetKind()]
	if object.GetKind() == "ConfigMap" {
		data := map[string]string{}
		for key := range object.Object["data"].(map[string]any) {
			data[key] = "{}"
		}
		text, err := json.Marshal(map[string]any{"data": data})
		if err != nil {
			return err
		}
		change = string(text)
	}
	if change == "" {
		return fmt.Errorf("%s is rendered, and no change of its kind is known", cluster.ID(object))
	}
	path, err := admin.Path(object)
	if err != nil {
		return err
	}
	answer, err := admin.Do(http.MethodPatch, path, change)
	if err := errors.Join(err, answer.Error()); err != nil {
		return fmt.Errorf("change %s by hand: %w", cluster.ID(object), err)
	}
	changed := &cluster.Object{}
	if err := json.Unmarshal(answer.Body, &changed.Object); err != nil {
		return err
	}
	if reflect.DeepEqual(content(object), content(changed)) {
		return fmt.Errorf("%s is not changed by %s", cluster.ID(object), change)
	}
	return nil
}

// Restored says whether an object is what it was.
func (w *World) Restored(before *cluster.Object) error {
	after, err := w.Node.Cluster.Admin.Read(before)
	if err != nil {
		return err
	}
	if a, b := content(before), content(after); !reflect.DeepEqual(a, b) {
		return fmt.Errorf("%s was %v, and is %v", cluster.ID(before), a, b)
	}
	return nil
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
