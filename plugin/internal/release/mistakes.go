package release

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// free are mappings whose keys are the user's although the chart has some; so
// are those of mappings that are empty in the chart.
var free = []string{"defaultResources", "labels", "networkGatewayPorts", "podAnnotations", "resources"}

// ofTexts are mappings whose values the charts write as they are where
// Kubernetes wants a text.
var ofTexts = []string{
	"annotations", "deploymentAnnotations", "deploymentLabels", "env", "injectedAnnotations", "labels", "nodeSelector", "podAnnotations",
	"podLabels", "selectorLabels", "serviceAccountAnnotations", "serviceAnnotations", "sidecarInjectorWebhookAnnotations",
}

// numberOrNothing is a number although its default is an empty mapping.
const numberOrNothing = "targetMemoryUtilizationPercentage"

// meshConfigValue is a mapping that has a schema of its own.
const meshConfigValue = "meshConfig"

// unlisted are keys without a default that the charts read, by the mapping
// that holds them. Source: templates of manifests/charts of istio/istio, 1.31.
var unlisted = map[string][]string{
	"base": {"validationCABundle", "validationFailurePolicy", "validationURL"},
	// Istio's own profiles set these for all charts.
	"gateways": {"istio-egressgateway", "istio-ingressgateway"},
	"global":   {"agentgateway", "ipFamilies", "ipFamilyPolicy", "tracer", "trustBundleName", "trustDomain"},
	"pdb":      {"maxUnavailable"},
	"proxy":    {"capNetBindService", "holdApplicationUntilProxyStarts", "lifecycle", "variant"},
	"service":  {"allocateLoadBalancerNodePorts", "internalTrafficPolicy", "loadBalancerClass"},
}

// mistakes compares values to the chart's defaults: a key that the chart does
// not know is wrong, unless the mapping is free; so is a value of another type
// than the default.
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
		if slices.Contains(ofTexts, name) {
			errs = append(errs, notTexts(path, value)...)
			return
		}
		isFree := len(byDefault) == 0 || slices.ContainsFunc(strings.Split(path, "."), func(s string) bool { return slices.Contains(free, s) })
		names := slices.Concat(slices.Sorted(maps.Keys(byDefault)), unlisted[name])
		if name == "global" || name == "pilot" {
			names = append(names, known...)
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if d, found := byDefault[key]; found {
				compare(path+"."+key, value[key], d)
			} else if !isFree && !slices.Contains(names, key) && !(name == "global" && readByTemplate(values, key)) {
				errs = append(errs, fmt.Errorf("%s.%s: no value of the %s chart%s", path, key, part, suggest.Question(key, names)))
			}
		}
	}
	compare = func(path string, value, byDefault any) {
		mapping, isMapping := value.(map[string]any)
		want, nested := byDefault.(map[string]any)
		if strings.HasSuffix(path, "."+numberOrNothing) && !isMapping {
			byDefault = 0
		}
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

// notTexts returns an error for each value of a mapping that is no text, number
// or boolean.
func notTexts(path string, value map[string]any) (errs []error) {
	for _, key := range slices.Sorted(maps.Keys(value)) {
		switch value[key].(type) {
		case map[string]any, []any:
			errs = append(errs, fmt.Errorf("%s.%s: found %s; must be a text", path, key, inline(value[key])))
		}
	}
	return errs
}

// readByTemplate says whether an injection template of the user's own reads a
// value below global: that is what such a value may be for.
func readByTemplate(values map[string]any, key string) bool {
	for _, prefix := range copiedFrom {
		if templates, ok := lookup(values, prefix+"sidecarInjectorWebhook.templates"); ok && strings.Contains(inline(templates), "global."+key) {
			return true
		}
	}
	return false
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
	switch byDefault.(type) {
	case nil:
		return shape{}
	case map[string]any:
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
