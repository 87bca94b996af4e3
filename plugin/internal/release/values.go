package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release/meshconfig"
)

// owned are the values that a base does not set, because something else does.
// A value also counts where the charts copy it from: Istio's zzz_profile.yaml
// flattens "global", zzy_descope_legacy.yaml flattens "pilot".
var owned = []struct {
	parts []v1alpha1.Part // none: all
	value string
	only  string // owned with this value only; empty: with any
	owner string
}{
	{value: "revision", owner: ofTenant("controlPlane.revision") + ", or spec.revision of the IstioRelease for a tenant with several control planes"},
	{value: "global.istioNamespace", owner: ofTenant("controlPlane.namespace")},
	{value: "global.resourceScope", owner: "spec.part of the IstioRelease says what to render"},
	{value: "defaultRevision", owner: "a default revision would validate every tenant's configuration"},
	{value: "hub", owner: "set spec.hub of the IstioRelease"},
	{value: "tag", owner: "set spec.tag of the IstioRelease"},

	{parts: controlPlane, value: "revisionTags", owner: "a tag's webhook matches every tenant's namespaces; use the revision, " + ofTenant("controlPlane.revision")},
	{parts: controlPlane, value: "meshConfig.rootNamespace", owner: ofTenant("controlPlane.namespace")},
	{parts: controlPlane, value: "meshConfig.trustDomain", owner: ofTenant("controlPlane.trustDomain")},
	{parts: controlPlane, value: "meshConfig.discoverySelectors", owner: ofTenant("applicationNamespaces")},
	{parts: controlPlane, value: "meshConfig.defaultConfig.discoveryAddress", owner: ofTenant("controlPlane")},
	{parts: controlPlane, value: "env.ISTIO_WATCH_NAMESPACE", owner: ofTenant("discovery")},
	{parts: controlPlane, value: "env.PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER", owner: "gateway classes are the cluster administrator's"},
	{parts: controlPlane, value: "env." + istio.GatewayClassVariable, owner: "every tenant has a class of its own, called after it"},
	{parts: controlPlane, value: "env." + istio.GatewayControllerVariable, owner: "every tenant has a controller's name of its own"},
	{parts: controlPlane, value: "env.PILOT_SCOPE_GATEWAY_TO_NAMESPACE", owner: "every IstioTenant scopes gateways to their namespace"},
	{parts: controlPlane, value: "env.CA_TRUSTED_NODE_ACCOUNTS", owner: "no tenant trusts accounts of the cluster's nodes"},
	{parts: controlPlane, value: "profile", only: "ambient", owner: noAmbient},
	{parts: controlPlane, value: "profile", only: "remote", owner: noRemote},
	{parts: controlPlane, value: "istiodRemote.enabled", only: "true", owner: noRemote},
	{parts: controlPlane, value: "env.PILOT_ENABLE_AMBIENT", only: "true", owner: noAmbient},
}

// copiedFrom is where a value may be, too: the charts copy it to the top level.
var copiedFrom = []string{"", "global.", "pilot.", "pilot.global."}

var controlPlane = []v1alpha1.Part{v1alpha1.PartControlPlane}

const (
	noAmbient = "ambient does not work with several control planes in a cluster"
	noRemote  = "a tenant runs its own control plane"
)

func ofTenant(field string) string { return "set spec." + field + " of the IstioTenant" }

// check returns one error per field that is wrong.
func check(spec v1alpha1.ReleaseSpec) error {
	if isMarker(spec.Part) {
		return checkMarker(spec)
	}
	src, ok := sources[spec.Part]
	if !ok {
		return fmt.Errorf("spec.part: found %q; want %s", spec.Part, parts)
	}
	defaults, err := src.of(Options{}).Defaults()
	if err != nil {
		return err
	}
	errs := slices.Concat(checkNamespace(spec), checkRevision(spec), checkImages(spec), checkAPIProxy(spec))
	for _, o := range owned {
		if len(o.parts) > 0 && !slices.Contains(o.parts, spec.Part) {
			continue
		}
		for _, prefix := range copiedFrom {
			field := prefix + o.value
			found, ok := lookup(spec.Values, field)
			if ok && (o.only == "" || o.only == fmt.Sprint(found)) {
				errs = append(errs, fmt.Errorf("spec.values.%s: found %s; %s", field, inline(found), o.owner))
			}
		}
	}
	errs = append(errs, checkMesh(spec)...)
	repeated, err := checkEnvironment(spec)
	if err != nil {
		return err
	}
	errs = append(errs, repeated...)
	errs = append(errs, src.mistakes(string(spec.Part), spec.Values, defaults)...)
	return errors.Join(errs...)
}

