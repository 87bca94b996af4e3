package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
	"github.com/istio-tenancy/istio-tenancy/plugin/tenant"
)

// functions say what a kind of configuration does, and where a kustomization
// lists it.
var functions = map[string]struct {
	field  string
	filter func(config []byte, warn func(string)) (kio.Filter, error)
}{
	v1alpha1.KindTenant: {"transformers", func(config []byte, warn func(string)) (kio.Filter, error) {
		t, err := v1alpha1.DecodeTenant(config)
		return tenant.Transformer{Tenant: t, Warn: warn}, err
	}},
	v1alpha1.KindRelease: {"generators", func(config []byte, _ func(string)) (kio.Filter, error) {
		r, err := v1alpha1.DecodeRelease(config)
		return release.Generator{Release: r}, err
	}},
}

// function runs what the ResourceList on stdin asks for. It writes nothing
// unless all went well.
func function(s Streams) error {
	data, err := io.ReadAll(s.In)
	if err != nil {
		return fmt.Errorf("stdin: %w", err)
	}
	list, err := readResourceList(data)
	if err != nil {
		return err
	}
	kinds := slices.Sorted(maps.Keys(functions))
	kind := list.config.GetKind()
	do, known := functions[kind]
	var wrong []error
	if !known {
		wrong = append(wrong, fmt.Errorf("%s: kind: found %s: must be %s%s",
			called(list.config), orNone(kind), strings.Join(kinds, " or "), suggest.Question(kind, kinds)))
	}
	if version := list.config.GetApiVersion(); version != v1alpha1.APIVersion {
		wrong = append(wrong, fmt.Errorf("%s: apiVersion: found %s: must be %s", called(list.config), orNone(version), v1alpha1.APIVersion))
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	config, err := list.config.String()
	if err != nil {
		return fmt.Errorf("functionConfig: %w", err)
	}
	filter, err := do.filter([]byte(config), s.warn)
	if err != nil {
		return err
	}
	if err := rightField(list, kind, do.field); err != nil {
		return err
	}
	name := kind + " " + list.config.GetName()
	items, err := filter.Filter(list.items)
	if err != nil {
		return diagnostic.InEachLine(name, err)
	}
	if len(items) == 0 {
		return fmt.Errorf("%s: no object is left of %d: must be at least one, because an empty output would delete the deployed objects", name, len(list.items))
	}
	return list.write(s.Out, items)
}

// called names a configuration as far as it does so itself.
func called(config *yaml.RNode) string {
	name := "functionConfig"
	if more := strings.TrimSpace(config.GetKind() + " " + config.GetName()); more != "" {
		name += " " + more
	}
	return name
}

// rightField refuses a configuration that is listed where it does not belong:
// kustomize gives a generator its own configuration as the only object, and a
// transformer every object but that.
func rightField(list resourceList, kind, field string) error {
	self := object.IDOf(list.config)
	isSelf := func(o *yaml.RNode) bool { return object.IDOf(o) == self }
	isOther := func(o *yaml.RNode) bool { return !isSelf(o) }
	wrong := map[string]func(*yaml.RNode) bool{"transformers": isSelf, "generators": isOther}
	if !slices.ContainsFunc(list.items, wrong[field]) {
		return nil
	}
	reason := ""
	if field == "transformers" && len(list.items) == 1 { // which is how kustomize says "nothing", too
		reason = ", or the kustomization has no resources"
	}
	return fmt.Errorf("%s %s: is listed in the wrong place%s: must be under %s of the kustomization, and nowhere else",
		kind, list.config.GetName(), reason, field)
}

func orNone(word string) string {
	if word == "" {
		return "(none)"
	}
	return word
}
