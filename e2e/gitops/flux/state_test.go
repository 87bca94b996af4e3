package flux_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const fluxSystem = "flux-system"

// The platform's Kustomizations.
var (
	common        = []string{"flux-system", "platform", "tenancy-common"}
	ofTenants     = []string{"tenant-dev", "tenant-sales", "tenant-dev-applications", "tenant-sales-applications"}
	ofThePlatform = slices.Concat(common, ofTenants)
)

// kustomizations is the path of Flux' Kustomizations of a namespace.
func kustomizations(namespace string) string {
	return "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/" + namespace + "/kustomizations"
}

func kustomization(name string) string { return kustomizations(fluxSystem) + "/" + name }

// sources is the path of a namespace's GitRepositories.
func sources(namespace string) string {
	return "/apis/source.toolkit.fluxcd.io/v1/namespaces/" + namespace + "/gitrepositories"
}

// reconcile asks for an object to be reconciled at once, as Flux' command does.
func (w *world) reconcile(path string) error {
	body := fmt.Sprintf(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, time.Now().Format(time.RFC3339Nano))
	answer, err := w.admin().Do(http.MethodPatch, path, body)
	return errors.Join(err, answer.Error())
}

// reconciled asks, and waits until the Kustomization has been reconciled and is ready.
func (w *world) reconciled(name string) error {
	path := kustomization(name)
	if err := w.reconcile(path); err != nil {
		return err
	}
	return cluster.Eventually(patience, func() error {
		object, err := w.admin().Get(path)
		if err != nil {
			return err
		}
		handled, _, _ := unstructured.NestedString(object.Object, "status", "lastHandledReconcileAt")
		if handled != object.GetAnnotations()["reconcile.fluxcd.io/requestedAt"] {
			return fmt.Errorf("%s has not been reconciled: its last one is %s", cluster.ID(object), handled)
		}
		return cluster.MustBe(object, "Ready")
	})
}

// push commits, and has Flux fetch the commit. Whether anything of it can be applied is
// another question.
func (w *world) push(t *testing.T, of gitops.Repository, source, subject string, files map[string]string) (commit string) {
	t.Helper()
	commit, err := of.Commit(subject, files)
	require.NoError(t, err)
	require.NoError(t, w.reconcile(source))
	require.NoError(t, cluster.Eventually(patience, func() error {
		object, err := w.admin().Get(source)
		if err != nil {
			return err
		}
		found, _, _ := unstructured.NestedString(object.Object, "status", "artifact", "revision")
		if !strings.HasSuffix(found, commit) {
			return fmt.Errorf("%s is at %s instead of %s", cluster.ID(object), found, commit)
		}
		return nil
	}))
	return commit
}

func (w *world) pushPlatform(t *testing.T, subject string, files map[string]string) (commit string) {
	t.Helper()
	return w.push(t, w.Platform, sources(fluxSystem)+"/platform", subject, files)
}

// at says whether a Kustomization has applied a commit, and is ready.
func (w *world) at(name, commit string) error {
	object, err := w.admin().Get(kustomization(name))
	if err != nil {
		return err
	}
	found, _, _ := unstructured.NestedString(object.Object, "status", "lastAppliedRevision")
	if !strings.HasSuffix(found, commit) {
		_, message, _ := readyOf(object)
		return fmt.Errorf("%s has applied %s instead of %s: %s", cluster.ID(object), found, commit, message)
	}
	return cluster.MustBe(object, "Ready")
}

// readyOf is the condition Ready of an object of Flux: its status and message, and
// its reason.
func readyOf(object *cluster.Object) (status, message, reason string) {
	all, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range all {
		if c, _ := item.(map[string]any); c["type"] == "Ready" {
			return fmt.Sprint(c["status"]), fmt.Sprint(c["message"]), fmt.Sprint(c["reason"])
		}
	}
	return "", "", ""
}

// fails waits until a Kustomization that has seen its newest revision is not ready,
// and returns its message.
func (w *world) fails(path string) (string, error) {
	message := ""
	err := cluster.Eventually(patience, func() error {
		object, err := w.admin().Get(path)
		if err != nil {
			return err
		}
		var status, reason string
		status, message, reason = readyOf(object)
		if status != "False" {
			return fmt.Errorf("%s is ready: %s: %s", cluster.ID(object), status, message)
		}
		if reason == "Progressing" || reason == "DependencyNotReady" || reason == "ArtifactFailed" && strings.Contains(message, "retrying") {
			return fmt.Errorf("%s is not decided: %s", cluster.ID(object), message)
		}
		return nil
	})
	return message, err
}

