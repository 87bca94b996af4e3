package render

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// checkLaid refuses an output that no cluster should see: one that names the
// base's placeholder namespace, wherever it does, or that holds a configuration
// of this program. kustomize prints both with exit code 0 if a tenant is not
// listed where it should be. What has neither, such as the common base,
// needs no tenant.
func checkLaid(overlayDir string, text []byte) error {
	if !bytes.Contains(text, []byte(v1alpha1.BaseNamespace)) && !bytes.Contains(text, []byte("\napiVersion: "+v1alpha1.APIVersion+"\n")) &&
		!bytes.HasPrefix(text, []byte("apiVersion: "+v1alpha1.APIVersion+"\n")) {
		return nil
	}
	objects, err := strictyaml.Objects(text)
	if err != nil {
		return err
	}
	var left []string // objects, and the first field of each
	var errs []error
	for _, o := range objects {
		if o.GetApiVersion() == v1alpha1.APIVersion {
			errs = append(errs, fmt.Errorf("%s: is printed as an object, and no cluster has this kind: %s", object.IDOf(o), rightPlace(o.GetKind())))
			continue
		}
		if at := fieldWith(o.YNode(), v1alpha1.BaseNamespace, ""); at != "" {
			left = append(left, fmt.Sprintf("%s: %s", object.IDOf(o), at))
		}
	}
	if len(errs) == 0 && len(left) == 0 {
		return nil // in a comment, or within a text that holds YAML
	}
	if len(left) > 0 {
		more := ""
		if n := len(left) - 1; n > 0 {
			more = fmt.Sprintf(", as %s do", count(n, "other object"))
			if n == 1 {
				more = ", as 1 other object does"
			}
		}
		errs = append(errs, fmt.Errorf("%s: holds %s, which a base has until a tenant is laid over it%s: %s",
			left[0], v1alpha1.BaseNamespace, more, whyNotLaid(overlayDir)))
	}
	return errors.Join(errs...)
}

// rightPlace says where a configuration of a kind belongs.
func rightPlace(kind string) string {
	field := "transformers"
	if kind == v1alpha1.KindRelease {
		field = "generators"
	}
	return "list its file under " + field + " of the kustomization, not under resources"
}

// fieldWith is the path of the first field whose key or value holds word, or "".
func fieldWith(n *yaml.Node, word, path string) string {
	switch n.Kind {
	case yaml.ScalarNode:
		if strings.Contains(n.Value, word) {
			return path
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			if at := fieldWith(e, word, path+"["+strconv.Itoa(i)+"]"); at != "" {
				return at
			}
		}
	case yaml.MappingNode:
		for i, e := range n.Content {
			at := strings.TrimPrefix(path+"."+n.Content[i-i%2].Value, ".")
			if at = fieldWith(e, word, at); at != "" {
				return at
			}
		}
	}
	return ""
}

// whyNotLaid is the likely reason why an overlay's base kept its placeholder,
// and what to write.
func whyNotLaid(dir string) string {
	const write = "must list a file with an IstioTenant, such as: transformers: [tenant.yaml]"
	k, name := kustomizationOf(dir)
	if k == nil {
		return "the kustomization " + write
	}
	if listed := slices.DeleteFunc(slices.Clone(k.Resources), func(r string) bool { return !holdsTenant(dir, r) }); len(listed) > 0 {
		return fmt.Sprintf("%s lists %s under resources: move it to transformers", name, listed[0])
	}
	if len(k.Transformers) == 0 {
		return name + " has no transformers: it " + write
	}
	if !slices.ContainsFunc(k.Transformers, func(t string) bool { return holdsTenant(dir, t) }) {
		for _, t := range k.Transformers {
			if text, err := readRegular(filepath.Join(dir, t)); err == nil && isEmpty(text) {
				return fmt.Sprintf("%s is empty: must hold an IstioTenant, which istio-tenancy new writes", t)
			}
		}
		return fmt.Sprintf("%s lists no IstioTenant under transformers: it %s", name, write)
	}
	return "something adds it after the tenant is laid: list resources, components and patches that name it in the kustomization " +
		"that lists the tenant, which is laid last"
}

// kustomizationOf is a directory's kustomization, and the name of its file; nil,
// if it cannot be read.
func kustomizationOf(dir string) (*types.Kustomization, string) {
	name := kustomizationIn(dir)
	text, err := readConfiguration(filepath.Join(dir, name))
	var k types.Kustomization
	if err != nil || k.Unmarshal(text) != nil {
		return nil, name
	}
	k.FixKustomization()
	return &k, name
}

// holdsTenant says whether a file's text, or text that stands in its place, has
// an IstioTenant, a good one or not.
func holdsTenant(dir, name string) bool {
	text, err := readConfiguration(filepath.Join(dir, name))
	if err != nil {
		text = []byte(name)
	}
	objects, err := strictyaml.Objects(text)
	return err == nil && slices.ContainsFunc(objects, func(o *yaml.RNode) bool { return o.GetKind() == v1alpha1.KindTenant })
}

// isEmpty says whether text has nothing but comments and separators.
func isEmpty(text []byte) bool {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line != "---" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}
