package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/commonbase"
)

// locate finds the base and the schema, as seen from the directory.
func (o *overlay) locate() error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("%s: exists already: must be a new directory", o.dir)
	}
	o.Schema, err = schemaURL(v1alpha1.KindTenant)
	if err != nil {
		return err
	}
	checkout := checkoutAround(dir)
	if file := filepath.Join(checkout, "plugin/api/v1alpha1/istiotenant.schema.json"); checkout != "" && isFile(file) {
		if o.Schema, err = filepath.Rel(dir, file); err != nil {
			return err
		}
	}
	base := o.base
	switch {
	case base == "" && checkout == "":
		return fmt.Errorf("%s: is in no repository that has %s: start one with %s init platform --tenant NAME --admin KIND:NAME, "+
			"or name a base with --base", o.dir, sharedBase, program)
	case base == "" && o.Shared():
		base = filepath.Join(checkout, withoutControlPlane)
	case base == "":
		base = filepath.Join(checkout, sharedBase)
	case isRemote(base):
		o.Base = base
		return nil
	}
	if _, err := os.Stat(filepath.Join(base, "kustomization.yaml")); err != nil {
		return fmt.Errorf("--base: %s has no kustomization.yaml: must be a base's directory or URL", base)
	}
	if file, found := commonbase.In(base); file != "" {
		return fmt.Errorf("--base: %s is a common base, which is deployed once per cluster, since %s is in %s: must be a base with a control plane%s",
			base, found, file, besideCommon(base))
	}
	if base, err = filepath.Abs(base); err != nil {
		return err
	}
	o.Base, err = filepath.Rel(dir, base)
	return err
}

// besideCommon names the base of a control plane, where one is beside a common base.
func besideCommon(base string) string {
	beside := filepath.Join(base, "..", filepath.Base(sharedBase))
	if _, err := os.Stat(filepath.Join(beside, "kustomization.yaml")); err != nil {
		return ""
	}
	return ", such as " + beside
}

const (
	sharedBase = "bases/istio/control-plane"
	// withoutControlPlane is for tenants that share another's.
	withoutControlPlane = "bases/istio/shared"
)

// checkoutAround is the closest directory above dir that has the shared base, or "".
func checkoutAround(dir string) string {
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		if _, err := os.Stat(filepath.Join(parent, sharedBase, "kustomization.yaml")); err == nil {
			return parent
		}
	}
	return ""
}

// isRemote says whether kustomize would fetch a base instead of reading a directory.
func isRemote(base string) bool {
	return strings.Contains(base, "://") || strings.Contains(base, "?ref=") || strings.HasPrefix(base, "git@") ||
		strings.HasPrefix(base, "github.com/")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// schemaURL is the address of the JSON schema of a kind.
func schemaURL(kind string) (string, error) {
	text, err := v1alpha1.Schema(kind)
	if err != nil {
		return "", err
	}
	var schema struct {
		ID string `json:"$id"`
	}
	err = json.Unmarshal(text, &schema)
	return schema.ID, err
}
