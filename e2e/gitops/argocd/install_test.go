package argocd_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// notRun are the Deployments of install.yaml that are left out: Argo CD's web server,
// which users log in to, what lets them log in with other accounts, and what sends
// messages. Nothing that is tested passes through them.
var notRun = []string{"argocd-server", "argocd-dex-server", "argocd-notifications-controller"}

// installation is what the README of the examples says of Argo CD's own manifests. The
// image's name is the one thing that a user writes, too. Argo CD looks for Applications
// in tenants' namespaces as well, which gives tenants more to try.
const installation = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: argocd
resources:
- namespace.yaml
- install.yaml
components:
- ../examples/argocd/plugin
- ../examples/argocd/impersonation
patches:
- target: {kind: ConfigMap, name: argocd-cmd-params-cm}
  patch: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: argocd-cmd-params-cm}
    data: {application.namespaces: "ns-0,ns-1"}
images:
- {name: registry.example/istio-tenancy, newName: e2e.local/istio-tenancy, newTag: "1"}
`

// installed are the objects of Argo CD with the examples' components laid over them.
func installed(w *gitops.World) ([]*cluster.Object, error) {
	dir := filepath.Join(w.Platform.Dir, "argocd")
	upstream, err := os.ReadFile(filepath.Join(binaries["argocd-manifests"], "install.yaml"))
	err = errors.Join(err, os.MkdirAll(dir, 0o755))
	for name, text := range map[string]string{
		"kustomization.yaml": installation,
		"namespace.yaml":     "apiVersion: v1\nkind: Namespace\nmetadata: {name: argocd}\n",
		"install.yaml":       string(upstream),
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	if err != nil {
		return nil, err
	}
	text, err := w.Build("argocd")
	if err != nil {
		return nil, err
	}
	objects, err := cluster.Parse(text)
	if err != nil {
		return nil, err
	}
	return withoutRegistry(objects)
}

// withoutRegistry changes what cannot be where there is no registry: images are not
// asked for, and the command line, which the program lacks, makes no password.
func withoutRegistry(objects []*cluster.Object) ([]*cluster.Object, error) {
	var kept []*cluster.Object
	for _, object := range objects {
		if object.GetKind() == "Deployment" && slices.Contains(notRun, object.GetName()) {
			continue
		}
		kept = append(kept, object)
		if object.GetKind() != "Deployment" && object.GetKind() != "StatefulSet" {
			continue
		}
		for _, list := range []string{"containers", "initContainers"} {
			path := []string{"spec", "template", "spec", list}
			containers, _, err := unstructured.NestedSlice(object.Object, path...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", cluster.ID(object), err)
			}
			containers = slices.DeleteFunc(containers, func(c any) bool { return c.(map[string]any)["name"] == "secret-init" })
			for _, c := range containers {
				c.(map[string]any)["imagePullPolicy"] = "IfNotPresent"
			}
			if len(containers) == 0 {
				unstructured.RemoveNestedField(object.Object, path...)
			} else if err := unstructured.SetNestedSlice(object.Object, containers, path...); err != nil {
				return nil, err
			}
		}
	}
	password, err := cluster.Parse([]byte("apiVersion: v1\nkind: Secret\nmetadata: {name: argocd-redis, namespace: argocd}\nstringData: {auth: e2e}\n"))
	return append(kept, password...), err
}
