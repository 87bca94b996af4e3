package scope

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// variable is an environment variable that a tenant's istiod or proxy needs.
type variable struct {
	name  string
	value func(Filter) string
	// when says whether a plan needs it; nil is always.
	when func(discovery.Plan) bool
	// onlyIfSet leaves containers alone that do not have it.
	onlyIfSet bool
	// list says that it is a comma list, which keeps what a base has in it.
	list bool
}

func fixed(value string) func(Filter) string { return func(Filter) string { return value } }

// istiodVariables are set on istiod. Sources: pilot/pkg/features of the
// versions named.
var istiodVariables = []variable{
	// The informers of istiod are limited to this namespace, so that it needs no right elsewhere.
	{
		name:  "ISTIO_WATCH_NAMESPACE",
		value: func(f Filter) string { return f.Plan.Watch[0] },
		when:  func(p discovery.Plan) bool { return p.Dialect == v1alpha1.DiscoveryNamespace },
	},
	// Without it, discoverySelectors up to 1.21 select services only, not Istio's configuration.
	{
		name:  "ENABLE_ENHANCED_RESOURCE_SCOPING",
		value: fixed("true"),
		when: func(p discovery.Plan) bool {
			return p.Selects && p.Before("1.22")
		},
	},
	// GatewayClasses exist once per cluster: they are the cluster administrator's.
	{name: "PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER", value: fixed("false"), when: discovery.Plan.Revisions},
	// A Gateway configures the proxies of its own namespace, and borrows no others.
	{name: "PILOT_SCOPE_GATEWAY_TO_NAMESPACE", value: fixed("true"), when: discovery.Plan.Revisions},
	// istiod fetches the keys of a RequestAuthentication from any URL, and its debug port trusts its own Pod:
	// http://127.0.0.1:8080/debug/krtz holds the CA's key. Known to 1.28.6 and later (CVE-2026-41413).
	{
		name:  "BLOCKED_CIDRS_IN_JWKS_URIS",
		value: fixed("0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,::/127,fe80::/10,fd00:ec2::254/128"),
		when:  discovery.Plan.Revisions, list: true,
	},
	// Earlier ones have no debug port instead: there, no namespace is asked for a token.
	{
		name: "ENABLE_DEBUG_ON_HTTP", value: fixed("false"),
		when: func(p discovery.Plan) bool { return p.Revisions() && p.Before("1.29") },
	},
	// Node proxies that may ask for any workload's certificate: a tenant has none.
	{name: "CA_TRUSTED_NODE_ACCOUNTS", value: fixed(""), onlyIfSet: true},
}

// proxyVariables are set on proxies that a base or an overlay deploys, such as
// gateways. An application may have variables of these names for itself.
var proxyVariables = []variable{
	{name: "TRUST_DOMAIN", value: trustDomain, onlyIfSet: true},
	{name: "ISTIO_META_MESH_ID", value: trustDomain, onlyIfSet: true},
}

func trustDomain(f Filter) string { return f.Tenant.Spec.ControlPlane.TrustDomain }

func (f Filter) environment(plane controlplane.ControlPlane, objects []*yaml.RNode) error {
	if err := f.setVariables(plane.Container, istiodVariables); err != nil {
		return fmt.Errorf("%s: %w", object.IDOf(plane.Deployment), err)
	}
	for _, o := range objects {
		for _, c := range object.List(o, "spec", "template", "spec", "containers") {
			if !isProxy(c) {
				continue
			}
			if err := f.setVariables(c, proxyVariables); err != nil {
				return fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
		}
	}
	return nil
}

// proxyImages are the images of Istio's proxy, without registry and tag, since
// 0.7; proxyContainer is what every version calls its container.
var proxyImages = []string{"proxy", "proxy_debug", "proxyv2", "proxyv2-debug"}

const proxyContainer = "istio-proxy"

func isProxy(container *yaml.RNode) bool {
	image, _, _ := strings.Cut(object.String(container, "image"), "@")
	dirs := strings.Split(image, "/")
	image, _, _ = strings.Cut(dirs[len(dirs)-1], ":")
	istios := slices.Contains(proxyImages, image) && (len(dirs) > 1 && dirs[len(dirs)-2] == "istio" || image != "proxy")
	return istios || object.String(container, "name") == proxyContainer
}

func (f Filter) setVariables(container *yaml.RNode, variables []variable) error {
	for _, v := range variables {
		if v.when != nil && !v.when(f.Plan) {
			continue
		}
		existing, err := container.Pipe(yaml.Lookup("env", "[name="+v.name+"]"))
		if err != nil {
			return err
		}
		if v.onlyIfSet && existing == nil {
			continue
		}
		text := v.value(f)
		if v.list && existing != nil {
			text = union(object.String(existing, "value"), text)
		}
		value := yaml.NewStringRNode(text)
		value.YNode().Style = yaml.DoubleQuotedStyle
		if err := container.PipeE(
			yaml.LookupCreate(yaml.MappingNode, "env", "[name="+v.name+"]"),
			yaml.Tee(yaml.Clear("valueFrom")),
			yaml.SetField("value", value)); err != nil {
			return fmt.Errorf("env %s: %w", v.name, err)
		}
	}
	return nil
}

// union joins comma lists, without repetitions.
func union(lists ...string) string {
	var all []string
	for _, list := range lists {
		for _, one := range strings.Split(list, ",") {
			if one != "" && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return strings.Join(all, ",")
}
