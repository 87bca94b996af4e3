package release

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// free are mappings whose keys are the user's although the chart has some.
var free = []string{"labels", "networkGatewayPorts", "podAnnotations", "resources"}

// meshConfigValue is a mapping that has a schema of its own.
const meshConfigValue = "meshConfig"

// unlisted are keys without a default that the charts read, by the mapping
// that holds them. Source: templates of manifests/charts of istio/istio, 1.31.
var unlisted = map[string][]string{
	"base":    {"validationFailurePolicy"},
	"global":  {"agentgateway", "ipFamilies", "ipFamilyPolicy", "tracer", "trustBundleName", "trustDomain"},
	"pdb":     {"maxUnavailable"},
	"proxy":   {"capNetBindService", "holdApplicationUntilProxyStarts", "lifecycle", "variant"},
	"service": {"allocateLoadBalancerNodePorts", "internalTrafficPolicy", "loadBalancerClass"},
}

// mistakes compares values to the chart's defaults: a key that the chart does
// not know is wrong at the top level, and below it where it looks like another;
// a value of another type than the default is wrong. An empty default says
// nothing.
func (s source) mistakes(part string, values, defaults map[string]any) (errs []error) {
	known := slices.Concat(slices.Collect(maps.Keys(defaults)), profiles, s.unlisted)
	all := maps.Clone(defaults)
	// The charts copy what is below these to the top level.
	global, _ := defaults["global"].(map[string]any)
	all["global"] = merged(defaults, global)
	if slices.Contains(s.unlisted, "pilot") {
		all["pilot"] = defaults
	}
	slices.Sort(known)

	var compare func(path string, value, byDefault any)
	within := func(path string, value, byDefault map[string]any) {
		name := path[strings.LastIndexByte(path, '.')+1:]
		if name == meshConfigValue {
			return // checkMesh knows better
		}
		names := slices.Concat(slices.Sorted(maps.Keys(byDefault)), unlisted[name])
		if name == "global" || name == "pilot" {
			names = append(names, known...)
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			meant := suggest.Question(key, names)
			if d, found := byDefault[key]; found {
				compare(path+"."+key, value[key], d)
			} else if meant != "" && !slices.Contains(names, key) && !slices.Contains(free, name) {
				errs = append(errs, fmt.Errorf("%s.%s: no value of the %s chart%s", path, key, part, meant))
			}
		}
	}
	compare = func(path string, value, byDefault any) {
		mapping, isMapping := value.(map[string]any)
		want, nested := byDefault.(map[string]any)
		if nested && isMapping {
			within(path, mapping, want)
			return
		}
		if right := expected(byDefault); value != nil && right.accepts != nil && !right.accepts(value) {
			errs = append(errs, fmt.Errorf("%s: found %s; must be %s", path, inline(value), right.name))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at := "spec.values." + key
		if d, found := all[key]; found {
			compare(at, values[key], d)
		} else if !slices.Contains(known, key) && !isOwned(key) {
			errs = append(errs, fmt.Errorf("%s: no value of the %s chart%s", at, part, suggest.Question(key, known)))
		}
	}
	return errs
}

func merged(a, b map[string]any) map[string]any {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// shape is a type of value.
type shape struct {
	name    string
	accepts func(any) bool // nil: anything
}

// number matches numbers, also those that Kubernetes takes as a percentage.
var number = regexp.MustCompile(`^\d+(\.\d+)?%?$`)

// expected is the shape of a default's value. Where the templates write it, a
// number may be in quotes, and a text without.
func expected(byDefault any) shape {
	isMapping := func(v any) bool { _, ok := v.(map[string]any); return ok }
	isList := func(v any) bool { _, ok := v.([]any); return ok }
	isBool := func(v any) bool { _, ok := v.(bool); return ok }
	isScalar := func(v any) bool { return !isMapping(v) && !isList(v) }
	switch d := byDefault.(type) {
	case nil:
		return shape{}
	case map[string]any:
		if len(d) == 0 {
			return shape{}
		}
		return shape{"a mapping", isMapping}
	case []any:
		return shape{"a list", isList}
	case bool:
		return shape{"true or false", isBool}
	case string:
		return shape{"a text", isScalar}
	}
	return shape{"a number", func(v any) bool {
		text, quoted := v.(string)
		return isScalar(v) && !isBool(v) && (!quoted || number.MatchString(text))
	}}
}
