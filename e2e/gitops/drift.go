package gitops

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// drifts are changes by hand, one of each kind that is rendered, as merge patches. What
// Kubernetes itself changes is left alone. Each changes a field that is rendered: one
// that is added would be nobody's in Git, and stay. Of a ConfigMap every key is changed.
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
	"ValidatingAdmissionPolicyBinding": `{"spec":{"policyName":"somebody"}}`,
}

// OneOfEachKind is an object of each kind that is rendered, by its kind: of the tenant
// sales, or else of the common base. rendered are what the tool has applied under a name.
func OneOfEachKind(rendered func(name string) ([]*cluster.Object, error)) (map[string]*cluster.Object, error) {
	chosen := map[string]*cluster.Object{}
	for _, name := range []string{"tenancy-common", "tenant-sales"} {
		objects, err := rendered(name)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			chosen[object.GetKind()] = object
		}
	}
	return chosen, nil
}

// Drift changes an object by hand, as fits its kind: with kubectl, since Flux takes back
// whole fields from that alone. The tool may be quick to repair it, so that kubectl's
// answer is what tells whether there was a change.
func (w *World) Drift(object *cluster.Object) error {
	change, err := driftOf(object)
	if err != nil {
		return err
	}
	gvk := object.GroupVersionKind()
	kind := gvk.Kind
	if gvk.Group != "" {
		kind += "." + gvk.Version + "." + gvk.Group
	}
	arguments := []string{"patch", kind, object.GetName(), "--type", "merge", "-p", change}
	if namespace := object.GetNamespace(); namespace != "" {
		arguments = append(arguments, "-n", namespace)
	}
	switch out, err := w.Node.Cluster.Kubectl(cluster.ClusterAdmin, arguments...); {
	case err != nil:
		return fmt.Errorf("change %s by hand: %w: %s", cluster.ID(object), err, out)
	case strings.Contains(out, "(no change)"):
		return fmt.Errorf("%s is not changed by %s", cluster.ID(object), change)
	}
	return nil
}

func driftOf(object *cluster.Object) (string, error) {
	if object.GetKind() == "ConfigMap" {
		data := map[string]string{}
		for key := range object.Object["data"].(map[string]any) {
			data[key] = "{}"
		}
		text, err := json.Marshal(map[string]any{"data": data})
		return string(text), err
	}
	if change, found := drifts[object.GetKind()]; found {
		return change, nil
	}
	return "", fmt.Errorf("%s is rendered, and no change of its kind is known", cluster.ID(object))
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

// content is what somebody wants of an object. The address that the API server gives a
// Service is another when it is made again.
func content(object *cluster.Object) map[string]any {
	all := map[string]any{}
	object = object.DeepCopy()
	if object.GetKind() == "Service" {
		for _, field := range []string{"clusterIP", "clusterIPs"} {
			unstructured.RemoveNestedField(object.Object, "spec", field)
		}
	}
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