// checkMarker refuses what would change nothing where no chart is rendered.
func checkMarker(spec v1alpha1.ReleaseSpec) error {
	errs := slices.Concat(checkNamespace(spec), checkRevision(spec), checkAPIProxy(spec))
	of := fmt.Sprintf("part %s renders nothing of Istio; set it in the IstioRelease of part %s", spec.Part, v1alpha1.PartControlPlane)
	if _, err := semver.NewVersion(spec.Tag); spec.Tag != "" && err != nil {
		errs = append(errs, fmt.Errorf("spec.tag: found %q; for part %s it is the version of the tenant's control plane, such as %q", spec.Tag, spec.Part, Version))
	}
	if spec.Hub != "" {
		errs = append(errs, fmt.Errorf("spec.hub: found %q; %s", spec.Hub, of))
	}
	if len(spec.Values) > 0 {
		errs = append(errs, fmt.Errorf("spec.values: found %s; %s", inline(spec.Values), of))
	}
	return errors.Join(errs...)
}

// checkMesh compares the mesh configuration to Istio's own schema. What is owned
// has been refused already.
func checkMesh(spec v1alpha1.ReleaseSpec) (errs []error) {
	if spec.Part != v1alpha1.PartControlPlane {
		return nil
	}
	for _, prefix := range copiedFrom {
		at := prefix + meshConfigValue
		value, _ := lookup(spec.Values, at)
		if mesh, ok := value.(map[string]any); ok {
			errs = append(errs, meshconfig.Check("spec.values."+at, mesh)...)
		}
	}
	return errs
}

// checkNamespace refuses a namespace where a tenant's file says it.
func checkNamespace(spec v1alpha1.ReleaseSpec) []error {
	if spec.Namespace == "" || spec.Part == v1alpha1.PartGateway {
		return nil
	}
	return []error{fmt.Errorf("spec.namespace: found %q; only part %s has one, and for part %s an IstioTenant states it; leave it out",
		spec.Namespace, v1alpha1.PartGateway, spec.Part)}
}

// checkRevision refuses a revision where there is no control plane, and Istio's own
// name for none.
func checkRevision(spec v1alpha1.ReleaseSpec) []error {
	switch {
	case spec.Revision == v1alpha1.UnnamedRevision:
		return []error{fmt.Errorf("spec.revision: found %q, which is how a tenant names the base without a revision: leave it out, or take another", spec.Revision)}
	case spec.Revision == "" || spec.Part == v1alpha1.PartControlPlane:
		return nil
	}
	return []error{fmt.Errorf("spec.revision: found %q; part %s has no control plane; set it in the IstioRelease of part %s",
		spec.Revision, spec.Part, v1alpha1.PartControlPlane)}
}

// checkImages refuses a hub and a tag where they would change nothing.
func checkImages(spec v1alpha1.ReleaseSpec) (errs []error) {
	reason := sources[spec.Part].noImage
	for _, f := range []struct{ name, value string }{{"hub", spec.Hub}, {"tag", spec.Tag}} {
		if f.value != "" && reason != "" {
			errs = append(errs, fmt.Errorf("spec.%s: found %q; %s", f.name, f.value, reason))
		}
	}
	return errs
}

// checkAPIProxy refuses an image that is none, and one where no control plane is.
func checkAPIProxy(spec v1alpha1.ReleaseSpec) []error {
	const field = "spec.apiProxy.image"
	if spec.APIProxy.Image == nil {
		return nil
	}
	image := *spec.APIProxy.Image
	if spec.Part != v1alpha1.PartControlPlane && spec.Part != v1alpha1.PartApplications {
		return []error{fmt.Errorf("%s: found %q; part %s has no control plane; set it in the IstioRelease of part %s",
			field, image, spec.Part, v1alpha1.PartControlPlane)}
	}
	if err := imageref.Check(image); err != nil {
		return []error{fmt.Errorf("%s: %w", field, err)}
	}
	return nil
}

func isOwned(name string) bool {
	for _, o := range owned {
		if o.value == name {
			return true
		}
	}
	return false
}

// lookup follows a dotted path.
func lookup(values map[string]any, path string) (any, bool) {
	head, rest, nested := strings.Cut(path, ".")
	value, ok := values[head]
	if !ok || !nested {
		return value, ok
	}
	child, _ := value.(map[string]any)
	return lookup(child, rest)
}

// inline is a value on one line, as JSON.
func inline(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	return string(text)
}
