package flux_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
)

// controllers are those that run. The others of Flux are not needed for what is tested.
var controllers = []string{"source-controller", "kustomize-controller"}

const (
	// version is that of both controllers, as their manifests name their images.
	version = "v1.9.6"
	// bootstrapped is the folder that flux bootstrap writes.
	bootstrapped = "clusters/main/flux-system"
)

// bootstrap writes into the platform's repository what `flux bootstrap` writes there,
// with components added as README.md of the example says. Flux' command builds
// gotk-components.yaml from the manifests of its controllers' releases; here, these are
// the same files of the controllers' modules.
func bootstrap(w *gitops.World, components ...string) error {
	dir := filepath.Join(w.Platform.Dir, ".gotk")
	defer os.RemoveAll(dir)
	manifests := binaries["flux-manifests"]
	failed := []error{
		os.CopyFS(filepath.Join(dir, "roles", "rbac"), os.DirFS(filepath.Join(manifests, "rbac"))),
		os.CopyFS(filepath.Join(dir, "policies"), os.DirFS(filepath.Join(manifests, "policies"))),
		write(filepath.Join(dir, "kustomization.yaml"), gotk),
		write(filepath.Join(dir, "labels.yaml"), labels),
		write(filepath.Join(dir, "namespace.yaml"), namespace),
		write(filepath.Join(dir, "roles", "kustomization.yaml"), "namespace: flux-system\nnameSuffix: -flux-system\nresources: [rbac]\n"),
	}
	for _, name := range controllers {
		base := filepath.Join(dir, name)
		failed = append(failed,
			os.CopyFS(base, os.DirFS(filepath.Join(manifests, "bases", name))),
			os.CopyFS(filepath.Join(base, "config"), os.DirFS(binaries[name+"-config"])),
		)
		file := filepath.Join(base, "kustomization.yaml")
		text, err := os.ReadFile(file)
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			if strings.HasSuffix(line, name+".crds.yaml") {
				lines[i] = "- config/crd"
			} else if strings.HasSuffix(line, name+".deployment.yaml") {
				lines[i] = "- config/manager"
			}
		}
		failed = append(failed, err, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	built, err := w.Build(".gotk")
	if err != nil {
		return err
	}
	kustomization := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- gotk-components.yaml\n- gotk-sync.yaml\n"
	if len(components) > 0 {
		kustomization += "components:\n"
		for _, name := range components {
			kustomization += "- ../../../examples/flux/" + name + "\n"
		}
	}
	into := filepath.Join(w.Platform.Dir, bootstrapped)
	return errors.Join(
		write(filepath.Join(into, "gotk-components.yaml"), string(built)),
		write(filepath.Join(into, "gotk-sync.yaml"), gotkSync),
		write(filepath.Join(into, "kustomization.yaml"), kustomization),
	)
}

func write(file, text string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644))
}

// gotk is what Flux' command lays over the manifests: without its
// notification-controller, events are sent nowhere.
const gotk = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: flux-system
transformers: [labels.yaml]
resources:
- namespace.yaml
- policies
- roles
- source-controller
- kustomize-controller
patches:
- target: {group: apps, version: v1, kind: Deployment}
  patch: |
    - op: replace
      path: /spec/template/spec/containers/0/args/0
      value: --events-addr=
    - op: add
      path: /spec/template/spec/nodeSelector
      value: {kubernetes.io/os: linux}
images:
- {name: fluxcd/source-controller, newName: ghcr.io/fluxcd/source-controller}
- {name: fluxcd/kustomize-controller, newName: ghcr.io/fluxcd/kustomize-controller}
`

const labels = `
apiVersion: builtin
kind: LabelTransformer
metadata: {name: labels}
labels:
  app.kubernetes.io/instance: flux-system
  app.kubernetes.io/part-of: flux
fieldSpecs:
- {path: metadata/labels, create: true}
- {kind: Deployment, path: spec/template/metadata/labels, create: true}
`

const namespace = `
apiVersion: v1
kind: Namespace
metadata: {name: flux-system}
`

// gotkSync has Flux apply its own folder; no account is needed to read the repository.
const gotkSync = `
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 1m
  ref: {branch: main}
  url: ` + gitops.URL + `platform.git
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  path: ./clusters/main
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
`
