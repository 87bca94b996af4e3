package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// asleep is for the end of a kustomization: the machine of a test has no room for
// hundreds of control planes. All other objects are what is shipped.
const asleep = `patches:
- target: {kind: Deployment, name: istiod}
  patch: |
    - {op: add, path: /spec/replicas, value: 0}
`

// Sleep gives the shipped tenants no Pods.
func (w *World) Sleep() error {
	for _, name := range tenants {
		if err := w.source.Add(name, asleep); err != nil {
			return err
		}
	}
	return nil
}

// Grow adds tenants, as docs/render.md says, until there are as many, and returns the names
// of those that it has added. They have no Pods, and there are repositories of their
// applications, which hold nothing.
func (w *World) Grow(to int) (added []string, err error) {
	have, err := os.ReadDir(filepath.Join(w.source.Dir, "overlays"))
	if err != nil {
		return nil, err
	}
	for i := len(have); i < to; i++ {
		name := fmt.Sprintf("team-%03d", i)
		if err := w.source.CopyTenant("sales", name, "istio-system1", "istio-"+name, "ns-1", name+"-apps", "sales", name); err != nil {
			return nil, err
		}
		// All are one, of the shipped tenant.
		if err := w.Applications["sales"].serveAs(name + "/applications"); err != nil {
			return nil, err
		}
		added = append(added, name)
	}
	return added, nil
}

// Quota gives the tenant sales another quota: a change of one tenant, by one object of one field.
func (w *World) Quota(pods int) error {
	file := "overlays/sales/tenant.yaml"
	text, err := w.Platform.Read(file)
	if err != nil {
		return err
	}
	text, _, _ = strings.Cut(text, "  quota:")
	return os.WriteFile(filepath.Join(w.source.Dir, file), []byte(fmt.Sprintf("%s  quota: {pods: \"%d\"}\n", text, pods)), 0o644)
}

// HasQuota says whether the cluster has it.
func (w *World) HasQuota(pods int) error {
	all, err := w.Node.Cluster.Admin.Items("/api/v1/namespaces/ns-1/resourcequotas")
	if err != nil {
		return err
	}
	for _, quota := range all {
		if strings.Contains(fmt.Sprint(quota.Object["spec"]), fmt.Sprintf("pods:%d]", pods)) {
			return nil
		}
	}
	return fmt.Errorf("ns-1 has no quota of %d Pods", pods)
}
