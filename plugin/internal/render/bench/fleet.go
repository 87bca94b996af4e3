package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fleet is a repository of overlays.
type fleet struct {
	dir     string
	size    int
	changes int
}

func name(i int) string { return fmt.Sprintf("team-%05d", i) }

const kustomization = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../bases/istio/control-plane
transformers:
- tenant.yaml
sortOptions:
  order: legacy
`

const tenant = `apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: NAME
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: istio-tenancy
spec:
  controlPlane:
    namespace: mesh-NAME
  applicationNamespaces:
  - NAME
  admins:
  - kind: User
    name: ADMIN
`

// grow adds overlays until there are n.
func (f *fleet) grow(n int) error {
	for ; f.size < n; f.size++ {
		dir := filepath.Join(f.dir, "overlays", name(f.size))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
			return err
		}
		if err := f.write(f.size, "jo"); err != nil {
			return err
		}
	}
	return nil
}

// change gives the first tenant another administrator.
func (f *fleet) change() error {
	f.changes++
	return f.write(0, fmt.Sprintf("jane%d", f.changes))
}

func (f *fleet) write(i int, admin string) error {
	text := strings.NewReplacer("NAME", name(i), "ADMIN", admin).Replace(tenant)
	return os.WriteFile(filepath.Join(f.dir, "overlays", name(i), "tenant.yaml"), []byte(text), 0o600)
}