// inventory are the objects that Flux says that a Kustomization has, as they are
// stored.
func (w *world) inventory(name string) ([]*cluster.Object, error) {
	object, err := w.admin().Get(kustomization(name))
	if err != nil {
		return nil, err
	}
	entries, _, _ := unstructured.NestedSlice(object.Object, "status", "inventory", "entries")
	var all []*cluster.Object
	for _, entry := range entries {
		entry := entry.(map[string]any)
		parts := strings.Split(fmt.Sprint(entry["id"]), "_") // namespace, name, group, kind; a colon in a name is two underscores
		group, kind := parts[len(parts)-2], parts[len(parts)-1]
		reference := &cluster.Object{}
		reference.SetAPIVersion(strings.TrimPrefix(group+"/"+fmt.Sprint(entry["v"]), "/"))
		reference.SetKind(kind)
		reference.SetNamespace(parts[0])
		reference.SetName(strings.ReplaceAll(strings.Join(parts[1:len(parts)-2], "_"), "__", ":"))
		stored, err := w.admin().Read(reference)
		if err != nil {
			return nil, err
		}
		all = append(all, stored)
	}
	if len(all) == 0 {
		err = fmt.Errorf("%s has an empty inventory", cluster.ID(object))
	}
	return all, err
}

// written is what is not status of a stored object, and when Flux wrote it.
func written(object *cluster.Object) map[string]any {
	o := object.DeepCopy()
	delete(o.Object, "status")
	metadata := o.Object["metadata"].(map[string]any)
	var fields []any
	for _, m := range o.GetManagedFields() {
		if m.Operation == "Apply" && m.Subresource == "" {
			fields = append(fields, fmt.Sprintf("%s %s", m.Manager, m.Time))
		}
	}
	metadata["managedFields"] = fields
	delete(metadata, "resourceVersion")
	if strings.Contains(o.GetAPIVersion(), "toolkit.fluxcd.io/") { // who asks for a reconciliation writes an annotation
		delete(metadata, "managedFields")
		delete(metadata, "annotations")
	}
	return o.Object
}

// same is the error that names what differs in what was written.
func same(before, after *cluster.Object) error {
	a, b := written(before), written(after)
	x, y := a["metadata"].(map[string]any), b["metadata"].(map[string]any)
	for field := range y {
		if !reflect.DeepEqual(x[field], y[field]) {
			return fmt.Errorf("%s: metadata.%s was %v, and is %v", cluster.ID(before), field, x[field], y[field])
		}
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("%s was %v, and is %v", cluster.ID(before), a, b)
	}
	return nil
}

// settles waits until a Kustomization is ready or not, and returns what it says.
func (w *world) settles(path string) (message string, err error) {
	err = cluster.Eventually(patience, func() error {
		object, err := w.admin().Get(path)
		if err != nil {
			return err
		}
		var status string
		if status, message, _ = readyOf(object); status != "True" && status != "False" {
			return fmt.Errorf("%s is not decided: %s", cluster.ID(object), message)
		}
		return nil
	})
	return message, err
}

// rendered is the one file that render has written for a tenant.
func (w *world) rendered(tenant string) (string, error) {
	files, err := w.Platform.Git("ls-files", "rendered/"+tenant)
	if err != nil {
		return "", err
	}
	for _, file := range strings.Fields(files) {
		if !strings.HasSuffix(file, "kustomization.yaml") {
			return file, nil
		}
	}
	return "", fmt.Errorf("rendered/%s has no file", tenant)
}

// noEndpoints says whether nothing answers for istiod of sales.
func (w *world) noEndpoints() error {
	slices, err := w.admin().Items("/apis/discovery.k8s.io/v1/namespaces/istio-system1/endpointslices?labelSelector=kubernetes.io/service-name=istiod-sales")
	if err != nil {
		return err
	}
	for _, slice := range slices {
		endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, endpoint := range endpoints {
			if ready, _, _ := unstructured.NestedBool(endpoint.(map[string]any), "conditions", "ready"); ready {
				return fmt.Errorf("%s has an endpoint that is ready", cluster.ID(slice))
			}
		}
	}
	return nil
}
